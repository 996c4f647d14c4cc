/**
 * CreateAcls (KIP-140, KIP-801): access control entries are added, each by itself. One that is there already is not
 * written again. A name may be one that nothing has yet; a host may be a range of addresses (KIP-1276), and is
 * otherwise taken as it is.
 */
import {
  CreateAcls,
  ZERO_UUID,
  errorResponse,
  type CreateAclsRequest,
  type CreateAclsResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import { CLUSTER_NAME } from "../access/demands.ts";
import { hostRangeFault } from "../access/host-range.ts";
import { MV_HOST_RANGES, metadataVersionName } from "../features/levels.ts";
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  isHostRange,
  type AclKey,
  type AclsImage,
} from "../image/acls-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  EXCESSIVE_BATCH,
  NO_AUTHORIZER,
  NOTHING_SAID,
  apiError,
  type ApiError,
} from "./api-error.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { uniqueId } from "./unique-id.ts";

type Creation = CreateAclsRequest["creations"][number];

export const createAcls = operation(CreateAcls, { kind: "write", run });

function run(
  view: MetadataImage,
  request: CreateAclsRequest,
  context: ControlContext,
): ControlResult<CreateAclsResponse> {
  const { apiVersion, nextOffset, random, hasAuthorizer } = context;
  const refused = (error: ApiError): ControlResult<CreateAclsResponse> => ({
    records: [],
    response: errorResponse(CreateAcls, { body: request, apiVersion }, error),
  });
  if (!hasAuthorizer) return refused(NO_AUTHORIZER);
  const records: MetadataRecord[] = [];
  const written = new Set<string>();
  const results = request.creations.map((creation) => {
    const fault = faultOf(creation);
    if (fault !== null) return apiError("INVALID_REQUEST", fault);
    const unfit = hostError(creation.host, view.features.metadataVersion);
    if (unfit !== null) return unfit;
    const { resourcePatternType: patternType, ...rest } = creation;
    const entry = { ...rest, patternType };
    const text = JSON.stringify(Object.values(creation));
    if (isThere(view.acls, entry) || written.has(text)) return NOTHING_SAID;
    written.add(text);
    const id = uniqueId(random, nextOffset + records.length);
    records.push({ type: "ACCESS_CONTROL_ENTRY_RECORD", version: 0, data: { id, ...entry } });
    return NOTHING_SAID;
  });
  if (records.length > RECORDS_PER_OPERATION_MAX) return refused(EXCESSIVE_BATCH);
  return { records, response: { throttleTimeMs: 0, results } };
}

/** What is wrong with an entry that is to be, in Kafka's words and order; null if it can be. */
function faultOf(creation: Creation): string | null {
  const { resourceType, resourceName, resourcePatternType, principal } = creation;
  if (resourceType === ACL_RESOURCE.CLUSTER && resourceName !== CLUSTER_NAME) {
    return `The only valid name for the CLUSTER resource is ${CLUSTER_NAME}`;
  }
  if (resourceName === "") return "Invalid empty resource name";
  const numbers = [
    ["resourceType", resourceType, ACL_RESOURCE, { ANY: 1 }],
    ["patternType", resourcePatternType, ACL_PATTERN, { ANY: 1, MATCH: 2 }],
    ["operation", creation.operation, ACL_OPERATION, { ANY: 1 }],
    ["permissionType", creation.permissionType, ACL_PERMISSION, { ANY: 1 }],
  ] as const;
  for (const [name, code, ofEntries, ofFilters] of numbers) {
    if (nameOf(ofEntries, code) !== null) continue;
    return `Invalid ${name} ${nameOf(ofFilters, code) ?? "UNKNOWN"}`;
  }
  if (principal.includes(":")) return null;
  return (
    `Could not parse principal from \`${principal}\` (no colon is present separating the ` +
    "principal type from the principal name)"
  );
}

/** What is wrong with the host of an entry that is to be, in Kafka's words; null if it can be. */
function hostError(host: string, metadataVersion: number): ApiError | null {
  if (host === "") return apiError("INVALID_REQUEST", "Host pattern cannot be null or empty");
  if (!isHostRange(host)) return null;
  if (metadataVersion < MV_HOST_RANGES) {
    const needed = metadataVersionName(MV_HOST_RANGES);
    const reason = `CIDR-based ACL host patterns require metadata version ${needed} or higher.`;
    return apiError("UNSUPPORTED_VERSION", reason);
  }
  const fault = hostRangeFault(host);
  if (fault === null) return null;
  return apiError("INVALID_REQUEST", `Invalid CIDR notation '${host}': ${fault}`);
}

const nameOf = (table: Readonly<Record<string, number>>, code: number): string | null =>
  Object.entries(table).find(([, number]) => number === code)?.[0] ?? null;

type Entry = Omit<Creation, "resourcePatternType"> & Pick<AclKey, "patternType">;

/** Whether there is the same entry under some id. All with its pattern, principal and host stand together. */
function isThere({ byPattern }: AclsImage, entry: Entry): boolean {
  for (const [key, found] of byPattern.from({ ...entry, id: ZERO_UUID })) {
    const isNear =
      key.resourceType === entry.resourceType &&
      key.resourceName === entry.resourceName &&
      key.principal === entry.principal &&
      key.host === entry.host;
    if (!isNear) return false;
    const { patternType, operation: what, permissionType } = found;
    const isSame =
      patternType === entry.patternType &&
      what === entry.operation &&
      permissionType === entry.permissionType;
    if (isSame) return true;
  }
  return false;
}
