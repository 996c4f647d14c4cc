/**
 * Access control entries and questions in a line each:
 *
 *     ALLOW User:alice READ TOPIC =orders             the topic "orders", from anywhere
 *     DENY User:* ALL GROUP ^team- from 10.0.0.1      every group whose name begins with "team-", from one host
 *     User:alice READ TOPIC orders from 10.0.0.1      a question; "from ?" where nobody knows
 */
import type { Access, Operation, ResourceType } from "../../../src/metadata/access/access.ts";
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  NO_ACLS,
  withAcl,
  type AclsImage,
} from "../../../src/metadata/image/acls-image.ts";
import type { AccessControlEntryRecord } from "../../../src/protocol/index.ts";
import { uuidOf } from "../record-streams.ts";

export type Entry = Omit<AccessControlEntryRecord, "id">;

const HERE = "10.0.0.1";

export function entry(line: string): Entry {
  const [permission = "", principal = "", operation = "", type = "", pattern = "", , host = "*"] =
    line.split(" ");
  return {
    permissionType: codeIn(ACL_PERMISSION, permission),
    principal,
    operation: codeIn(ACL_OPERATION, operation),
    resourceType: codeIn(ACL_RESOURCE, type),
    patternType: pattern.startsWith("^") ? ACL_PATTERN.PREFIXED : ACL_PATTERN.LITERAL,
    resourceName: pattern.slice(1),
    host,
  };
}

export function question(line: string): Access {
  const [principal = "", operation = "", type = "", resourceName = "", , host = HERE] =
    line.split(" ");
  const colon = principal.indexOf(":");
  if (!isOperation(operation) || !isResourceType(type)) throw new RangeError(line);
  return {
    principal: { type: principal.slice(0, colon), name: principal.slice(colon + 1) },
    operation,
    resourceType: type,
    resourceName,
    host: host === "?" ? null : host,
  };
}

export function imageOf(entries: Iterable<Entry>): AclsImage {
  let acls = NO_ACLS;
  let count = 0;
  for (const each of entries) acls = withAcl(acls, { ...each, id: uuidOf((count += 1)) });
  return acls;
}

const isOperation = (name: string): name is Operation =>
  name !== "ALL" && Object.hasOwn(ACL_OPERATION, name);
const isResourceType = (name: string): name is ResourceType => Object.hasOwn(ACL_RESOURCE, name);

function codeIn(table: Readonly<Record<string, number>>, name: string): number {
  const code = table[name];
  if (code === undefined) throw new RangeError(`no ${name}`);
  return code;
}

/** A filter that every entry meets (its numbers are Kafka's ANY). */
export const EVERY_ACL = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
} as const;
