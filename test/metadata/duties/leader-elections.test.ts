import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import { balancePartitionLeaders } from "../../../src/metadata/duties/balance-partition-leaders.ts";
import { electUncleanLeaders } from "../../../src/metadata/duties/elect-unclean-leaders.ts";
import type { SweepReport } from "../../../src/metadata/duties/elections.ts";
import type { ControlResult } from "../../../src/metadata/control/operation.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import type { Partition } from "../../../src/metadata/image/partition.ts";
import { allPartitions } from "../../../src/metadata/image/topics-image.ts";
import { partitionChanger } from "../../../src/metadata/partitions/partition-rules.ts";
import { contextFor, lawfullyReplayed, line, world } from "../world.ts";

const lines = (view: MetadataImage, count: number): string[] =>
  Array.from({ length: count }, (_, p) => line(view, "foo", p));

const manyOf = (partition: string): MetadataImage =>
  world({
    brokers: "0 1",
    topics: { foo: Array.from({ length: BOUNDED_BATCH_RECORDS + 2 }, () => partition) },
  });

const balance = (view: MetadataImage): ControlResult<SweepReport> =>
  balancePartitionLeaders.rule(view, contextFor(view));
const elect = (view: MetadataImage): ControlResult<SweepReport> =>
  electUncleanLeaders.rule(view, contextFor(view));

describe("the periodic sweeps", () => {
  const view = world({
    brokers: "0 1 2f",
    topics: {
      foo: ["0,1 / 0,1 / 1", "1,0 / 1,0 / 1", "0,1 / 1 / 1", "2,1 / 2 / -1", "1,0 / 1,0 / 0"],
      bar: ["2,0 / 2 / -1"],
    },
    configs: { "topic:bar": { "unclean.leader.election.enable": "true" } },
  });

  test("give leadership back to preferred replicas that are in sync", () => {
    const { records, response } = balance(view);
    expect(response).toEqual({ isBounded: false });
    const balanced = lawfullyReplayed(view, records);
    expect(lines(balanced, 5).map((text) => text.split(" / ")[2])).toEqual([
      "0",
      "1",
      "1",
      "-1",
      "1",
    ]);
    expect(balance(balanced).records).toEqual([]);
  });

  test("elect uncleanly where the topic allows it, and only there", () => {
    const swept = lawfullyReplayed(view, elect(view).records);
    expect(line(swept, "bar")).toBe("2,0 / 0 / 0 / 1 / 1 ; recovering");
    expect(line(swept, "foo", 3)).toBe("2,1 / 2 / -1 / 0 / 0");
  });

  test("elect cleanly whatever an unfencing has left", () => {
    const left = world({ brokers: "0 1", topics: { foo: ["0,1 / 1 / -1", "0,1 / 1 / 1"] } });
    const { records } = elect(left);
    expect(lines(lawfullyReplayed(left, records), 2)).toEqual([
      "0,1 / 1 / 1 / 1 / 1",
      "0,1 / 1 / 1 / 0 / 0",
    ]);
  });

  test("stop where a batch is full and say that more is left", () => {
    for (const [sweep, large] of [
      [balance, manyOf("0,1 / 0,1 / 1")],
      [elect, manyOf("0,1 / 0,1 / -1")],
    ] as const) {
      const first = sweep(large);
      expect(first.records).toHaveLength(BOUNDED_BATCH_RECORDS);
      expect(first.response).toEqual({ isBounded: true });
      const rest = sweep(lawfullyReplayed(large, first.records));
      expect(rest.records).toHaveLength(2);
      expect(rest.response).toEqual({ isBounded: false });
    }
  });
});

/** Every state that a partition of three replicas may be in while these brokers are there, or are not. */
function statesWith(brokers: string): readonly string[] {
  const isrs = [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]];
  const there = brokers.split(" ").filter((word) => /^\d$/.test(word));
  return isrs.flatMap((isr) =>
    [-1, ...isr.filter((id) => there.includes(`${id}`))].flatMap((leader) =>
      ["0,1,2", "2,1,0", "1,0,2"].map((replicas) => `${replicas} / ${isr.join(",")} / ${leader}`),
    ),
  );
}

test("the sweeps elect in every partition that an election would change, and in no other", () => {
  const states = ["", "f", "s"];
  const worlds = states.flatMap((a) =>
    states.flatMap((b) => states.map((c) => `0${a} 1${b} 2${c}`)),
  );
  for (const brokers of worlds) {
    for (const isUnclean of [false, true]) {
      const view = world({
        brokers,
        topics: { foo: statesWith(brokers) },
        configs: { "topic:foo": { "unclean.leader.election.enable": `${isUnclean}` } },
      });
      const change = partitionChanger(view);
      const elected = (
        election: "preferred" | "configured",
        isAsked: (row: Partition) => boolean,
      ) =>
        [...allPartitions(view.topics)]
          .filter(({ partition }) => isAsked(partition))
          .map((row) => change(row, {}, { election }))
          .filter((record) => record !== null);
      const imbalanced = elected("preferred", ({ leader, replicas }) => leader !== replicas[0]);
      expect(balance(view).records).toEqual(imbalanced);
      expect(elect(view).records).toEqual(elected("configured", ({ leader }) => leader === -1));
    }
  }
});
