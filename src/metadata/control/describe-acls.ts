/**
 * DescribeAcls (KIP-140): the access control entries that a filter means, by the pattern of the resources that they are
 * about. Any node answers, from what is committed.
 */
import {
  DescribeAcls,
  errorResponse,
  type DescribeAclsRequest,
  type DescribeAclsResponse,
} from "../../protocol/index.ts";
import { isMeantBy } from "../access/acl-filter.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { NOTHING_SAID, apiError } from "./api-error.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type DescribedResource = DescribeAclsResponse["resources"][number];
type DescribedAcl = DescribedResource["acls"][number];

const NO_AUTHORIZER_HERE = apiError(
  "SECURITY_DISABLED",
  "No Authorizer is configured on the broker",
);

export const describeAcls = operation(DescribeAcls, { kind: "read", run });

function run(
  view: MetadataImage,
  request: DescribeAclsRequest,
  { apiVersion, hasAuthorizer }: ControlContext,
): ControlResult<DescribeAclsResponse> {
  if (!hasAuthorizer) {
    const call = { body: request, apiVersion };
    return { records: [], response: errorResponse(DescribeAcls, call, NO_AUTHORIZER_HERE) };
  }
  const resources: (DescribedResource & { readonly acls: DescribedAcl[] })[] = [];
  // A number that means nothing fits no entry: there is no fault to tell of.
  for (const entry of view.acls.byPattern.values()) {
    if (!isMeantBy(request, entry)) continue;
    const { resourceType, resourceName, patternType, ...rest } = entry;
    const last = resources.at(-1);
    const isOfLast =
      last?.resourceType === resourceType &&
      last.resourceName === resourceName &&
      last.patternType === patternType;
    const { principal, host, operation: what, permissionType } = rest;
    const described = { principal, host, operation: what, permissionType };
    if (isOfLast) last.acls.push(described);
    else resources.push({ resourceType, resourceName, patternType, acls: [described] });
  }
  return { records: [], response: { throttleTimeMs: 0, ...NOTHING_SAID, resources } };
}
