/**
 * Access control entries by id, and in an order in which those about one resource stand together (KIP-801). Nothing
 * here decides who may do what (`../access/`).
 */
import { assert } from "../../std/assert.ts";
import { byText, ImmutableMap, type Compare } from "../../std/immutable-map.ts";
import type { AccessControlEntryRecord, Uuid } from "../../protocol/index.ts";
import { byUuid } from "./uuid-order.ts";

/** Kafka's numbers, in entries and requests. Those that only filters have (ANY, MATCH) are left out. */
export const ACL_RESOURCE = {
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const;

/** How an entry's name is meant (KIP-290). */
export const ACL_PATTERN = { LITERAL: 3, PREFIXED: 4 } as const;

export const ACL_OPERATION = {
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const;

export const ACL_PERMISSION = { DENY: 2, ALLOW: 3 } as const;

/** What the order looks at; of an entry, all but what it permits. */
export type AclKey = Pick<
  AccessControlEntryRecord,
  "resourceType" | "patternType" | "resourceName" | "principal" | "host" | "id"
>;

export interface AclsImage {
  readonly byId: ImmutableMap<Uuid, AccessControlEntryRecord>;
  /** The same entries, sorted by `byPattern`. */
  readonly byPattern: ImmutableMap<AclKey, AccessControlEntryRecord>;
}

/** 0 for an entry about one name, 1 for any other: Kafka reads them all as prefixes. */
export const patternKind = ({ patternType }: Pick<AclKey, "patternType">): number =>
  patternType === ACL_PATTERN.LITERAL ? 0 : 1;

/** Whether the host of an entry is meant as a range of addresses (KIP-1276), well written or not. */
export const isHostRange = (host: string): boolean => host.includes("/");

/**
 * By type, literal ones before prefixes, and names downwards: after a name come the prefixes of it, the longest first,
 * with others between them. Then by principal, hosts that are ranges of addresses last, and by host.
 */
export const byPattern: Compare<AclKey> = (a, b) =>
  a.resourceType - b.resourceType ||
  patternKind(a) - patternKind(b) ||
  byText(b.resourceName, a.resourceName) ||
  byText(a.principal, b.principal) ||
  Number(isHostRange(a.host)) - Number(isHostRange(b.host)) ||
  byText(a.host, b.host) ||
  byUuid(a.id, b.id);

export const NO_ACLS: AclsImage = {
  byId: ImmutableMap.empty(byUuid),
  byPattern: ImmutableMap.empty(byPattern),
};

/** With an entry; one that had its id is replaced. */
export function withAcl(acls: AclsImage, record: AccessControlEntryRecord): AclsImage {
  const before = acls.byId.get(record.id);
  const others = before === undefined ? acls.byPattern : acls.byPattern.delete(before);
  return { byId: acls.byId.set(record.id, record), byPattern: others.set(record, record) };
}

export function withoutAcl(acls: AclsImage, id: Uuid): AclsImage {
  const record = acls.byId.get(id);
  assert(record !== undefined, `access control entry ${id} is removed but does not exist`);
  return { byId: acls.byId.delete(id), byPattern: acls.byPattern.delete(record) };
}
