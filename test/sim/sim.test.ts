/**
 * The simulator in the test run: a few fixed worlds, a fresh one, and the promise that a seed is a run. Long
 * campaigns are `npm run sim -- --seeds N`.
 */
import { describe, expect, test } from "vitest";
import { FAILOVER_KINDS, measureFailover } from "./failover.ts";
import { Tally } from "./faults.ts";
import { runSeed } from "./run.ts";
import { missedOf } from "./situations.ts";

const FIXED = Array.from({ length: 40 }, (_, index) => index + 1);

/** What people need to see when a seed fails. */
function expectNoViolation(seed: number): Readonly<Record<string, number>> {
  const { complaint, tail, counts } = runSeed(seed);
  const story = [...tail, `replay: npm run sim -- --seed ${seed} --trace`].join("\n");
  expect(complaint, story).toBeUndefined();
  return counts;
}

function linesOf(seed: number): readonly string[] {
  const lines: string[] = [];
  runSeed(seed, (line) => lines.push(line));
  return lines;
}

describe("a simulated quorum", () => {
  test("keeps every invariant in forty fixed worlds, in which every kind of fault strikes", () => {
    const tally = new Tally();
    for (const seed of FIXED) tally.add(expectNoViolation(seed));
    const happened = [
      "elections",
      "writes committed",
      "fetches of brokers",
      "packets late",
      "packets doubled",
      "packets lost",
    ];
    const faults = [
      "fault: blackout",
      "fault: caller gone",
      "fault: clock ahead",
      "fault: clock back",
      "fault: crash after commit",
      "fault: crash before commit",
      "fault: cut halves",
      "fault: cut inbound",
      "fault: cut outbound",
      "fault: cut pair",
      "fault: eviction",
      "fault: failed commit",
      "fault: resignation",
      "fault: zombie",
      "fault: pause",
      "fault: overload",
      "fault: disk full",
      "fault: timer late",
      "truncations",
      "ISR proposal: NONE",
    ];
    expect([...happened, ...faults].filter((what) => tally.of(what) < 10)).toEqual([]);
    const counts = tally.toRecord();
    expect(missedOf({ seeds: FIXED.length, counts, seedsWith: {} })).toEqual([]);
  }, 300_000);

  test("keeps every invariant in a world that nobody has seen before", () => {
    const seed = 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
    console.log(`fresh seed ${seed}`);
    expectNoViolation(seed);
  });

  test("takes the same steps whenever its seed is the same, and others when it is not", () => {
    expect(runSeed(7)).toEqual(runSeed(7));
    expect(runSeed(8).traceHash).not.toBe(runSeed(7).traceHash);
  });

  test("prints the same lines for the same seed", () => {
    const once = linesOf(9);
    expect(once.length).toBeGreaterThan(1_000);
    expect(linesOf(9)).toEqual(once);
  });

  test("has proved nothing if something that it is there for never came up", () => {
    expect(missedOf({ seeds: 39, counts: {}, seedsWith: {} })).toEqual([]);
    const few = missedOf({ seeds: 40, counts: { elections: 7 }, seedsWith: { elections: 7 } });
    expect(few).toContain("truncations");
    expect(few).not.toContain("elections");
    const counts = { truncations: 1_000 };
    expect(missedOf({ seeds: 400, counts, seedsWith: { truncations: 39 } })).toContain(
      "truncations",
    );
    const often = missedOf({ seeds: 400, counts, seedsWith: { truncations: 40 } });
    expect(often).not.toContain("truncations");
  });

  test("takes the same steps whether it is watched or not", () => {
    expect(runSeed(9, () => undefined)).toEqual(runSeed(9));
  });
});

describe("a quorum with one fault and no other", () => {
  test.each(FAILOVER_KINDS)("keeps its budget: %s", (kind) => {
    const failovers = [1, 2, 3].map((seed) => measureFailover(kind, seed));
    expect(failovers.flatMap(({ complaint }) => complaint ?? [])).toEqual([]);
  });
});
