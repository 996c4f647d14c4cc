/**
 * From an API to what answers it: the listener itself, the quorum, or a metadata operation. No API is known here but
 * by its name in a table.
 */
import { controllerApis, REDACTED, runAuthorized, type Denial } from "../../src/metadata/index.ts";
import {
  ErrorCode,
  type ApiName,
  type ErrorName,
  type RequestFrame,
  type ResponseBody,
} from "../../src/protocol/index.ts";
import { leaderOf } from "../../src/raft/index.ts";
import {
  NO_DEADLINE,
  type Operation,
  type Outcome,
} from "../active-controller/active-controller.ts";
import type { Cause } from "../cause-contract.ts";
import { readConfirmed, type Unconfirmed } from "../confirmed-read.ts";
import { operatorLogOf, type OperatorLog } from "../operator-log.ts";
import { answered, refused, UNCONFIRMED } from "./answer.ts";
import type { Answer, Handlers, Node, RequestContext } from "./answer.ts";
import { authorizerFor, logDenials, refusedByAuthorizer } from "./authorization.ts";
import { apiVersionsResponse } from "./api-versions.ts";
import { openEnvelope } from "./envelope.ts";
import { isForPeersAlone } from "./quorum-access.ts";
import { refusedAsObserved } from "./observed.ts";
import { quorumApis } from "./quorum-apis.ts";
import { sayable } from "./sayable.ts";
import type { LISTENER_APIS } from "./served-apis.ts";

const listenerApis: Handlers<(typeof LISTENER_APIS)[number]> = {
  ApiVersions: async (node, frame) => answered(apiVersionsResponse(node, frame)),
  Envelope: (node, { body }, context) =>
    openEnvelope(body, (inner, caller) => dispatch(node, inner, { ...context, caller })),
};

/** Everything but the metadata operations. */
const handlers: Partial<Handlers> = { ...listenerApis, ...quorumApis };

/** Answers a request, or null when its API is not served here. */
export async function dispatch<Name extends ApiName>(
  node: Node,
  frame: RequestFrame<Name>,
  context: RequestContext,
): Promise<Answer<Name> | null> {
  const elsewhere = refusedAsObserved(node, frame.name);
  if (elsewhere !== null) return refused(frame, elsewhere);
  const handler = handlers[frame.name];
  if (handler === undefined) return await runOperation(node, frame, context);
  const refusal = refusedByAuthorizer(node, frame.name, context);
  if (refusal === "not-ready") return answerOf(node, frame, { kind: "not-controller" });
  return refusal === null ? await handler(node, frame, context) : refused(frame, refusal);
}

async function runOperation<Name extends ApiName>(
  node: Node,
  frame: RequestFrame<Name>,
  sender: RequestContext,
): Promise<Answer<Name> | null> {
  const api = controllerApis[frame.name];
  if (api === undefined) return null;
  if (isForPeersAlone(api.api.name) && sender.origin !== "peer") {
    const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
    return refused(frame, { errorCode, errorMessage: null });
  }
  const settings = authorizerFor(node, sender);
  let denied: readonly Denial[] = [];
  let written = { baseOffset: 0, endOffset: 0 };
  // Before its records are queued: nothing is committed whose answer cannot be said.
  const operation: Operation<ResponseBody<Name>> = (view, standing) => {
    const { caller } = sender;
    const context = { ...standing, caller, clientId: frame.clientId ?? "" };
    const call = { operation: api, view, request: frame.body, context };
    const { denials, ...result } = runAuthorized(frame.name, call, settings);
    denied = denials;
    const { nextOffset: baseOffset } = standing;
    written = { baseOffset, endOffset: baseOffset + result.records.length };
    return { ...result, response: sayable(frame, result.response) };
  };
  const { voter } = node;
  if (api.kind === "write" && isAsleepElsewhere(node)) {
    // SL-9: nobody is woken for what would be refused to whoever asks.
    const seen = voter.read(operation, frame.apiVersion);
    const isOfStranger = seen.kind !== "committed" || api.isStrangers?.(seen.response) === true;
    if (isOfStranger || denied.length > 0) {
      logDenials(node, denied, { request: frame.name, context: sender });
      return answerOf(node, frame, { kind: "not-controller" });
    }
  }
  const read = () => voter.readSettled(operation, frame.apiVersion, api.isPassing);
  const outcome =
    api.kind === "read"
      ? await (api.namesActive === true ? readConfirmed(voter, read, sender.signal) : read())
      : await new Promise<Outcome<ResponseBody<Name>>>((resolve) =>
          voter.submit(
            operation,
            frame.apiVersion,
            (done) => {
              // In the event of the commit: whoever reads the records is told of it later.
              if (isWritten(done) && written.endOffset > written.baseOffset)
                voter.causes.note({ ...written, ...causeOf(frame, sender) });
              resolve(done);
            },
            timeoutMsOf(frame.body),
          ),
        );
  logDenials(node, denied, { request: frame.name, context: sender });
  return answerOf(node, frame, outcome);
}

