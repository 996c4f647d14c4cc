/**
 * Between the consensus core's plain values and Kafka's bytes: Vote, BeginQuorumEpoch, EndQuorumEpoch and Fetch
 * as requests and as responses, in every version of their ranges (KIP-595, 853, 996, 1166).
 *
 * It translates and decides nothing. What is malformed at the level of the message (another topic, several
 * partitions) gets Kafka's top-level INVALID_REQUEST here, since the core never hears of topics.
 */
import type {
  Endpoint,
  ErrorName,
  FetchAnswer,
  LogRange,
  ReplicaId,
  Reply,
  Request,
  Response,
} from "../src/raft/index.ts";
import { NO_DIRECTORY, UNSTATED_HIGH_WATERMARK } from "../src/raft/index.ts";
import {
  BeginQuorumEpoch,
  EndQuorumEpoch,
  ErrorCode,
  Fetch,
  METADATA_TOPIC_ID,
  Vote,
  decodeResponseFrame,
  errorName,
  isUuid,
  requestFrame,
  type BeginQuorumEpochRequest,
  type BeginQuorumEpochResponse,
  type EndQuorumEpochRequest,
  type EndQuorumEpochResponse,
  type FetchRequest,
  type FetchResponse,
  type InputOf,
  type VoteRequest,
  type Uuid,
  type VoteResponse,
} from "../src/protocol/index.ts";
import { assert } from "../src/std/assert.ts";
import { entriesOf } from "./entries.ts";

/** The listener by which controllers are reached, as brokers spell it in `controller.listener.names`. */
export const CONTROLLER_LISTENER = "CONTROLLER";

/** The topic of the metadata log; its one partition is 0. */
export const METADATA_TOPIC = "__cluster_metadata";

// Inbound requests.

/** Each returns null for a request that is not about the one metadata partition. */
export function voteRequest(body: VoteRequest): Request | null {
  const partition = onlyPartition(body.topics);
  if (partition === null) return null;
  return {
    api: "vote",
    clusterId: body.clusterId,
    receiver: receiverOf(body.voterId, partition.voterDirectoryId),
    candidate: { id: partition.replicaId, directoryId: partition.replicaDirectoryId },
    epoch: partition.replicaEpoch,
    logEnd: { offset: partition.lastOffset, epoch: partition.lastOffsetEpoch },
    preVote: partition.preVote,
  };
}

export function beginQuorumEpochRequest(body: BeginQuorumEpochRequest): Request | null {
  const partition = onlyPartition(body.topics);
  if (partition === null) return null;
  return {
    api: "begin-quorum-epoch",
    clusterId: body.clusterId,
    receiver: receiverOf(body.voterId, partition.voterDirectoryId),
    leaderId: partition.leaderId,
    epoch: partition.leaderEpoch,
    endpoints: body.leaderEndpoints,
  };
}

export function endQuorumEpochRequest(body: EndQuorumEpochRequest): Request | null {
  const partition = onlyPartition(body.topics);
  if (partition === null) return null;
  const named = partition.preferredCandidates.map((candidate) => ({
    id: candidate.candidateId,
    directoryId: candidate.candidateDirectoryId,
  }));
  const bare = partition.preferredSuccessors.map((id) => ({ id, directoryId: NO_DIRECTORY }));
  return {
    api: "end-quorum-epoch",
    clusterId: body.clusterId,
    leaderId: partition.leaderId,
    epoch: partition.leaderEpoch,
    preferredCandidates: named.length > 0 ? named : bare,
    endpoints: body.leaderEndpoints,
  };
}

export function fetchRequest(body: FetchRequest, version: number): Request | null {
  const [only, ...more] = body.topics;
  const [partition, ...others] = only?.partitions ?? [];
  if (only === undefined || partition === undefined || more.length + others.length > 0) return null;
  const isMetadata =
    version >= 13 ? only.topicId === METADATA_TOPIC_ID : only.topic === METADATA_TOPIC;
  if (!isMetadata || partition.partition !== 0) return null;
  const incarnation = body.replicaState.replicaEpoch;
  return {
    api: "fetch",
    clusterId: body.clusterId,
    replica: {
      id: version >= 15 ? body.replicaState.replicaId : body.replicaId,
      directoryId: partition.replicaDirectoryId,
    },
    epoch: partition.currentLeaderEpoch,
    fetchOffset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    highWatermark: statedHighWatermark(partition.highWatermark),
    maxWaitMs: body.maxWaitMs,
    maxBytes: body.maxBytes,
    incarnation: incarnation < 0 ? null : incarnation,
  };
}

