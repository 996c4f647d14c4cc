/**
 * `/quorum`: what `kafka-metadata-quorum describe` shows, in one answer: the leader's view of voters and
 * observers (DescribeQuorum, KIP-595), and beside it what every controller says of itself, so that a quorum
 * without a leader can be looked at too.
 */
import { Hono } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { DescribeQuorum } from "../../src/protocol/index.ts";
import type { DescribeQuorumResponse } from "../../src/protocol/index.ts";
import { callController, statusOfAll } from "../channel/controller-calls.ts";
import type { ControllerStatus } from "../channel/controller-calls.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { activeOf } from "../clusters/formation.ts";
import { EPOCH_HEADER, OFFSET_HEADER } from "../observer/position.ts";
import { resource } from "../http/resources.ts";

type PartitionData = DescribeQuorumResponse["topics"][number]["partitions"][number];
type ReplicaState = PartitionData["currentVoters"][number];

/** A voter or an observer as its leader sees it. Times are milliseconds since the epoch of Unix, -1 when unknown. */
interface ReplicaData {
  readonly replica_id: number;
  readonly directory_id: string;
  readonly log_end_offset: number;
  /** Records between its log end and the leader's. */
  readonly lag: number;
  readonly last_fetch_timestamp_ms: number;
  readonly last_caught_up_timestamp_ms: number;
}

const DESCRIBE_VERSION = 2;

export const quorum = new Hono<Scope>();

quorum.get("/", async (context) => {
  const { entry } = context.var;
  const statuses = await statusOfAll(context.env, entry);
  const active = activeOf(statuses.map(({ status }) => status));
  const description =
    active === undefined ? undefined : await describe(context, entry, active.node_id);
  const shown = description === undefined ? unled(entry) : led(description);
  return context.json({
    ...resource(context, "KafkaQuorum", ["clusters", entry.cluster_id, "quorum"]),
    cluster_id: entry.cluster_id,
    ...shown,
    controllers: statuses.map(({ nodeId, status }) => selfDescription(nodeId, status)),
  });
});

/** The leader's own description; undefined when it left office in this very moment. */
async function describe(
  context: ScopedContext,
  entry: ClusterEntry,
  nodeId: number,
): Promise<PartitionData | undefined> {
  const request = {
    topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
  };
  const response = await callController(context.env, entry, {
    nodeId,
    path: `/rpc/${DescribeQuorum.name}?version=${DESCRIBE_VERSION}`,
    init: { method: "POST", body: JSON.stringify(request) },
  });
  const text = await response.text();
  if (!response.ok) return undefined;
  for (const header of [OFFSET_HEADER, EPOCH_HEADER]) {
    const value = response.headers.get(header);
    if (value !== null) context.header(header, value);
  }
  const answer: DescribeQuorumResponse = JSON.parse(text);
  const partition = answer.topics[0]?.partitions[0];
  return partition?.errorCode === 0 ? partition : undefined;
}

function led(partition: PartitionData) {
  const leader = partition.currentVoters.find((voter) => voter.replicaId === partition.leaderId);
  const end = leader?.logEndOffset ?? partition.highWatermark;
  const voters = partition.currentVoters.map((voter) => replicaData(voter, end));
  const followers = voters.filter((voter) => voter.replica_id !== partition.leaderId);
  return {
    leader_id: partition.leaderId,
    leader_epoch: partition.leaderEpoch,
    high_watermark: partition.highWatermark,
    max_follower_lag: Math.max(0, ...followers.map((voter) => voter.lag)),
    max_follower_lag_time_ms: lagTimeMs(followers),
    voters,
    observers: partition.observers.map((observer) => replicaData(observer, end)),
  };
}

/** How long ago the slowest follower had all of the leader's log; -1 when one of them never had. */
function lagTimeMs(followers: readonly ReplicaData[]): number {
  if (followers.length === 0) return 0;
  const oldest = Math.min(...followers.map((voter) => voter.last_caught_up_timestamp_ms));
  return oldest < 0 ? -1 : Math.max(0, Date.now() - oldest);
}

const replicaData = (state: ReplicaState, leaderEnd: number): ReplicaData => ({
  replica_id: state.replicaId,
  directory_id: state.replicaDirectoryId,
  log_end_offset: state.logEndOffset,
  lag: Math.max(0, leaderEnd - state.logEndOffset),
  last_fetch_timestamp_ms: state.lastFetchTimestamp,
  last_caught_up_timestamp_ms: state.lastCaughtUpTimestamp,
});

/** Nobody leads: the voters are those the cluster was formed with, and nothing is known of them here. */
const unled = (entry: ClusterEntry) => ({
  leader_id: -1,
  leader_epoch: -1,
  high_watermark: -1,
  max_follower_lag: -1,
  max_follower_lag_time_ms: -1,
  voters: entry.initial_voters.map(({ node_id, directory_id }) => ({
    replica_id: node_id,
    directory_id,
    log_end_offset: -1,
    lag: -1,
    last_fetch_timestamp_ms: -1,
    last_caught_up_timestamp_ms: -1,
  })),
  observers: [],
});

const selfDescription = (nodeId: number, status: ControllerStatus | string) =>
  typeof status === "string" ? { node_id: nodeId, unreachable: status } : status;
