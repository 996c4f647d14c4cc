/** The leader's view of its quorum (DescribeQuorum, KIP-595), as it is asked for and as its answer is read. */
import type { Bearer } from "../../durable-objects/bearer.ts";
import {
  DescribeQuorum,
  ErrorCode,
  type DescribeQuorumResponse,
} from "../../src/protocol/index.ts";
import { clusterDenied } from "./cluster-permission.ts";

export type QuorumView = DescribeQuorumResponse["topics"][number]["partitions"][number];

/** The call, but for who makes it. */
export const QUORUM_CALL = {
  api: DescribeQuorum,
  version: 2,
  request: { topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }] },
} as const;

/** Undefined when no leader has told. A `Problem` FORBIDDEN when the bearer may not know. */
export function quorumViewIn(
  response: DescribeQuorumResponse,
  bearer: Bearer,
): QuorumView | undefined {
  if (response.errorCode === ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    throw clusterDenied("DESCRIBE", bearer);
  const view = response.topics[0]?.partitions[0];
  return view?.errorCode === ErrorCode.NONE ? view : undefined;
}
