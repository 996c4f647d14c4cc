/** Elections of partition leaders by hand (KIP-183, KIP-460). */
import type { Asking, ClusterCalls, Listed } from "./cluster-calls.ts";

export interface ElectedPartition {
  readonly topic_name: string;
  readonly partition_id: number;
  /** Kafka's name of why no leader was elected, as ELECTION_NOT_NEEDED; null where one was. */
  readonly error: string | null;
  readonly message: string | null;
}

export interface ElectionWish {
  /** UNCLEAN may lose what was acknowledged. */
  readonly type: "PREFERRED" | "UNCLEAN";
  /** Null: all. */
  readonly partitions:
    | readonly { readonly topic_name: string; readonly partition_ids: readonly number[] }[]
    | null;
}

export interface LeaderElections {
  /** A second time finds nothing to do, and says so of each partition. */
  elect(wish: ElectionWish, asking?: Asking): Promise<readonly ElectedPartition[]>;
}

export const leaderElectionsOf = ({ write }: ClusterCalls): LeaderElections => ({
  elect: async ({ type, partitions }, asking) => {
    const body = { election_type: type, topic_partitions: partitions };
    const change = { body, repeatable: type === "PREFERRED" };
    const answer = await write<Listed<ElectedPartition>>(["leader-elections"], change, asking);
    return answer.body.data;
  },
});
