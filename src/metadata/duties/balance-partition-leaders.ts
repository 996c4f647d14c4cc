/**
 * Leadership back to the preferred replicas (`auto.leader.rebalance.enable`): to the first replica of a partition,
 * wherever that one is in sync and active.
 */
import { isActiveBroker } from "../image/cluster-image.ts";
import { balanceablePartitions } from "../image/topics-image.ts";
import { partitionChanger } from "../partitions/partition-rules.ts";
import type { Duty } from "./duty.ts";
import { sweep, type SweepReport } from "./elections.ts";

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
