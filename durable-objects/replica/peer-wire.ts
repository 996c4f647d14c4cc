/**
 * What this voter asks of others and what they answer: the consensus core's requests as whole Kafka frames, and
 * Kafka's response frames as the core's values. What others ask of this voter is in `quorum-wire.ts`.
 */
import {
  NO_DIRECTORY,
  type ApiName,
  type ErrorName,
  type OutgoingRequest,
  type Request,
  type Response,
  type VoterChangeRequest,
} from "../../src/raft/index.ts";
import {
  AddRaftVoter,
  ApiVersions,
  BeginQuorumEpoch,
  EndQuorumEpoch,
  Fetch,
  FetchSnapshot,
  METADATA_TOPIC_ID,
  RemoveRaftVoter,
  UpdateRaftVoter,
  Vote,
  decodeResponseFrame,
  errorName,
  requestFrame,
  type FetchResponse,
  type FetchSnapshotResponse,
  type InputOf,
} from "../../src/protocol/index.ts";
import { entriesOf } from "./entries.ts";
import {
  CONTROLLER_LISTENER,
  METADATA_TOPIC,
  about,
  directoryUuid,
  onlyPartition,
  sleepSaid,
} from "./metadata-partition.ts";

/** What controllers of this build say to each other; a peer that cannot answers UNSUPPORTED_VERSION. */
const VERSIONS = {
  vote: 2,
  "begin-quorum-epoch": 1,
  "end-quorum-epoch": 1,
  fetch: 18,
  "fetch-snapshot": 1,
  "add-raft-voter": 1,
  "remove-raft-voter": 0,
  "update-raft-voter": 0,
  "api-versions": 4,
} as const;

/** Who asks, as ApiVersions wants to hear it (KIP-511). */
const SOFTWARE = { clientSoftwareName: "kedge", clientSoftwareVersion: "1" };

/** The whole frame of a request, as `sender` sends it. */
export function encodeRequest(
  request: OutgoingRequest,
  sender: {
    readonly clientId: string;
    readonly correlationId: number;
    /** Where a peer may be of another build or make. */
    readonly apiVersion?: number;
  },
): Uint8Array {
  const header = { apiVersion: VERSIONS[request.api], ...sender };
  switch (request.api) {
    case "vote":
      return requestFrame(Vote, header, {
        clusterId: request.clusterId,
        voterId: request.receiver?.id ?? -1,
        topics: about({
          replicaEpoch: request.epoch,
          replicaId: request.candidate.id,
          replicaDirectoryId: directoryUuid(request.candidate.directoryId),
          voterDirectoryId: directoryUuid(request.receiver?.directoryId ?? NO_DIRECTORY),
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
          voterDirectoryId: directoryUuid(request.receiver?.directoryId ?? NO_DIRECTORY),
          leaderId: request.leaderId,
          leaderEpoch: request.epoch,
          asleepAt: request.asleepAt ?? -1,
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
            candidateDirectoryId: directoryUuid(candidate.directoryId),
          })),
        }),
        leaderEndpoints: request.endpoints,
      });
    case "fetch":
      return requestFrame(Fetch, header, fetchBody(request));
    case "fetch-snapshot":
      return requestFrame(FetchSnapshot, header, fetchSnapshotBody(request));
    case "add-raft-voter":
      return requestFrame(AddRaftVoter, header, {
        ...voterIn(request),
        timeoutMs: 0,
        listeners: request.endpoints,
        ackWhenCommitted: request.ackWhenCommitted,
      });
    case "remove-raft-voter":
      return requestFrame(RemoveRaftVoter, header, voterIn(request));
    case "update-raft-voter":
      return requestFrame(UpdateRaftVoter, header, updateVoterBody(request));
    case "api-versions":
      return requestFrame(ApiVersions, header, SOFTWARE);
  }
}

const voterIn = ({ clusterId, voter }: VoterChangeRequest) => ({
  clusterId,
  voterId: voter.id,
  voterDirectoryId: directoryUuid(voter.directoryId),
});

const updateVoterBody = (
  request: Extract<Request, { api: "update-raft-voter" }>,
): InputOf<typeof UpdateRaftVoter.request> => ({
  ...voterIn(request),
  currentLeaderEpoch: request.epoch,
  listeners: request.endpoints,
  kRaftVersionFeature: {
    minSupportedVersion: request.kraftVersions.min,
    maxSupportedVersion: request.kraftVersions.max,
  },
});

function fetchSnapshotBody(
  request: Extract<Request, { api: "fetch-snapshot" }>,
): InputOf<typeof FetchSnapshot.request> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: request.epoch,
    snapshotId: request.snapshotId,
    position: request.position,
    replicaDirectoryId: directoryUuid(request.replica.directoryId),
  };
  return {
    clusterId: request.clusterId,
    replicaId: request.replica.id,
    maxBytes: request.maxBytes,
    topics: [{ name: METADATA_TOPIC, partitions: [partition] }],
  };
}

