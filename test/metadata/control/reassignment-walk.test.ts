/**
 * A partition that is moved, moved elsewhere on the way, given up and completed in any order, while brokers come and
 * go: it never has more replicas than before once the move is over, giving it up restores those from before it began,
 * completing it leaves those asked for last, and the laws of change hold at every step (`lawfullyReplayed`).
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isActiveBroker } from "../../../src/metadata/image/cluster-image.ts";
import type { Partition } from "../../../src/metadata/image/partition.ts";
import { partitionAt } from "../../../src/metadata/image/topics-image.ts";
import { officeOf, type Office } from "../office.ts";
import { brokerEpoch, topicIdOf } from "../world.ts";

const FACTOR = 3;
const broker = fc.integer({ min: 0, max: 6 });

type Action =
  | { readonly kind: "move"; readonly target: readonly number[] }
  | { readonly kind: "cancel" }
  /** The leader proposes those of `isr` that may be in it, and itself. */
  | { readonly kind: "propose"; readonly isr: readonly number[] }
  | { readonly kind: "fence" | "unfence"; readonly brokerId: number };

const all = [0, 1, 2, 3, 4, 5, 6];
const action: fc.Arbitrary<Action> = fc.oneof(
  fc
    .uniqueArray(broker, { minLength: FACTOR, maxLength: FACTOR })
    .map((target): Action => ({ kind: "move", target })),
  fc.constant<Action>({ kind: "cancel" }),
  fc.subarray(all).map((isr): Action => ({ kind: "propose", isr })),
  fc.constant<Action>({ kind: "propose", isr: all }),
  broker.map((brokerId): Action => ({ kind: "fence", brokerId })),
  broker.map((brokerId): Action => ({ kind: "unfence", brokerId })),
);

function partitionOf(office: Office): Partition {
  const found = partitionAt(office.view.topics, topicIdOf(0), 0);
  if (found === undefined) throw new Error("t-0 is gone");
  return found;
}

const isMoved = ({ addingReplicas, removingReplicas }: Partition): boolean =>
  addingReplicas.length + removingReplicas.length > 0;

function act(office: Office, asked: Action): void {
  switch (asked.kind) {
    case "move":
    case "cancel": {
      const replicas = asked.kind === "move" ? asked.target : null;
      office.ask("AlterPartitionReassignments", {
        allowReplicationFactorChange: false,
        topics: [{ name: "t", partitions: [{ partitionIndex: 0, replicas }] }],
      });
      return;
    }
    case "propose": {
      const { leader, leaderEpoch, partitionEpoch, replicas } = partitionOf(office);
      const members = replicas.filter(
        (id) =>
          id === leader || (asked.isr.includes(id) && isActiveBroker(office.view.cluster, id)),
      );
      const partition = {
        partitionIndex: 0,
        leaderEpoch,
        partitionEpoch,
        newIsr: [],
        leaderRecoveryState: 0,
        newIsrWithEpochs: members.map((id) => ({ brokerId: id, brokerEpoch: brokerEpoch(id) })),
      };
      office.ask("AlterPartition", {
        brokerId: leader,
        brokerEpoch: brokerEpoch(leader),
        topics: [{ topicId: topicIdOf(0), partitions: [partition] }],
      });
      return;
    }
    case "fence":
    case "unfence":
      office.heartbeat(asked.brokerId, { wantFence: asked.kind === "fence" });
  }
}

const sorted = (ids: readonly number[]): readonly number[] => ids.toSorted((a, b) => a - b);

test("a move ends with the replicas asked for last, or with those from before it", () => {
  const seen = { cancelled: 0, completed: 0, changed: 0 };
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
      const office = officeOf({ brokers: all.join(" "), topics: { t: ["0,1,2 / 0,1,2 / 0"] } });
      let home: readonly number[] = [0, 1, 2];
      let target = home;
      for (const asked of actions) {
        const before = partitionOf(office);
        act(office, asked);
        const after = partitionOf(office);
        if (asked.kind === "move") target = sorted(asked.target);
        if (isMoved(after)) {
          if (asked.kind === "move" && isMoved(before)) seen.changed += 1;
          expect(sorted(after.replicas.filter((id) => !after.addingReplicas.includes(id)))).toEqual(
            home,
          );
          continue;
        }
        expect(after.replicas).toHaveLength(FACTOR);
        if (asked.kind === "cancel") {
          if (isMoved(before)) seen.cancelled += 1;
          expect(sorted(after.replicas)).toEqual(home);
        } else if (isMoved(before)) {
          seen.completed += 1;
          expect(sorted(after.replicas)).toEqual(target);
        }
        home = sorted(after.replicas);
      }
    }),
    { numRuns: 600 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(50);
});
