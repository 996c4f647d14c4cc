/**
 * A Fetch of the metadata log as an observer asks it, out of a frame. What is anything else, or malformed, is no
 * question of this kind: the controller says what is wrong with it.
 */
import {
  DecodeError,
  decodeRequestFrame,
  METADATA_TOPIC_ID,
  type RequestFrame,
} from "../../src/protocol/index.ts";

const METADATA_TOPIC = "__cluster_metadata";
/** From these versions on topics have ids (KIP-516), and the replica is said elsewhere (KIP-903). */
const TOPIC_ID_SINCE = 13;
const REPLICA_STATE_SINCE = 15;

export interface FetchQuestion {
  readonly apiVersion: number;
  readonly correlationId: number;
  /** Below 0 for a client that is no replica. */
  readonly replicaId: number;
  readonly directoryId: string;
  /** The leader's, as the client knows it. */
  readonly epoch: number;
  readonly offset: number;
  readonly lastFetchedEpoch: number;
  /** Of the client's own log; -1 unknown, and larger than any where a version does not say it (KIP-1166). */
  readonly highWatermark: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

/** Null for a frame that is no such Fetch. */
export function fetchQuestion(frame: Uint8Array, clusterId: string): FetchQuestion | null {
  const request = decoded(frame);
  if (request?.name !== "Fetch") return null;
  const { body, apiVersion, correlationId } = request;
  const [topic, ...more] = body.topics;
  const [partition, ...others] = topic?.partitions ?? [];
  if (topic === undefined || partition === undefined || more.length + others.length > 0)
    return null;
  const isMetadata =
    apiVersion >= TOPIC_ID_SINCE
      ? topic.topicId === METADATA_TOPIC_ID
      : topic.topic === METADATA_TOPIC;
  if (!isMetadata || partition.partition !== 0) return null;
  if (body.clusterId !== null && body.clusterId !== clusterId) return null;
  const question: FetchQuestion = {
    apiVersion,
    correlationId,
    replicaId: apiVersion >= REPLICA_STATE_SINCE ? body.replicaState.replicaId : body.replicaId,
    directoryId: partition.replicaDirectoryId,
    epoch: partition.currentLeaderEpoch,
    offset: partition.fetchOffset,
    lastFetchedEpoch: partition.lastFetchedEpoch,
    highWatermark: Number(partition.highWatermark),
    maxWaitMs: body.maxWaitMs,
    maxBytes: body.maxBytes,
  };
  return isSound(question) ? question : null;
}

/** As a controller judges the fields; an empty log it may send to a snapshot. */
const isSound = ({ epoch, offset, lastFetchedEpoch, maxWaitMs }: FetchQuestion): boolean =>
  offset > 0 && lastFetchedEpoch >= 0 && lastFetchedEpoch <= epoch && maxWaitMs >= 0;

/** Which broker a BrokerHeartbeat says that it is from; null for another frame. */
export function heartbeatOf(frame: Uint8Array): number | null {
  const request = decoded(frame);
  return request?.name === "BrokerHeartbeat" ? request.body.brokerId : null;
}

function decoded(frame: Uint8Array): RequestFrame | null {
  try {
    const request = decodeRequestFrame(frame);
    return request.name === null ? null : request;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
