/**
 * Who may do what, as Kafka's `StandardAuthorizer` has it (KIP-801): a super user may; else an entry that denies beats
 * any that allow; and where no entry says anything the answer is no, unless the settings leave resources without
 * entries to everybody.
 */
import type { AccessControlEntryRecord } from "../../protocol/index.ts";
import {
  ACL_OPERATION,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclKey,
  type AclsImage,
} from "../image/acls-image.ts";
import type {
  Access,
  Asker,
  AuthorizationResult,
  AuthorizerSettings,
  Decision,
  Operation,
} from "./access.ts";
import { isInHostRange } from "./host-range.ts";
import {
  isOfPattern,
  keyBefore,
  matchingPatterns,
  WILDCARD,
  type Pattern,
} from "./matching-patterns.ts";

/** Entries for this principal are for everyone. */
const EVERYONE = "User:*";

/** Ranges of addresses come last among the hosts of a principal, and none that is one before this. */
const FIRST_RANGE = "/";

/** Which other operations bring an operation with them where they are allowed. What is denied brings nothing. */
const IMPLIED_BY: { readonly [Name in Operation]?: readonly Operation[] } = {
  DESCRIBE: ["READ", "WRITE", "DELETE", "ALTER"],
  DESCRIBE_CONFIGS: ["ALTER_CONFIGS"],
};

export function authorize(acls: AclsImage, access: Access, settings: AuthorizerSettings): Decision {
  const { type, name } = access.principal;
  if (settings.superUsers.has(`${type}:${name}`)) {
    return { result: "ALLOWED", rule: { kind: "super-user" } };
  }
  let allowing: AccessControlEntryRecord | null = null;
  let isUnmentioned = true;
  const resourceType = ACL_RESOURCE[access.resourceType];
  for (const pattern of matchingPatterns(acls, resourceType, access.resourceName)) {
    isUnmentioned = false;
    for (const acl of entriesFor(acls, pattern, access)) {
      const result = resultOf(acl, access);
      if (result === "DENIED") return { result, rule: { kind: "acl", acl } };
      if (result === "ALLOWED") allowing ??= acl;
    }
  }
  if (allowing !== null) return { result: "ALLOWED", rule: { kind: "acl", acl: allowing } };
  const isEverybodys = isUnmentioned && settings.allowEveryoneIfNoAclFound;
  return { result: isEverybodys ? "ALLOWED" : "DENIED", rule: { kind: "default" } };
}

/** The principals of entries that are for this one, as entries write them. */
export function principalsOf({ principal: { type, name } }: Asker): ReadonlySet<string> {
  // An entry's type ends at its first colon, so no entry is for a type that has one.
  return new Set(type.includes(":") ? [EVERYONE] : [`${type}:${name}`, EVERYONE]);
}

/** The entries of a pattern that are for this principal and, where it is known, this host. */
function* entriesFor(
  acls: AclsImage,
  pattern: Pattern,
  asker: Asker,
): Generator<AccessControlEntryRecord, void, undefined> {
  const { host } = asker;
  for (const principal of principalsOf(asker)) {
    const isTheirs = (acl: AclKey): boolean =>
      isOfPattern(acl, pattern) && acl.principal === principal;
    if (host === null) {
      yield* entriesFrom(acls, keyBefore(pattern, principal), isTheirs);
      continue;
    }
    for (const one of new Set([host, WILDCARD])) {
      const before = keyBefore(pattern, principal, one);
      yield* entriesFrom(acls, before, (acl) => acl.host === one && isTheirs(acl));
    }
    for (const acl of entriesFrom(acls, keyBefore(pattern, principal, FIRST_RANGE), isTheirs)) {
      if (isInHostRange(host, acl.host)) yield acl;
    }
  }
}

/** The entries from a key on, as long as they are such. */
function* entriesFrom(
  { byPattern }: AclsImage,
  before: AclKey,
  isSuch: (acl: AclKey) => boolean,
): Generator<AccessControlEntryRecord, void, undefined> {
  // Most looks find nothing, and finding nothing is cheaper than beginning to iterate.
  const [first] = byPattern.firstFrom(before) ?? [];
  if (first === undefined || !isSuch(first)) return;
  for (const [, acl] of byPattern.from(before)) {
    if (!isSuch(acl)) return;
    yield acl;
  }
}

/** What an entry says about an access to whose resource and principal it fits; null where it says nothing. */
function resultOf(
  acl: AccessControlEntryRecord,
  { host, operation }: Access,
): AuthorizationResult | null {
  const isMeant = acl.operation === ACL_OPERATION[operation] || acl.operation === ACL_OPERATION.ALL;
  if (acl.permissionType !== ACL_PERMISSION.ALLOW) return isMeant ? "DENIED" : null;
  // From a place that nobody knows, what is for one place is refused, and not allowed.
  if (host === null && acl.host !== WILDCARD) return null;
  const implying = IMPLIED_BY[operation] ?? [];
  const isImplied = implying.some((other) => acl.operation === ACL_OPERATION[other]);
  return isMeant || isImplied ? "ALLOWED" : null;
}