function statedHighWatermark(value: bigint): number | null {
  if (value < 0n) return null;
  return value > BigInt(UNSTATED_HIGH_WATERMARK) ? UNSTATED_HIGH_WATERMARK : Number(value);
}

function receiverOf(
  id: ReplicaId,
  directoryId: string,
): { id: ReplicaId; directoryId: string } | null {
  return id < 0 ? null : { id, directoryId };
}

/** The metadata partition of a request that names it by topic, or null when it names anything else. */
function onlyPartition<P extends { readonly partitionIndex: number }>(
  topics: readonly { readonly topicName: string; readonly partitions: readonly P[] }[],
): P | null {
  const [only, ...more] = topics;
  const [partition, ...others] = only?.partitions ?? [];
  if (only?.topicName !== METADATA_TOPIC || partition?.partitionIndex !== 0) return null;
  return more.length + others.length > 0 ? null : partition;
}

// Outbound replies.

/** What a reply is made into: the body of the API's response, at whichever version was asked. */
export type QuorumResponse =
  | { readonly api: "vote"; readonly body: VoteResponse }
  | { readonly api: "begin-quorum-epoch"; readonly body: BeginQuorumEpochResponse }
  | { readonly api: "end-quorum-epoch"; readonly body: EndQuorumEpochResponse }
  | { readonly api: "fetch"; readonly body: FetchResponse };

/** `readLog` is asked for the records that a fetch reply names. */
export function responseOf(reply: Reply, readLog: (range: LogRange) => Uint8Array): QuorumResponse {
  if (reply.api === "fetch") return { api: "fetch", body: fetchResponse(reply, readLog) };
  const errorCode = ErrorCode[reply.error];
  if (isTopLevel(reply.error)) return refusedAtTop(reply.api, errorCode);
  const nodeEndpoints = leaderEndpoint(reply.leaderId, reply.leaderEndpoints);
  const partition = {
    partitionIndex: 0,
    errorCode,
    leaderId: reply.leaderId ?? -1,
    leaderEpoch: reply.epoch,
  };
  const topics = [{ topicName: METADATA_TOPIC, partitions: [partition] }];
  switch (reply.api) {
    case "vote":
      return {
        api: "vote",
        body: Vote.response.fill({
          topics: [
            {
              topicName: METADATA_TOPIC,
              partitions: [{ ...partition, voteGranted: reply.granted }],
            },
          ],
          nodeEndpoints,
        }),
      };
    case "begin-quorum-epoch":
      return {
        api: "begin-quorum-epoch",
        body: BeginQuorumEpoch.response.fill({ topics, nodeEndpoints }),
      };
    case "end-quorum-epoch":
      return {
        api: "end-quorum-epoch",
        body: EndQuorumEpoch.response.fill({ topics, nodeEndpoints }),
      };
  }
}

/** The API's response with nothing but a top-level code: what was asked is not about this quorum. */
export function refusedAtTop(api: Request["api"], errorCode: number): QuorumResponse {
  switch (api) {
    case "vote":
      return { api, body: Vote.response.fill({ errorCode }) };
    case "begin-quorum-epoch":
      return { api, body: BeginQuorumEpoch.response.fill({ errorCode }) };
    case "end-quorum-epoch":
      return { api, body: EndQuorumEpoch.response.fill({ errorCode }) };
    case "fetch":
      return { api, body: Fetch.response.fill({ errorCode }) };
  }
}

