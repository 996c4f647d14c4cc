/**
 * What others ask of this voter and what it answers: Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch, FetchSnapshot and
 * the three about voters from Kafka's values to the consensus core's and back, in every version of their ranges
 * (KIP-595, 630, 853, 996, 1166). What this voter asks of others is in `peer-wire.ts`.
 *
 * It translates and decides nothing. What is malformed at the level of the message (another topic, several partitions)
 * gets Kafka's top-level INVALID_REQUEST, since the core never hears of topics.
 */
import {
  NO_DIRECTORY,
  UNSTATED_HIGH_WATERMARK,
  type Endpoint,
  type LogRange,
  type ReplicaId,
  type ReplicaKey,
  type Reply,
  type Request,
  type SnapshotRange,
} from "../../src/raft/index.ts";
import {
  AddRaftVoter,
  BeginQuorumEpoch,
  EndQuorumEpoch,
  ErrorCode,
  Fetch,
  FetchSnapshot,
  METADATA_TOPIC_ID,
  RemoveRaftVoter,
  UpdateRaftVoter,
  Vote,
  type AddRaftVoterRequest,
  type AddRaftVoterResponse,
  type BeginQuorumEpochRequest,
  type BeginQuorumEpochResponse,
  type EndQuorumEpochRequest,
  type EndQuorumEpochResponse,
  type FetchRequest,
  type FetchResponse,
  type FetchSnapshotRequest,
  type FetchSnapshotResponse,
  type RemoveRaftVoterRequest,
  type RemoveRaftVoterResponse,
  type UpdateRaftVoterRequest,
  type UpdateRaftVoterResponse,
  type VoteRequest,
  type VoteResponse,
} from "../../src/protocol/index.ts";
import {
  CONTROLLER_LISTENER,
  METADATA_TOPIC,
  about,
  onlyPartition,
  sleepSaid,
} from "./metadata-partition.ts";

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
    ...sleepSaid(partition.asleepAt),
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
    ...(partition.maySleep ? { maySleep: true } : {}),
  };
}

export function fetchSnapshotRequest(body: FetchSnapshotRequest): Request | null {
  const [only, ...more] = body.topics;
  const [partition, ...others] = only?.partitions ?? [];
  if (only === undefined || partition === undefined || more.length + others.length > 0) return null;
  if (only.name !== METADATA_TOPIC || partition.partition !== 0) return null;
  return {
    api: "fetch-snapshot",
    clusterId: body.clusterId,
    replica: { id: body.replicaId, directoryId: partition.replicaDirectoryId },
    epoch: partition.currentLeaderEpoch,
    snapshotId: partition.snapshotId,
    position: partition.position,
    maxBytes: body.maxBytes,
  };
}

export const addRaftVoterRequest = (body: AddRaftVoterRequest): Request => ({
  api: "add-raft-voter",
  clusterId: body.clusterId,
  voter: { id: body.voterId, directoryId: body.voterDirectoryId },
  endpoints: body.listeners,
  ackWhenCommitted: body.ackWhenCommitted,
});

export const removeRaftVoterRequest = (body: RemoveRaftVoterRequest): Request => ({
  api: "remove-raft-voter",
  clusterId: body.clusterId,
  voter: { id: body.voterId, directoryId: body.voterDirectoryId },
});

export const updateRaftVoterRequest = (body: UpdateRaftVoterRequest): Request => ({
  api: "update-raft-voter",
  clusterId: body.clusterId,
  epoch: body.currentLeaderEpoch,
  voter: { id: body.voterId, directoryId: body.voterDirectoryId },
  endpoints: body.listeners,
  kraftVersions: {
    min: body.kRaftVersionFeature.minSupportedVersion,
    max: body.kRaftVersionFeature.maxSupportedVersion,
  },
});

function statedHighWatermark(value: bigint): number | null {
  if (value < 0n) return null;
  return value > BigInt(UNSTATED_HIGH_WATERMARK) ? UNSTATED_HIGH_WATERMARK : Number(value);
}

function receiverOf(id: ReplicaId, directoryId: string): ReplicaKey | null {
  return id < 0 ? null : { id, directoryId };
}

/** What the core replies to a request of `Api`. */
export type ReplyTo<Api extends Request["api"]> = Extract<Reply, { readonly api: Api }>;

/** Whether a reply is to a request of `api`: the core answers each in kind. */
export const isReplyTo = <Api extends Request["api"]>(
  reply: Reply,
  api: Api,
): reply is ReplyTo<Api> => reply.api === api;

export const voteResponse = (
  reply: ReplyTo<"vote">,
  _: ReplyBytes,
  version: number,
): VoteResponse =>
  Vote.response.fill({
    topics: about({ ...partitionOf(reply), voteGranted: reply.granted }),
    nodeEndpoints: endpointsSince(1, version, reply),
  });

export const beginQuorumEpochResponse = (
  reply: ReplyTo<"begin-quorum-epoch">,
  _: ReplyBytes,
  version: number,
): BeginQuorumEpochResponse =>
  BeginQuorumEpoch.response.fill({
    topics: about(partitionOf(reply)),
    nodeEndpoints: endpointsSince(1, version, reply),
  });

