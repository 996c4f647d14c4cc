/**
 * Whether somebody may do something to at least one resource of a type, existing or not: Kafka's
 * `authorizeByResourceType`, as `StandardAuthorizer` has it. It looks at every entry there is, as Kafka's does.
 */
import { byText } from "../../std/immutable-map.ts";
import type { AccessControlEntryRecord } from "../../protocol/index.ts";
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclsImage,
} from "../image/acls-image.ts";
import type { Access, AuthorizationResult, AuthorizerSettings } from "./access.ts";
import { isInHostRange } from "./host-range.ts";
import { WILDCARD } from "./matching-patterns.ts";
import { authorize, principalsOf } from "./standard-authorizer.ts";

/** Kafka first asks about a resource of this name: so super users are let in, and who needs no entry. */
const PROBE = "hardcode";

/** What the entries for this principal, host and operation name. */
interface Named {
  readonly allowedNames: Set<string>;
  readonly allowedPrefixes: Set<string>;
  readonly deniedNames: Set<string>;
  readonly deniedPrefixes: Set<string>;
}

export function authorizeByResourceType(
  acls: AclsImage,
  access: Omit<Access, "resourceName">,
  settings: AuthorizerSettings,
): AuthorizationResult {
  const probed = authorize(acls, { ...access, resourceName: PROBE }, settings);
  if (probed.result === "ALLOWED") return "ALLOWED";
  const { allowedNames, allowedPrefixes, deniedNames, deniedPrefixes } = named(acls, access);
  if (deniedNames.has(WILDCARD)) return "DENIED";
  if (allowedNames.has(WILDCARD)) return "ALLOWED";
  const isDenied = startsWithOneOf(deniedPrefixes);
  const isAnyLeft =
    [...allowedNames].some((name) => !deniedNames.has(name) && !isDenied(name)) ||
    [...allowedPrefixes].some((prefix) => !isDenied(prefix));
  return isAnyLeft ? "ALLOWED" : "DENIED";
}

function named(acls: AclsImage, access: Omit<Access, "resourceName">): Named {
  const found: Named = {
    allowedNames: new Set(),
    allowedPrefixes: new Set(),
    deniedNames: new Set(),
    deniedPrefixes: new Set(),
  };
  const principals = principalsOf(access);
  const operation = ACL_OPERATION[access.operation];
  const resourceType = ACL_RESOURCE[access.resourceType];
  for (const [, acl] of acls.byId) {
    if (acl.resourceType !== resourceType || !principals.has(acl.principal)) continue;
    // What other operations imply does not count here.
    if (acl.operation !== operation && acl.operation !== ACL_OPERATION.ALL) continue;
    const names = namesIn(found, acl);
    if (names !== null && isFrom(access.host, acl)) names.add(acl.resourceName);
  }
  return found;
}

/** Where an entry's name belongs; null where Kafka passes over it. */
function namesIn(
  found: Named,
  { patternType, permissionType }: AccessControlEntryRecord,
): Set<string> | null {
  const isPrefix = patternType === ACL_PATTERN.PREFIXED;
  if (!isPrefix && patternType !== ACL_PATTERN.LITERAL) return null;
  switch (permissionType) {
    case ACL_PERMISSION.ALLOW:
      return isPrefix ? found.allowedPrefixes : found.allowedNames;
    case ACL_PERMISSION.DENY:
      return isPrefix ? found.deniedPrefixes : found.deniedNames;
    default:
      return null;
  }
}

/** From a place that nobody knows, what is for one place is refused, and not allowed. */
const isFrom = (host: string | null, acl: AccessControlEntryRecord): boolean =>
  acl.host === WILDCARD ||
  (host === null
    ? acl.permissionType === ACL_PERMISSION.DENY
    : acl.host === host || isInHostRange(host, acl.host));

/** Whether a text starts with one of these, the empty one left out as in Kafka. */
function startsWithOneOf(prefixes: ReadonlySet<string>): (text: string) => boolean {
  const shortest: string[] = [];
  // In order, what starts with a prefix comes right after it.
  for (const prefix of [...prefixes].toSorted(byText)) {
    const last = shortest.at(-1);
    if (prefix !== "" && (last === undefined || !prefix.startsWith(last))) shortest.push(prefix);
  }
  return (text) => {
    let low = 0;
    let high = shortest.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byText(shortest[middle] ?? "", text) <= 0) low = middle + 1;
      else high = middle;
    }
    const candidate = shortest[low - 1];
    return candidate !== undefined && text.startsWith(candidate);
  };
}
