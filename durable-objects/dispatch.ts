/**
 * From an API to what answers it: the consensus core, a description of this node, or a metadata operation. It
 * is the list of what this listener serves, and ApiVersions advertises exactly that list.
 */
import { controllerApis, type ControllerApi } from "../src/metadata/index.ts";
import { ErrorCode, type ApiName, type Principal, type RequestFrame } from "../src/protocol/index.ts";
import { leaderOf, type Request as CoreRequest } from "../src/raft/index.ts";
import type { Outcome } from "./active-controller.ts";
import { apiVersionsResponse } from "./api-versions.ts";
import type { ClusterEntry } from "./cluster-entry.ts";
import { describeQuorumResponse } from "./describe-quorum.ts";
import { openEnvelope } from "./envelope.ts";
import { fetchSnapshotResponse } from "./fetch-snapshot.ts";
import {
  beginQuorumEpochRequest,
  endQuorumEpochRequest,
  fetchRequest,
  refusedAtTop,
  responseOf,
  voteRequest,
} from "./quorum-wire.ts";
import { refuse } from "./refusal.ts";
import type { Voter } from "./voter.ts";

/** A formed node that takes part. */
export interface Node {
  readonly voter: Voter;
  readonly cluster: ClusterEntry;
}

/** One decoded request; `name` tells the type of `body`. */
export type Call = Pick<RequestFrame, "apiVersion"> & RequestFrame;

/** The value of an API's response, and whether it says that the active controller is elsewhere. */
export interface Answer {
  readonly body: unknown;
  readonly isNotController: boolean;
}

const answered = (body: unknown): Answer => ({ body, isNotController: false });

/** The APIs that are not metadata operations. */
const OWN_APIS = [
  "Fetch",
  "FetchSnapshot",
  "Vote",
  "BeginQuorumEpoch",
  "EndQuorumEpoch",
  "DescribeQuorum",
  "ApiVersions",
  "Envelope",
] as const satisfies readonly ApiName[];

/** Everything this listener answers, by rising key as brokers expect to read it. */
export const SERVED_APIS: readonly ApiName[] = [...OWN_APIS, ...controllerApis.keys()];

/** Answers a request, or null when its API is not served here. */
export async function dispatch(node: Node, call: Call, principal: Principal): Promise<Answer | null> {
  switch (call.name) {
    case "Fetch":
      return askCore(node, "fetch", fetchRequest(call.body, call.apiVersion));
    case "Vote":
      return askCore(node, "vote", voteRequest(call.body));
    case "BeginQuorumEpoch":
      return askCore(node, "begin-quorum-epoch", beginQuorumEpochRequest(call.body));
    case "EndQuorumEpoch":
      return askCore(node, "end-quorum-epoch", endQuorumEpochRequest(call.body));
    case "FetchSnapshot":
      return answered(fetchSnapshotResponse(node, call.body));
    case "DescribeQuorum":
      return describeQuorumResponse(node, call.body);
    case "ApiVersions":
      return answered(apiVersionsResponse(node, call));
    case "Envelope":
      return openEnvelope(node, call.body);
    default:
      return askMetadata(node, call, principal);
  }
}

async function askCore(node: Node, api: CoreRequest["api"], request: CoreRequest | null): Promise<Answer> {
  if (request === null) return answered(refusedAtTop(api, ErrorCode.INVALID_REQUEST).body);
  const reply = await node.voter.ask(request);
  return answered(responseOf(reply, (range) => node.voter.readLog(range)).body);
}

async function askMetadata(node: Node, call: Call, principal: Principal): Promise<Answer | null> {
  const api: ControllerApi | undefined = controllerApis.get(call.name);
  if (api === undefined) return null;
  const outcome = await node.voter.submit(
    (view, context) => api.handle(view, call.body, { ...context, principal }),
    call.apiVersion,
  );
  return answerOf(node, call, outcome);
}

function answerOf(node: Node, call: Call, outcome: Outcome<unknown>): Answer | null {
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
          ? refused(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.")
          : refused(ErrorCode.REQUEST_TIMED_OUT, "The controller has too many operations waiting."),
      );
    case "failed":
      console.error(`${call.name} v${call.apiVersion} met a defect:`, outcome.cause);
      return answered(refused(ErrorCode.UNKNOWN_SERVER_ERROR, "The operation failed inside the controller; nothing was written."));
  }
}

/** Kafka's own words, which tools show. */
export function whoLeads(node: Node): string {
  const leader = leaderOf(node.voter.state);
  return leader === null
    ? "No controller appears to be active."
    : `The active controller appears to be node ${leader.leaderId}.`;
}
