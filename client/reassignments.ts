/** Partitions on their way to other replicas (KIP-455). */
import type { Asking, ClusterCalls, Reading } from "./cluster-calls.ts";

export interface Reassignment {
  readonly topic_name: string;
  readonly partition_id: number;
  readonly adding_replicas: readonly number[];
  readonly removing_replicas: readonly number[];
}

export interface Reassignments {
  /** All that are under way, or those of one topic. */
  list(topic?: string, reading?: Reading): Promise<readonly Reassignment[]>;
  /** Both lists are empty where none is under way. */
  get(topic: string, partition: number, reading?: Reading): Promise<Reassignment>;
  /** Begins one, or changes the one under way; the preferred leader first. Null cancels it. */
  set(
    place: { readonly topic: string; readonly partition: number },
    replicas: readonly number[] | null,
    asking?: Asking,
  ): Promise<Reassignment>;
}

export const reassignmentsOf = ({ list, read, write }: ClusterCalls): Reassignments => ({
  list: (topic = "-", reading) =>
    list(["topics", topic, "partitions", "-", "reassignment"], reading),
  get: (topic, partition, reading) =>
    read(["topics", topic, "partitions", partition, "reassignment"], reading),
  set: async ({ topic, partition }, replicas, asking) => {
    const path = ["topics", topic, "partitions", partition, "reassignment"];
    // A cancellation that was executed finds nothing to cancel, and is refused.
    const change = { body: { replicas }, repeatable: replicas !== null };
    return (await write<Reassignment>(path, change, asking)).body;
  },
});