function fetchResponse(
  reply: FetchAnswer<LogRange | null>,
  readLog: (range: LogRange) => Uint8Array,
): FetchResponse {
  const errorCode = ErrorCode[reply.error];
  if (isTopLevel(reply.error)) return Fetch.response.fill({ errorCode });
  const partition = {
    partitionIndex: 0,
    errorCode,
    highWatermark: reply.highWatermark ?? -1,
    lastStableOffset: -1,
    logStartOffset: reply.logStartOffset ?? -1,
    currentLeader: { leaderId: reply.leaderId ?? -1, leaderEpoch: reply.epoch },
    abortedTransactions: null,
    records: reply.records === null ? new Uint8Array(0) : readLog(reply.records),
    ...(reply.diverging === null ? {} : { divergingEpoch: reply.diverging }),
    ...(reply.snapshotId === null ? {} : { snapshotId: reply.snapshotId }),
  };
  return Fetch.response.fill({
    responses: [{ topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    nodeEndpoints: leaderEndpoint(reply.leaderId, reply.leaderEndpoints),
  });
}

// A wrong cluster is refused as a whole, everything else in the partition.
const isTopLevel = (error: ErrorName): boolean => error === "INCONSISTENT_CLUSTER_ID";

/** Where the leader listens, for a client that came in on the controllers' listener. */
export function leaderEndpoint(
  leaderId: ReplicaId | null,
  endpoints: readonly Endpoint[],
): readonly { readonly nodeId: number; readonly host: string; readonly port: number }[] {
  const endpoint = endpoints.find(({ name }) => name === CONTROLLER_LISTENER) ?? endpoints[0];
  if (leaderId === null || endpoint === undefined) return [];
  return [{ nodeId: leaderId, host: endpoint.host, port: endpoint.port }];
}

// Outbound requests.

/** What controllers of this build say to each other; a peer that cannot answers UNSUPPORTED_VERSION. */
const VERSIONS = { vote: 2, "begin-quorum-epoch": 1, "end-quorum-epoch": 1, fetch: 18 } as const;

/** The whole frame of a request, as `sender` sends it. */
export function encodeRequest(
  request: Request,
  sender: { readonly clientId: string; readonly correlationId: number },
): Uint8Array {
  const header = { ...sender, apiVersion: VERSIONS[request.api] };
  switch (request.api) {
    case "vote":
      return requestFrame(Vote, header, {
        clusterId: request.clusterId,
        voterId: request.receiver?.id ?? -1,
        topics: about({
          replicaEpoch: request.epoch,
          replicaId: request.candidate.id,
          replicaDirectoryId: uuidOf(request.candidate.directoryId),
          voterDirectoryId: uuidOf(request.receiver?.directoryId ?? NO_DIRECTORY),
          lastOffsetEpoch: request.logEnd.epoch,
          lastOffset: request.logEnd.offset,
          preVote: request.preVote,
        }),
      });
    case "begin-quorum-epoch":
      return requestFrame(BeginQuorumEpoch, header, {
        clusterId: request.clusterId,
        voterId: request.receiver?.id ?? -1,
        topics: about({
          voterDirectoryId: uuidOf(request.receiver?.directoryId ?? NO_DIRECTORY),
          leaderId: request.leaderId,
          leaderEpoch: request.epoch,
        }),
        leaderEndpoints: request.endpoints,
      });
    case "end-quorum-epoch":
      return requestFrame(EndQuorumEpoch, header, {
        clusterId: request.clusterId,
        topics: about({
          leaderId: request.leaderId,
          leaderEpoch: request.epoch,
          preferredCandidates: request.preferredCandidates.map((candidate) => ({
            candidateId: candidate.id,
            candidateDirectoryId: uuidOf(candidate.directoryId),
          })),
        }),
        leaderEndpoints: request.endpoints,
      });
    case "fetch":
      return requestFrame(Fetch, header, fetchBody(request));
  }
}

const about = <P>(partition: P) => [
  { topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0, ...partition }] },
];

