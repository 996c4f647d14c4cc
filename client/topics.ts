/** Topics of a cluster, and their partitions. */
import type { Asking, ClusterCalls, Reading } from "./cluster-calls.ts";

export interface Topic {
  readonly topic_name: string;
  /** Null of a topic that was only validated. */
  readonly topic_id: string | null;
  readonly is_internal: boolean;
  readonly replication_factor: number;
  readonly partitions_count: number;
}

export interface Partition {
  readonly topic_name: string;
  readonly partition_id: number;
  /** -1 for none. */
  readonly leader_id: number;
  readonly leader_epoch: number;
  readonly partition_epoch: number;
  readonly leader_recovery_state: "RECOVERED" | "RECOVERING";
  /** The preferred leader first. */
  readonly replica_ids: readonly number[];
  readonly isr_ids: readonly number[];
  /** Who may lead besides those in sync (KIP-966). */
  readonly elr_ids: readonly number[];
  readonly last_known_elr_ids: readonly number[];
  readonly adding_replica_ids: readonly number[];
  readonly removing_replica_ids: readonly number[];
  readonly directory_ids: readonly string[];
}

export interface Replica {
  readonly topic_name: string;
  readonly partition_id: number;
  readonly broker_id: number;
  readonly is_leader: boolean;
  readonly is_in_sync: boolean;
}

export interface TopicWish {
  readonly topic_name: string;
  /** The cluster's default where it is absent, like `replication_factor`. */
  readonly partitions_count?: number;
  readonly replication_factor?: number;
  /** In place of the two: the brokers of each partition, the preferred leader first. */
  readonly replicas_assignments?: Readonly<Record<string, readonly number[]>>;
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[];
  /** Says what would be, and changes nothing. */
  readonly validate_only?: boolean;
}

export interface Topics {
  list(reading?: Reading): Promise<readonly Topic[]>;
  get(topic: string, reading?: Reading): Promise<Topic>;
  /** Not repeated where its outcome is unknown: the topic may exist then. */
  create(wish: TopicWish, asking?: Asking): Promise<Topic>;
  /** Partitions are added, never taken away. */
  grow(topic: string, partitionsCount: number, asking?: Asking): Promise<Topic>;
  delete(topic: string, asking?: Asking): Promise<void>;
  partitions(topic: string, reading?: Reading): Promise<readonly Partition[]>;
  partition(topic: string, id: number, reading?: Reading): Promise<Partition>;
  replicas(topic: string, id: number, reading?: Reading): Promise<readonly Replica[]>;
  /** Of all topics, which of their partitions are not as they should be. */
  health(reading?: Reading): Promise<readonly TopicHealth[]>;
}

/** A topic, and the ids of those partitions that are not as they should be; in every list, ascending. */
export interface TopicHealth {
  readonly topic_name: string;
  readonly topic_id: string;
  readonly partitions_count: number;
  /** Without a leader. */
  readonly offline: readonly number[];
  /** With a replica that is not in sync, one that is being added set aside. */
  readonly under_replicated: readonly number[];
  /** Led, but not by their preferred leader. */
  readonly not_preferred: readonly number[];
  /** On their way to other replicas. */
  readonly reassigning: readonly number[];
}

export const topicsOf = ({ list, read, write }: ClusterCalls): Topics => ({
  list: (reading) => list(["topics"], reading),
  get: (topic, reading) => read(["topics", topic], reading),
  create: async (body, asking) => (await write<Topic>(["topics"], { body }, asking)).body,
  grow: async (topic, count, asking) => {
    const body = { partitions_count: count };
    return (await write<Topic>(["topics", topic], { method: "PATCH", body }, asking)).body;
  },
  delete: async (topic, asking) => {
    await write(["topics", topic], { method: "DELETE" }, asking);
  },
  partitions: (topic, reading) => list(["topics", topic, "partitions"], reading),
  partition: (topic, id, reading) => read(["topics", topic, "partitions", id], reading),
  replicas: (topic, id, reading) => list(["topics", topic, "partitions", id, "replicas"], reading),
  health: (reading) => list(["topics", "-", "partitions", "-", "health"], reading),
});