/** Whether it sleeps, and another leads or nobody: what it cannot do it would wake the quorum for. */
const isAsleepElsewhere = ({ voter }: Node): boolean =>
  voter.asleepSinceMs !== null && voter.state.role.kind !== "leader";

/** Whether what the operation wrote is in the log, or may be yet. */
const isWritten = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === "committed" || (outcome.kind === "timed-out" && outcome.mayBeCommitted);

/** Whom a delegation token concerns is in no JSON, and who asks for one is whom it concerns. */
const ABOUT_TOKENS: ReadonlySet<ApiName> = new Set([
  "CreateDelegationToken",
  "RenewDelegationToken",
  "ExpireDelegationToken",
]);

const causeOf = (
  { name, clientId }: { readonly name: ApiName; readonly clientId: string | null },
  { caller: { principal } }: RequestContext,
): Cause => ({
  api: name,
  principal: ABOUT_TOKENS.has(name) ? REDACTED : `${principal.type}:${principal.name}`,
  clientId: clientId ?? "",
});

/** For how long the request of a write wants to wait; Kafka's are the only ones that say so. */
const timeoutMsOf = (request: object): number =>
  "timeoutMs" in request && typeof request.timeoutMs === "number" ? request.timeoutMs : NO_DEADLINE;

/** Wherever no operation ran to its end, the whole request is refused. */
function answerOf<Name extends ApiName>(
  node: Node,
  frame: RequestFrame<Name>,
  outcome: Outcome<ResponseBody<Name>> | Unconfirmed,
): Answer<Name> {
  const refusedWith = (error: ErrorName, errorMessage: string): Answer<Name> =>
    refused(frame, { errorCode: ErrorCode[error], errorMessage });
  switch (outcome.kind) {
    case "committed":
      return answered(outcome.response);
    case "not-controller":
      return { ...refusedWith("NOT_CONTROLLER", whoLeads(node)), isNotController: true };
    case "abandoned":
      return { ...refusedWith("NOT_CONTROLLER", whoLeads(node)), isOutcomeUnknown: true };
    case "timed-out":
      return refusedWith(
        "REQUEST_TIMED_OUT",
        outcome.mayBeCommitted
          ? "The request timed out while what it wrote waits to be committed: it may be yet."
          : "The request timed out; nothing was written.",
      );
    case "unconfirmed":
      return refusedWith("REQUEST_TIMED_OUT", UNCONFIRMED);
    case "refused":
      return outcome.reason === "too-large"
        ? refusedWith("POLICY_VIOLATION", "Unable to perform excessively large batch operation.")
        : refusedWith("REQUEST_TIMED_OUT", "The controller has too many operations waiting.");
    case "failed":
      node.voter.requests.defects += 1;
      logOf(node).error(
        "operation-defect",
        `${frame.name} v${frame.apiVersion} met a defect`,
        outcome.cause,
      );
      return refusedWith(
        "UNKNOWN_SERVER_ERROR",
        "The operation failed inside the controller; nothing was written.",
      );
  }
}

const logOf = ({ voter, cluster }: Node): OperatorLog =>
  operatorLogOf({ cluster_id: cluster.cluster_id, node_id: voter.state.config.local.key.id });

/** Kafka's own words, which tools show. */
function whoLeads(node: Node): string {
  const leader = leaderOf(node.voter.state);
  return leader === null
    ? "No controller appears to be active."
    : `The active controller appears to be node ${leader.leaderId}.`;
}
