/** The answer to an observer's Fetch, byte for byte as the controller would give it. */
import type { PushedLeader } from "../../src/link/index.ts";
import {
  decodeResponseFrame,
  DecodeError,
  ErrorCode,
  Fetch,
  METADATA_TOPIC_ID,
  responseFrame,
} from "../../src/protocol/index.ts";
import type { FetchQuestion } from "./fetch-question.ts";

export interface FetchAnswer {
  readonly epoch: number;
  readonly leader: PushedLeader;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly records: Uint8Array;
}

export function fetchAnswer(
  to: FetchQuestion,
  { epoch, leader, highWatermark, logStartOffset, records }: FetchAnswer,
): Uint8Array {
  const partition = {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    highWatermark,
    lastStableOffset: -1,
    logStartOffset,
    currentLeader: { leaderId: leader.id, leaderEpoch: epoch },
    abortedTransactions: [],
    records,
  };
  const topic = {
    topic: "__cluster_metadata",
    topicId: METADATA_TOPIC_ID,
    partitions: [partition],
  };
  const body = Fetch.response.fill({
    responses: [topic],
    nodeEndpoints: [{ nodeId: leader.id, host: leader.host, port: leader.port }],
  });
  return responseFrame(Fetch, to, body);
}

/** Whether a controller has served that Fetch: it says nothing against who asked. */
export function isServed({ apiVersion }: FetchQuestion, frame: Uint8Array): boolean {
  try {
    const { body } = decodeResponseFrame(Fetch, apiVersion, frame);
    const errorCode = body.responses[0]?.partitions[0]?.errorCode;
    return body.errorCode === ErrorCode.NONE && errorCode === ErrorCode.NONE;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
