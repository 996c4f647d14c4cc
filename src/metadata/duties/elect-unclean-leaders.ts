/**
 * Elections for partitions without a leader where the topic has come to allow unclean ones (KAFKA-12670). A clean
 * leader is taken where there is one: an unfencing that met the bound of its batch has left some to find.
 */
import { isActiveBroker } from "../image/cluster-image.ts";
import { electablePartitions } from "../image/topics-image.ts";
import { partitionChanger } from "../partitions/partition-rules.ts";
import type { Duty } from "./duty.ts";
import { sweep, type SweepReport } from "./elections.ts";

export const electUncleanLeaders: Duty<SweepReport> = {
  name: "elect-unclean-leaders",
  rule: (view) => {
    const change = partitionChanger(view);
    const isActive = (brokerId: number): boolean => isActiveBroker(view.cluster, brokerId);
    return sweep(electablePartitions(view.topics, isActive), (row) =>
      change(row, {}, { election: "configured" }),
    );
  },
};