function fetchBody(request: Extract<Request, { api: "fetch" }>): InputOf<typeof Fetch.request> {
  const partition = {
    partition: 0,
    currentLeaderEpoch: request.epoch,
    fetchOffset: request.fetchOffset,
    lastFetchedEpoch: request.lastFetchedEpoch,
    partitionMaxBytes: 0,
    replicaDirectoryId: directoryUuid(request.replica.directoryId),
    highWatermark: BigInt(request.highWatermark ?? -1),
    maySleep: request.maySleep === true,
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

/** Which versions of an API a controller speaks. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** Every controller of Kafka that can be observed speaks this one. */
const API_VERSIONS_SPOKEN = 3;

/** Asks a controller of another make what it speaks. */
export const encodeApiVersions = (clientId: string): Uint8Array =>
  requestFrame(
    ApiVersions,
    { clientId, correlationId: 0, apiVersion: API_VERSIONS_SPOKEN },
    SOFTWARE,
  );

/** Its answer, by the keys of APIs; null where it is none. */
export function rangesIn(frame: Uint8Array): ReadonlyMap<number, VersionRange> | null {
  const { body } = decodeResponseFrame(ApiVersions, API_VERSIONS_SPOKEN, frame);
  if (body.errorCode !== 0) return null;
  return new Map(
    body.apiKeys.map(({ apiKey, minVersion: min, maxVersion: max }) => [apiKey, { min, max }]),
  );
}

/** An answer to another request than the one that was sent has come to the wrong place. */
const isTo = (
  correlation: number | undefined,
  { correlationId }: { readonly correlationId: number },
) => correlation === undefined || correlation === correlationId;

/**
 * Reads what a peer answered. Null for an answer that is about anything but the metadata partition, or to another
 * request than the one of that correlation.
 */
export function decodeResponse(
  api: ApiName,
  frame: Uint8Array,
  asked: {
    readonly correlation?: number;
    readonly apiVersion?: number;
    /** What becomes of a last batch that is cut off. */
    readonly tail?: "refuse" | "ignore";
  } = {},
): Response | null {
  const version = asked.apiVersion ?? VERSIONS[api];
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
    case "fetch": {
      const answer = decodeResponseFrame(Fetch, version, frame);
      return isTo(asked.correlation, answer) ? decodeFetch(answer.body, asked.tail) : null;
    }
    case "fetch-snapshot": {
      const answer = decodeResponseFrame(FetchSnapshot, version, frame);
      return isTo(asked.correlation, answer) ? decodeFetchSnapshot(answer.body) : null;
    }
    case "add-raft-voter": {
      const { body } = decodeResponseFrame(AddRaftVoter, version, frame);
      return { api, ...withoutLeader(body), message: body.errorMessage };
    }
    case "remove-raft-voter": {
      const { body } = decodeResponseFrame(RemoveRaftVoter, version, frame);
      return { api, ...withoutLeader(body), message: body.errorMessage };
    }
    case "update-raft-voter": {
      const { body } = decodeResponseFrame(UpdateRaftVoter, version, frame);
      return { api, ...withoutLeader(body), message: null };
    }
    case "api-versions": {
      const { body } = decodeResponseFrame(ApiVersions, version, frame);
      const range = body.supportedFeatures.find(({ name }) => name === "kraft.version");
      const kraftVersions =
        range === undefined ? null : { min: range.minVersion, max: range.maxVersion };
      return { api, ...withoutLeader(body), kraftVersions };
    }
  }
}

/** What an answer shares with others that says neither an epoch nor, to any use, a leader. */
const withoutLeader = ({ errorCode }: { readonly errorCode: number }) => ({
  error: errorOf(errorCode),
  epoch: 0,
  leaderId: null,
  leaderEndpoints: [],
});

function decodeFetchSnapshot(response: FetchSnapshotResponse): Response | null {
  const partition = response.topics[0]?.partitions[0];
  const answer = answerOf(
    response,
    partition === undefined ? null : { ...partition, ...partition.currentLeader },
  );
  if (answer === null) return null;
  const empty = {
    snapshotId: { endOffset: -1, epoch: -1 },
    size: 0,
    position: 0,
    bytes: new Uint8Array(0),
  };
  if (partition === undefined) return { api: "fetch-snapshot", ...answer, ...empty };
  const { snapshotId, size, position, unalignedRecords } = partition;
  return {
    api: "fetch-snapshot",
    ...answer,
    snapshotId,
    size,
    position,
    bytes: unalignedRecords ?? new Uint8Array(0),
  };
}

function decodeFetch(response: FetchResponse, tail?: "refuse" | "ignore"): Response | null {
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
    records: entriesOf(partition.records ?? new Uint8Array(0), tail),
    ...sleepSaid(partition.asleepAt),
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
  "REQUEST_TIMED_OUT",
  "DUPLICATE_VOTER",
  "VOTER_NOT_FOUND",
]);

const isUnderstood = (name: string): name is ErrorName => UNDERSTOOD.has(name);

/** A code that consensus has no use for is a failure like any other. */
function errorOf(code: number): ErrorName {
  const name = errorName(code);
  return isUnderstood(name) ? name : "UNKNOWN_SERVER_ERROR";
}
