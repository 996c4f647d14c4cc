/**
 * Whom the authorizer of a cluster is asked about, and what of a request is judged here and not inside an operation:
 * the APIs of the listener itself and of the quorum, which are allowed or denied as a whole, by the ACLs as they are
 * committed.
 */
import {
  NO_ACLS,
  wholeDenial,
  type AuthorizerSettings,
  type Denial,
} from "../../src/metadata/index.ts";
import type { ApiError, ApiName } from "../../src/protocol/index.ts";
import type { Node, RequestContext } from "./answer.ts";

/** Null where nobody is asked: without an authorizer, and of the other controllers, which are part of the cluster. */
export const authorizerFor = ({ voter }: Node, { origin }: RequestContext) =>
  origin === "peer" ? null : voter.authorizer;

/** Why a request may not be answered; `not-ready` where the ACLs are not known, and may be in a moment. */
export function refusedByAuthorizer(
  node: Node,
  request: ApiName,
  context: RequestContext,
): ApiError | "not-ready" | null {
  const settings = authorizerFor(node, context);
  if (settings === null) return null;
  const { caller } = context;
  const acls = node.voter.committedAcls;
  if (acls === null)
    return wholeDenial(request, { acls: NO_ACLS, caller }, superUsersAlone(settings)) === null
      ? null
      : "not-ready";
  const denial = wholeDenial(request, { acls, caller }, settings);
  if (denial === null) return null;
  logDenials(node, denial.denials, { request, context });
  return denial.error;
}

/** As in Kafka, where the rest wait until the authorizer has read the log. */
const superUsersAlone = (settings: AuthorizerSettings): AuthorizerSettings => ({
  ...settings,
  allowEveryoneIfNoAclFound: false,
});

export function logDenials(
  { voter }: Node,
  denials: readonly Denial[],
  { request, context }: { readonly request: ApiName; readonly context: RequestContext },
): void {
  voter.denialLog.record(denials, { request, tokenId: context.bearer.token_id });
}
