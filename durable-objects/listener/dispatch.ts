/**
 * From an API to what answers it: the consensus core, a description of this node, or a metadata operation.
 */
import { controllerApis, type ControllerApi } from "../../src/metadata/index.ts";
import { ErrorCode, type Principal, type RequestFrame } from "../../src/protocol/index.ts";
import { leaderOf, type Request as CoreRequest } from "../../src/raft/index.ts";
import type { Operation, Outcome } from "../active-controller/active-controller.ts";
import { apiVersionsResponse } from "./api-versions.ts";
import { describeQuorumResponse } from "./describe-quorum.ts";
import { openEnvelope } from "./envelope.ts";
import { fetchSnapshotResponse } from "./fetch-snapshot.ts";
import type { Answer, Node, Origin } from "./answer.ts";
import { refusedTo } from "./quorum-access.ts";
import {
  beginQuorumEpochRequest,
  endQuorumEpochRequest,
  fetchRequest,
  refusedAtTop,
  responseOf,
  voteRequest,
} from "../replica/quorum-wire.ts";
import { refuse } from "../refusal.ts";

/** On whose behalf a request is answered. */
export interface Caller {
  readonly origin: Origin;
  readonly principal: Principal;
}

const answered = (body: unknown): Answer => ({ body, isNotController: false });

/** Answers a request, or null when its API is not served here. */
export async function dispatch(
  node: Node,
  call: RequestFrame,
  caller: Caller,
): Promise<Answer | null> {
  switch (call.name) {
    case "Fetch":
      return askCore({ node, caller }, "fetch", fetchRequest(call.body, call.apiVersion));
    case "Vote":
      return askCore({ node, caller }, "vote", voteRequest(call.body));
    case "BeginQuorumEpoch":
      return askCore({ node, caller }, "begin-quorum-epoch", beginQuorumEpochRequest(call.body));
    case "EndQuorumEpoch":
      return askCore({ node, caller }, "end-quorum-epoch", endQuorumEpochRequest(call.body));
    case "FetchSnapshot":
      return answered(fetchSnapshotResponse(node, call.body));
    case "DescribeQuorum":
      return describeQuorumResponse(node, call.body);
    case "ApiVersions":
      return answered(apiVersionsResponse(node, call));
    case "Envelope":
      return openEnvelope(call.body, (inner, principal) =>
        dispatch(node, inner, { ...caller, principal }),
      );
    default:
      return askMetadata(node, call, caller.principal);
  }
}

async function askCore(
  { node, caller }: { readonly node: Node; readonly caller: Caller },
  api: CoreRequest["api"],
  request: CoreRequest | null,
): Promise<Answer> {
  if (request === null) return answered(refusedAtTop(api, ErrorCode.INVALID_REQUEST));
  const refusal = refusedTo(caller.origin, node, request);
  if (refusal !== null) return answered(refusedAtTop(api, refusal));
  const reply = await node.voter.ask(request);
  return answered(responseOf(reply, (range) => node.voter.readLog(range)));
}

async function askMetadata(
  node: Node,
  call: RequestFrame,
  principal: Principal,
): Promise<Answer | null> {
  const api: ControllerApi | undefined = controllerApis.get(call.name);
  if (api === undefined) return null;
  const operation: Operation<unknown> = (view, context) =>
    api.handle(view, call.body, { ...context, principal });
  const outcome =
    api.kind === "read"
      ? node.voter.read(operation, call.apiVersion)
      : await node.voter.submit(operation, call.apiVersion);
  return answerOf(node, call, outcome);
}

function answerOf(node: Node, call: RequestFrame, outcome: Outcome<unknown>): Answer | null {
  const refused = (errorCode: number, errorMessage: string): unknown =>
    refuse(call.name, call.body, { errorCode, errorMessage });
  switch (outcome.kind) {
    case "committed":
      return answered(outcome.response);
    case "not-controller":
      return { body: refused(ErrorCode.NOT_CONTROLLER, whoLeads(node)), isNotController: true };
    case "refused":
      return answered(
        outcome.reason === "too-large"
          ? refused(
              ErrorCode.POLICY_VIOLATION,
              "Unable to perform excessively large batch operation.",
            )
          : refused(ErrorCode.REQUEST_TIMED_OUT, "The controller has too many operations waiting."),
      );
    case "failed":
      console.error(`${call.name} v${call.apiVersion} met a defect:`, outcome.cause);
      return answered(
        refused(
          ErrorCode.UNKNOWN_SERVER_ERROR,
          "The operation failed inside the controller; nothing was written.",
        ),
      );
  }
}

/** Kafka's own words, which tools show. */
export function whoLeads(node: Node): string {
  const leader = leaderOf(node.voter.state);
  return leader === null
    ? "No controller appears to be active."
    : `The active controller appears to be node ${leader.leaderId}.`;
}
