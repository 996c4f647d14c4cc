/**
 * The APIs of the quorum itself: what consensus is asked by voters and observers, and what it says of itself. Those
 * that the core answers differ in nothing but their messages, so each is a line: how its request becomes the core's,
 * and how the core's reply becomes its response.
 */
import {
  ErrorCode,
  type ApiName,
  type Apis,
  type RequestOf,
  type ResponseBody,
} from "../../src/protocol/index.ts";
import type { Reply, Request as CoreRequest } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import {
  addRaftVoterRequest,
  addRaftVoterResponse,
  beginQuorumEpochRequest,
  beginQuorumEpochResponse,
  endQuorumEpochRequest,
  endQuorumEpochResponse,
  fetchRequest,
  fetchResponse,
  fetchSnapshotRequest,
  fetchSnapshotResponse,
  isReplyTo,
  removeRaftVoterRequest,
  removeRaftVoterResponse,
  updateRaftVoterRequest,
  updateRaftVoterResponse,
  voteRequest,
  voteResponse,
  type ReplyBytes,
  type ReplyTo,
} from "../replica/quorum-wire.ts";
import { answerUnlessHungUp } from "../hung-up.ts";
import {
  answered,
  refused,
  type Answer,
  type Handler,
  type Handlers,
  type Node,
} from "./answer.ts";
import { describeQuorumAnswer } from "./describe-quorum.ts";
import { refusedTo } from "./quorum-access.ts";
import type { QUORUM_APIS } from "./served-apis.ts";

type CoreApi = CoreRequest["api"];

/** One API that the core answers: its messages, and the core's values. */
interface Wire<Name extends ApiName, Api extends CoreApi> {
  readonly api: Api;
  /** Null for a request that is not about the one metadata partition. */
  requestOf(body: RequestOf<Apis[Name]>, version: number): CoreRequest | null;
  responseOf(reply: ReplyTo<Api>, stored: ReplyBytes, version: number): ResponseBody<Name>;
}

export const quorumApis: Handlers<(typeof QUORUM_APIS)[number]> = {
  Fetch: core({ api: "fetch", requestOf: fetchRequest, responseOf: fetchResponse }),
  FetchSnapshot: core({
    api: "fetch-snapshot",
    requestOf: fetchSnapshotRequest,
    responseOf: fetchSnapshotResponse,
  }),
  Vote: core({ api: "vote", requestOf: voteRequest, responseOf: voteResponse }),
  BeginQuorumEpoch: core({
    api: "begin-quorum-epoch",
    requestOf: beginQuorumEpochRequest,
    responseOf: beginQuorumEpochResponse,
  }),
  EndQuorumEpoch: core({
    api: "end-quorum-epoch",
    requestOf: endQuorumEpochRequest,
    responseOf: endQuorumEpochResponse,
  }),
  AddRaftVoter: core({
    api: "add-raft-voter",
    requestOf: addRaftVoterRequest,
    responseOf: addRaftVoterResponse,
  }),
  RemoveRaftVoter: core({
    api: "remove-raft-voter",
    requestOf: removeRaftVoterRequest,
    responseOf: removeRaftVoterResponse,
  }),
  UpdateRaftVoter: core({
    api: "update-raft-voter",
    requestOf: updateRaftVoterRequest,
    responseOf: updateRaftVoterResponse,
  }),
  DescribeQuorum: (node, frame, { signal }) => describeQuorumAnswer(node, frame, signal),
};

/** Node ids are of brokers and controllers together. What consensus cannot know, the metadata says. */
function clashWithBroker({ voter }: Node, request: CoreRequest): string | null {
  if (request.api !== "add-raft-voter") return null;
  const { id } = request.voter;
  return voter.committedImage.cluster.brokers.has(id) ? `${id} is the id of a broker.` : null;
}

/** What a client may send to any node, and only the leader can do. Fetches and votes find their leader themselves. */
const isForTheLeader = (api: CoreApi): boolean =>
  api === "add-raft-voter" || api === "remove-raft-voter";

/**
 * What a node that does not lead says of a change of the voters. Refused at once, it was never begun; otherwise the
 * leadership was lost meanwhile, and the change may be committed yet (M-6).
 */
function elsewhere({ error }: Reply, wasBegun: boolean): Omit<Answer, "body"> {
  if (error !== "NOT_LEADER_OR_FOLLOWER") return { isNotController: false };
  return wasBegun ? { isNotController: false, isOutcomeUnknown: true } : { isNotController: true };
}

/** The handler that puts a request to the core, unless its sender may not, and waits for the reply. */
function core<Name extends ApiName, Api extends CoreApi>(wire: Wire<Name, Api>): Handler<Name> {
  return async (node, frame, { origin, signal }) => {
    const refusedWith = (errorCode: number): Answer<Name> =>
      refused(frame, { errorCode, errorMessage: null });
    const request = wire.requestOf(frame.body, frame.apiVersion);
    if (request === null) return refusedWith(ErrorCode.INVALID_REQUEST);
    const refusal = refusedTo(origin, node, request);
    if (refusal !== null) return refusedWith(refusal);
    const clash = clashWithBroker(node, request);
    if (clash !== null)
      return refused(frame, { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: clash });
    let wasBegun = false;
    const reply = await answerUnlessHungUp<Reply | null>(signal, (answer) => {
      let isAnswered = false;
      const hangUp = node.voter.ask(request, (said) => {
        isAnswered = true;
        answer(said);
      });
      wasBegun = !isAnswered;
      return hangUp;
    });
    if (reply === null) throw new Error("the controller has stopped");
    // A wrong cluster is refused as a whole, everything else in the partition.
    if (reply.error === "INCONSISTENT_CLUSTER_ID") return refusedWith(ErrorCode[reply.error]);
    assert(isReplyTo(reply, wire.api), `the core answered ${reply.api} to ${wire.api}`);
    const body = wire.responseOf(reply, node.voter, frame.apiVersion);
    return isForTheLeader(wire.api) ? { body, ...elsewhere(reply, wasBegun) } : answered(body);
  };
}