export const endQuorumEpochResponse = (
  reply: ReplyTo<"end-quorum-epoch">,
  _: ReplyBytes,
  version: number,
): EndQuorumEpochResponse =>
  EndQuorumEpoch.response.fill({
    topics: about(partitionOf(reply)),
    nodeEndpoints: endpointsSince(1, version, reply),
  });

export const addRaftVoterResponse = (reply: ReplyTo<"add-raft-voter">): AddRaftVoterResponse =>
  AddRaftVoter.response.fill({ errorCode: ErrorCode[reply.error], errorMessage: reply.message });

export const removeRaftVoterResponse = (
  reply: ReplyTo<"remove-raft-voter">,
): RemoveRaftVoterResponse =>
  RemoveRaftVoter.response.fill({ errorCode: ErrorCode[reply.error], errorMessage: reply.message });

export function updateRaftVoterResponse(
  reply: ReplyTo<"update-raft-voter">,
): UpdateRaftVoterResponse {
  const [endpoint] = leaderEndpoint(reply.leaderId, reply.leaderEndpoints);
  return UpdateRaftVoter.response.fill({
    errorCode: ErrorCode[reply.error],
    currentLeader: {
      leaderId: reply.leaderId ?? -1,
      leaderEpoch: reply.epoch,
      host: endpoint?.host ?? "",
      port: endpoint?.port ?? 0,
    },
  });
}

/** What three of the five say of the partition. */
const partitionOf = ({ error, leaderId, epoch }: Reply) => ({
  errorCode: ErrorCode[error],
  leaderId: leaderId ?? -1,
  leaderEpoch: epoch,
});

/** What a reply names and does not hold. */
export interface ReplyBytes {
  readLog(range: LogRange): Uint8Array;
  /** Null where the bytes are gone or damaged. */
  readSnapshot(range: SnapshotRange): Uint8Array | null;
}

export function fetchResponse(
  reply: ReplyTo<"fetch">,
  stored: ReplyBytes,
  version: number,
): FetchResponse {
  const partition = {
    partitionIndex: 0,
    errorCode: ErrorCode[reply.error],
    highWatermark: reply.highWatermark ?? -1,
    lastStableOffset: -1,
    logStartOffset: reply.logStartOffset ?? -1,
    abortedTransactions: [],
    records: reply.records === null ? new Uint8Array(0) : stored.readLog(reply.records),
    ...(version < RAFT_FETCH ? {} : raftFieldsOf(reply)),
  };
  return Fetch.response.fill({
    responses: [{ topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    nodeEndpoints: endpointsSince(16, version, reply),
  });
}

/** Versions before know no replication by Fetch (KIP-595): whoever asks by them is told an error at most. */
const RAFT_FETCH = 12;
const raftFieldsOf = ({ leaderId, epoch, diverging, snapshotId, asleepAt }: ReplyTo<"fetch">) => ({
  currentLeader: { leaderId: leaderId ?? -1, leaderEpoch: epoch },
  ...(diverging === null ? {} : { divergingEpoch: diverging }),
  ...(snapshotId === null ? {} : { snapshotId }),
  ...(asleepAt === undefined ? {} : { asleepAt }),
});

export function fetchSnapshotResponse(
  reply: ReplyTo<"fetch-snapshot">,
  stored: ReplyBytes,
  version: number,
): FetchSnapshotResponse {
  const bytes = reply.bytes === null ? new Uint8Array(0) : stored.readSnapshot(reply.bytes);
  const partition = {
    index: 0,
    errorCode: bytes === null ? ErrorCode.UNKNOWN_SERVER_ERROR : ErrorCode[reply.error],
    snapshotId: reply.snapshotId,
    currentLeader: { leaderId: reply.leaderId ?? -1, leaderEpoch: reply.epoch },
    size: reply.size,
    position: reply.position,
    unalignedRecords: bytes ?? new Uint8Array(0),
  };
  return FetchSnapshot.response.fill({
    topics: [{ name: METADATA_TOPIC, partitions: [partition] }],
    nodeEndpoints: endpointsSince(1, version, reply),
  });
}

/** Where the leader is; versions before `first` cannot say it. */
const endpointsSince = (first: number, version: number, reply: Reply) =>
  version < first ? [] : leaderEndpoint(reply.leaderId, reply.leaderEndpoints);

/** Where the leader listens, for a client that came in on the controllers' listener. */
export function leaderEndpoint(
  leaderId: ReplicaId | null,
  endpoints: readonly Endpoint[],
): readonly { readonly nodeId: number; readonly host: string; readonly port: number }[] {
  const endpoint = endpoints.find(({ name }) => name === CONTROLLER_LISTENER) ?? endpoints[0];
  if (leaderId === null || endpoint === undefined) return [];
  return [{ nodeId: leaderId, host: endpoint.host, port: endpoint.port }];
}
