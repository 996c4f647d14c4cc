/**
 * A Fetch of the metadata log as an observer asks it, out of a frame. What is anything else, or malformed, is no
 * question of this kind: the controller says what is wrong with it.
 */
import {
  DecodeError,
  decodeRequestFrame,
  METADATA_TOPIC_ID,
  type BrokerHeartbeatRequest,
  type RequestFrame,
} from "../../src/protocol/index.ts";

/** Earlier ones do not say the replica's directory (KIP-853), and no broker of KRaft that is served here sends them. */
const VERSION_MIN = 17;

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
  if (apiVersion < VERSION_MIN) return null;
  const [topic, ...more] = body.topics;
  const [partition, ...others] = topic?.partitions ?? [];
  if (topic === undefined || partition === undefined || more.length + others.length > 0)
    return null;
  if (topic.topicId !== METADATA_TOPIC_ID || partition.partition !== 0) return null;
  if (body.clusterId !== null && body.clusterId !== clusterId) return null;
  const question: FetchQuestion = {
    apiVersion,
    correlationId,
    replicaId: body.replicaState.replicaId,
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

/** The BrokerHeartbeat in a frame; null for another frame. */
export function heartbeatIn(frame: Uint8Array): BrokerHeartbeatRequest | null {
  const request = decoded(frame);
  return request?.name === "BrokerHeartbeat" ? request.body : null;
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