function fetchBody(request: Extract<Request, { api: "fetch" }>): InputOf<typeof Fetch.request> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: request.epoch,
    fetchOffset: request.fetchOffset,
    lastFetchedEpoch: request.lastFetchedEpoch,
    partitionMaxBytes: 0,
    replicaDirectoryId: uuidOf(request.replica.directoryId),
    highWatermark: BigInt(request.highWatermark ?? -1),
  };
  return {
    clusterId: request.clusterId,
    replicaState: { replicaId: request.replica.id, replicaEpoch: request.incarnation ?? -1 },
    maxWaitMs: request.maxWaitMs,
    minBytes: 0,
    maxBytes: request.maxBytes,
    sessionEpoch: -1,
    topics: [{ topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    forgottenTopicsData: [],
  };
}

function uuidOf(text: string): Uuid {
  assert(isUuid(text), `a directory id is a Kafka uuid, not ${text}`);
  return text;
}

// Inbound responses.

/** Reads what a peer answered. Null for an answer that is about anything but the metadata partition. */
export function decodeResponse(api: Request["api"], frame: Uint8Array): Response | null {
  const version = VERSIONS[api];
  switch (api) {
    case "vote": {
      const { body } = decodeResponseFrame(Vote, version, frame);
      const partition = onlyPartition(body.topics);
      const answer = answerOf(body, partition);
      return answer === null ? null : { api, ...answer, granted: partition?.voteGranted ?? false };
    }
    case "begin-quorum-epoch": {
      const { body } = decodeResponseFrame(BeginQuorumEpoch, version, frame);
      const answer = answerOf(body, onlyPartition(body.topics));
      return answer === null ? null : { api, ...answer };
    }
    case "end-quorum-epoch": {
      const { body } = decodeResponseFrame(EndQuorumEpoch, version, frame);
      const answer = answerOf(body, onlyPartition(body.topics));
      return answer === null ? null : { api, ...answer };
    }
    case "fetch":
      return decodeFetch(decodeResponseFrame(Fetch, version, frame).body);
  }
}

function decodeFetch(response: FetchResponse): Response | null {
  const partition = response.responses[0]?.partitions[0];
  const answer = answerOf(
    response,
    partition === undefined ? null : { ...partition, ...partition.currentLeader },
  );
  if (answer === null) return null;
  const empty = {
    highWatermark: null,
    logStartOffset: null,
    diverging: null,
    snapshotId: null,
    records: [],
  };
  if (partition === undefined) return { api: "fetch", ...answer, ...empty };
  const { divergingEpoch, snapshotId } = partition;
  return {
    api: "fetch",
    ...answer,
    highWatermark: partition.highWatermark < 0 ? null : partition.highWatermark,
    logStartOffset: partition.logStartOffset < 0 ? null : partition.logStartOffset,
    diverging: divergingEpoch.endOffset < 0 ? null : divergingEpoch,
    snapshotId: snapshotId.endOffset < 0 ? null : snapshotId,
    records: entriesOf(partition.records ?? new Uint8Array(0)),
  };
}

interface WireAnswer {
  readonly errorCode: number;
  readonly leaderId: number;
  readonly leaderEpoch: number;
}

function answerOf(
  response: {
    readonly errorCode: number;
    readonly nodeEndpoints: readonly {
      readonly nodeId: number;
      readonly host: string;
      readonly port: number;
    }[];
  },
  partition: WireAnswer | null,
): Pick<Response, "error" | "epoch" | "leaderId" | "leaderEndpoints"> | null {
  if (response.errorCode !== 0) {
    return { error: errorOf(response.errorCode), epoch: 0, leaderId: null, leaderEndpoints: [] };
  }
  if (partition === null) return null;
  const leaderEndpoints = response.nodeEndpoints
    .filter((endpoint) => endpoint.nodeId === partition.leaderId)
    .map(({ host, port }) => ({ name: CONTROLLER_LISTENER, host, port }));
  return {
    error: errorOf(partition.errorCode),
    epoch: partition.leaderEpoch,
    leaderId: partition.leaderId < 0 ? null : partition.leaderId,
    leaderEndpoints,
  };
}

const UNDERSTOOD: ReadonlySet<string> = new Set<ErrorName>([
  "NONE",
  "NOT_LEADER_OR_FOLLOWER",
  "BROKER_NOT_AVAILABLE",
  "CLUSTER_AUTHORIZATION_FAILED",
  "UNSUPPORTED_VERSION",
  "INVALID_REQUEST",
  "FENCED_LEADER_EPOCH",
  "UNKNOWN_LEADER_EPOCH",
  "SNAPSHOT_NOT_FOUND",
  "POSITION_OUT_OF_RANGE",
  "INCONSISTENT_CLUSTER_ID",
  "INVALID_VOTER_KEY",
]);

const isUnderstood = (name: string): name is ErrorName => UNDERSTOOD.has(name);

/** A code that consensus has no use for is a failure like any other. */
function errorOf(code: number): ErrorName {
  const name = errorName(code);
  return isUnderstood(name) ? name : "UNKNOWN_SERVER_ERROR";
}
