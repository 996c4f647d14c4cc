/** How long partitions take to recover: until others lead them, and until all replicas are in sync again. */
import { timed } from "../../local/until.ts";
import { BROKER_IDS, type Cluster } from "./cluster.ts";

const IN_SYNC_MS = 60_000;

/** Milliseconds until three replicas of each partition are in sync. */
export const inSync = (cluster: Cluster, topic: string): Promise<number> =>
  timed(() =>
    cluster.untilPartitions(
      topic,
      "three in sync",
      IN_SYNC_MS,
      ({ isr_ids: isr }) => isr.length === BROKER_IDS.length,
    ),
  );

/** Milliseconds until each partition has a leader and an ISR without that broker; rejects after `withinMs`. */
export const movedFrom = (
  brokerId: number,
  cluster: Cluster,
  { topic, withinMs }: { readonly topic: string; readonly withinMs: number },
): Promise<number> =>
  timed(() =>
    cluster.untilPartitions(
      topic,
      `leaders and ISR without broker ${brokerId}`,
      withinMs,
      ({ leader_id: leader, isr_ids: isr }) =>
        leader !== brokerId && leader >= 0 && !isr.includes(brokerId),
    ),
  );
