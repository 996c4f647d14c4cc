/**
 * `/quorum`: what `kafka-metadata-quorum describe` shows, in one answer: the leader's view of voters and
 * observers (DescribeQuorum, KIP-595), and what every controller says of itself, so that a quorum without a leader
 * can be inspected too.
 */
import { Hono } from "hono";
import { nodesOf, type ClusterEntry, type NodeEntry } from "../../durable-objects/cluster-entry.ts";
import type { ControllerStatus } from "../../durable-objects/contract.ts";
import { callKafkaAt } from "../channel/kafka-calls.ts";
import { QUORUM_CALL, quorumViewIn, type QuorumView } from "../channel/quorum-view.ts";
import { activeOf, statusOfAll } from "../channel/statuses.ts";
import type { SelfDescription } from "../channel/statuses.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { resource } from "../http/resources.ts";
import type { Resource } from "../http/resources.ts";

type ReplicaState = QuorumView["currentVoters"][number];

/** What `/quorum` answers. Without a leader every number is -1 and the voters are those of the cluster's entry. */
export interface QuorumStatus extends Resource {
  readonly cluster_id: string;
  readonly leader_id: number;
  readonly leader_epoch: number;
  /** Exclusive: everything below is committed. */
  readonly high_watermark: number;
  /** How many records the slowest follower lacks. */
  readonly max_follower_lag: number;
  /** How long ago the slowest follower had all of the leader's log; -1 when one of them never had. */
  readonly max_follower_lag_time_ms: number;
  readonly voters: readonly ReplicaData[];
  readonly observers: readonly ReplicaData[];
  readonly controllers: readonly (ControllerStatus | UnreachableController)[];
}

/** A voter or an observer as its leader sees it. Times are milliseconds since the Unix epoch, -1 when unknown. */
export interface ReplicaData {
  readonly replica_id: number;
  readonly directory_id: string;
  readonly log_end_offset: number;
  /** Records between its log end and the leader's. */
  readonly lag: number;
  readonly last_fetch_timestamp_ms: number;
  readonly last_caught_up_timestamp_ms: number;
}

export interface UnreachableController {
  readonly node_id: number;
  /** Why there is no status. */
  readonly unreachable: string;
}

type LeaderView = Omit<QuorumStatus, keyof Resource | "cluster_id" | "controllers">;

export const quorum = new Hono<Scope>();

quorum.get("/", async (context) => {
  const { entry } = context.var;
  const descriptions = await statusOfAll(context.env, entry);
  const active = activeOf(descriptions);
  const partition = active === undefined ? undefined : await describe(context, active.node_id);
  const status: QuorumStatus = {
    ...resource(context, "KafkaQuorum", ["clusters", entry.cluster_id, "quorum"]),
    cluster_id: entry.cluster_id,
    ...(partition === undefined ? (observed(descriptions) ?? unled(entry)) : led(partition)),
    controllers: descriptions.map(shown),
  };
  return context.json(status);
});

/** The leader's own description; undefined when it left office in this very moment. */
async function describe(context: ScopedContext, nodeId: number): Promise<QuorumView | undefined> {
  const { bearer } = context.var.asker;
  const call = { ...QUORUM_CALL, nodeId, bearer };
  const answer = await callKafkaAt(context.env, context.var.entry, call);
  if (answer === undefined) return undefined;
  context.set("position", answer.position);
  return quorumViewIn(answer.response, bearer);
}

function led(partition: QuorumView): LeaderView {
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

/** Of a cluster that others run: what its observer has heard. How far its voters are, only their leader knows. */
function observed(descriptions: readonly SelfDescription[]): LeaderView | undefined {
  const [status] = descriptions.flatMap((each) =>
    typeof each.status !== "string" && "observed" in each.status ? [each.status] : [],
  );
  if (status?.observed === undefined) return undefined;
  return {
    leader_id: status.leader_id,
    leader_epoch: status.epoch,
    high_watermark: status.high_watermark ?? -1,
    max_follower_lag: -1,
    max_follower_lag_time_ms: -1,
    voters: unheard(status.observed.voters),
    observers: [],
  };
}

/** No controller leads: the voters are those that were last known, and nothing more is known of them. */
const unled = (entry: ClusterEntry): LeaderView => ({
  leader_id: -1,
  leader_epoch: -1,
  high_watermark: -1,
  max_follower_lag: -1,
  max_follower_lag_time_ms: -1,
  voters: unheard(nodesOf(entry)),
  observers: [],
});

const unheard = (nodes: readonly NodeEntry[]): readonly ReplicaData[] =>
  nodes.map(({ node_id, directory_id }) => ({
    replica_id: node_id,
    directory_id: directory_id ?? "",
    log_end_offset: -1,
    lag: -1,
    last_fetch_timestamp_ms: -1,
    last_caught_up_timestamp_ms: -1,
  }));

const shown = ({ nodeId, status }: SelfDescription): ControllerStatus | UnreachableController =>
  typeof status === "string" ? { node_id: nodeId, unreachable: status } : status;
