import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import { balancePartitionLeaders } from "../../../src/metadata/duties/balance-partition-leaders.ts";
import { electUncleanLeaders } from "../../../src/metadata/duties/elect-unclean-leaders.ts";
import type { SweepReport } from "../../../src/metadata/duties/elections.ts";
import type { ControlResult } from "../../../src/metadata/control/operation.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
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
