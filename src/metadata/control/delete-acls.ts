/**
 * DeleteAcls (KIP-140, KIP-801): every access control entry that one of the filters means is removed, once, and told
 * under each filter that means it. A filter that means none is no error. More than one batch holds is refused as a
 * whole: that only a part went could be overlooked in so long an answer (KAFKA-19411).
 */
import {
  DeleteAcls,
  errorResponse,
  type AccessControlEntryRecord,
  type DeleteAclsRequest,
  type DeleteAclsResponse,
  type Uuid,
} from "../../protocol/index.ts";
import { isMeantBy, unknownPart } from "../access/acl-filter.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { EXCESSIVE_BATCH, NO_AUTHORIZER, NO_ERROR, apiError, type ApiError } from "./api-error.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";

type MatchingAcl = DeleteAclsResponse["filterResults"][number]["matchingAcls"][number];

/** Each filter is held against each entry: half a second of work at most. */
const COMPARISONS_MAX = 10_000_000;

const TOO_MANY = apiError(
  "INVALID_REQUEST",
  `Cannot remove more than ${RECORDS_PER_OPERATION_MAX} acls in a single delete operation.`,
);

export const deleteAcls = operation(DeleteAcls, { kind: "write", run });

function run(
  view: MetadataImage,
  request: DeleteAclsRequest,
  { apiVersion, hasAuthorizer }: ControlContext,
): ControlResult<DeleteAclsResponse> {
  const refused = (error: ApiError): ControlResult<DeleteAclsResponse> => ({
    records: [],
    response: errorResponse(DeleteAcls, { body: request, apiVersion }, error),
  });
  if (!hasAuthorizer) return refused(NO_AUTHORIZER);
  const { byId } = view.acls;
  if (request.filters.length * byId.size > COMPARISONS_MAX) return refused(EXCESSIVE_BATCH);
  const entries = [...byId.values()];
  const removed = new Set<Uuid>();
  let told = 0;
  const filterResults: DeleteAclsResponse["filterResults"][number][] = [];
  for (const filter of request.filters) {
    const fault = unknownPart(filter);
    if (fault !== null) {
      filterResults.push({ ...apiError("INVALID_REQUEST", fault), matchingAcls: [] });
      continue;
    }
    const meant = entries.filter((entry) => isMeantBy(filter, entry));
    for (const { id } of meant) removed.add(id);
    // What many filters mean is told many times; that is bounded with the records.
    told += meant.length;
    if (told > RECORDS_PER_OPERATION_MAX) return refused(TOO_MANY);
    filterResults.push({ ...NO_ERROR, matchingAcls: meant.map(toldOf) });
  }
  return {
    records: Array.from(removed, (id) => ({
      type: "REMOVE_ACCESS_CONTROL_ENTRY_RECORD",
      version: 0,
      data: { id },
    })),
    response: { throttleTimeMs: 0, filterResults },
  };
}

const toldOf = (entry: AccessControlEntryRecord): MatchingAcl => {
  const { resourceType, resourceName, patternType, principal, host, operation: what } = entry;
  const { permissionType } = entry;
  const pattern = { resourceType, resourceName, patternType };
  return { ...NO_ERROR, ...pattern, principal, host, operation: what, permissionType };
};
