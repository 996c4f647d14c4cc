/**
 * Filters over access control entries, as DescribeAcls and DeleteAcls have them (KIP-140, KIP-290). Kafka:
 * `AclBindingFilter`.
 */
import type { AccessControlEntryRecord, DeleteAclsRequest } from "../../protocol/index.ts";
import { ACL_OPERATION, ACL_PATTERN, ACL_PERMISSION, ACL_RESOURCE } from "../image/acls-image.ts";
import { WILDCARD } from "./matching-patterns.ts";

/** A request to describe has the same fields. */
export type AclFilter = DeleteAclsRequest["filters"][number];

/** Whatever there is, in each of the four numbers. */
const ANY = 1;
/** Of a pattern: every one that is about the name, be it literal, the wildcard or a prefix. */
const MATCH = 2;

const isMeaning = (table: Readonly<Record<string, number>>, code: number): boolean =>
  code === ANY || Object.values(table).includes(code);

/** The words beside INVALID_REQUEST when a filter has a number that means nothing; null when each means something. */
export function unknownPart(filter: AclFilter): string | null {
  const { resourceTypeFilter, patternTypeFilter, operation, permissionType } = filter;
  const isPattern = patternTypeFilter === MATCH || isMeaning(ACL_PATTERN, patternTypeFilter);
  if (!isMeaning(ACL_RESOURCE, resourceTypeFilter) || !isPattern) return "Unknown patternFilter.";
  return isMeaning(ACL_OPERATION, operation) && isMeaning(ACL_PERMISSION, permissionType)
    ? null
    : "Unknown entryFilter.";
}

/** Whether an entry is one that a filter means. Without a name, a principal or a host it means all of them. */
export function isMeantBy(filter: AclFilter, entry: AccessControlEntryRecord): boolean {
  const { resourceTypeFilter, principalFilter, hostFilter, operation, permissionType } = filter;
  return (
    (resourceTypeFilter === ANY || resourceTypeFilter === entry.resourceType) &&
    (operation === ANY || operation === entry.operation) &&
    (permissionType === ANY || permissionType === entry.permissionType) &&
    (principalFilter === null || principalFilter === entry.principal) &&
    (hostFilter === null || hostFilter === entry.host) &&
    isPatternMeantBy(filter, entry)
  );
}

function isPatternMeantBy(
  { patternTypeFilter, resourceNameFilter: name }: AclFilter,
  { patternType, resourceName }: AccessControlEntryRecord,
): boolean {
  const isOfType = patternTypeFilter === patternType;
  if (!isOfType && patternTypeFilter !== ANY && patternTypeFilter !== MATCH) return false;
  if (name === null || name === resourceName) return true;
  if (patternTypeFilter !== MATCH) return false;
  return patternType === ACL_PATTERN.LITERAL
    ? resourceName === WILDCARD
    : patternType === ACL_PATTERN.PREFIXED && name.startsWith(resourceName);
}
