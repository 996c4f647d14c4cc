/**
 * Access control entries by id (KIP-801). Nothing here decides who may do what.
 */
import { assert } from "../../std/assert.ts";
import { ImmutableMap } from "../../std/immutable-map.ts";
import type { AccessControlEntryRecord, Uuid } from "../../protocol/index.ts";
import { byUuid } from "./uuid-order.ts";

export type AclsImage = ImmutableMap<Uuid, AccessControlEntryRecord>;

export const NO_ACLS: AclsImage = ImmutableMap.empty(byUuid);

export const withAcl = (acls: AclsImage, record: AccessControlEntryRecord): AclsImage =>
  acls.set(record.id, record);

export function withoutAcl(acls: AclsImage, id: Uuid): AclsImage {
  assert(acls.has(id), `access control entry ${id} is removed but does not exist`);
  return acls.delete(id);
}
