/**
 * Leadership back to the preferred replicas (`auto.leader.rebalance.enable`): to the first replica of a partition,
 * wherever that one is in sync and active.
 */
import { isActiveBroker } from "../image/cluster-image.ts";
import { balanceablePartitions } from "../image/topics-image.ts";
import { partitionChanger } from "../partitions/partition-rules.ts";
import type { Duty } from "./duty.ts";
import { sweep, type SweepReport } from "./elections.ts";

/** `leader.imbalance.check.interval.seconds`; also `unclean.leader.election.interval.ms`. */
export const LEADER_BALANCE_INTERVAL_MS = 300_000;

export const balancePartitionLeaders: Duty<SweepReport> = {
  name: "balance-partition-leaders",
  rule: (view) => {
    const change = partitionChanger(view);
    const isActive = (brokerId: number): boolean => isActiveBroker(view.cluster, brokerId);
    return sweep(balanceablePartitions(view.topics, isActive), (row) =>
      change(row, {}, { election: "preferred" }),
    );
  },
};
