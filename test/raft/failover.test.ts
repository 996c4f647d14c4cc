/**
 * How long a quorum is without a committing leader after its leader was lost, in virtual time over many seeds. The
 * bounds are budgets: what a rule costs too much is seen here, and not first by a broker.
 */
import { describe, expect, test } from "vitest";
import { Quorum, configOf } from "./quorum-driver.ts";

const SEEDS = 40;
const STEP_MS = 5;

type Loss = "killed" | "hung" | "after its goodbye";

/** For each seed, the time to a committing leader, and whether more than one epoch was needed. */
function lose(
  voters: number,
  loss: Loss,
): readonly { readonly ms: number; readonly split: boolean }[] {
  const ids = Array.from({ length: voters }, (_, at) => at + 1);
  return Array.from({ length: SEEDS }, (_, at) => {
    const quorum = new Quorum(at + 1);
    quorum.trace = new Set();
    for (const id of ids) quorum.add(id, configOf(id, ids));
    for (const id of ids) quorum.boot(id);
    // Somewhere within the beat of the followers' fetches.
    quorum.pass(8_000 + ((at * 37) % 500));
    const leader = ids.find((id) => leads(quorum, id)) ?? 0;
    const before = quorum.node(leader).state?.election.epoch ?? 0;
    const since = quorum.now;
    if (loss === "killed") quorum.kill(leader);
    if (loss === "after its goodbye") {
      quorum.take(leader, { kind: "resign", now: quorum.now, epoch: before });
      quorum.pass(6);
    }
    quorum.crash(leader);
    while (quorum.now - since < 20_000) {
      quorum.pass(STEP_MS);
      const next = ids.find((id) => id !== leader && leads(quorum, id));
      if (next === undefined) continue;
      const split = (quorum.node(next).state?.election.epoch ?? 0) > before + 1;
      return { ms: quorum.now - since, split };
    }
    throw new Error(`seed ${at + 1}: no leader commits`);
  });
}

function leads(quorum: Quorum, id: number): boolean {
  const role = quorum.node(id).state?.role;
  return role?.kind === "leader" && role.highWatermark !== null;
}

describe("without its leader a quorum commits again", () => {
  test.each([
    { voters: 3, loss: "killed", medianMs: 70, maxMs: 70 },
    { voters: 5, loss: "killed", medianMs: 70, maxMs: 70 },
    { voters: 3, loss: "after its goodbye", medianMs: 50, maxMs: 50 },
    { voters: 5, loss: "after its goodbye", medianMs: 50, maxMs: 50 },
    { voters: 3, loss: "hung", medianMs: 1_900, maxMs: 2_200 },
    { voters: 5, loss: "hung", medianMs: 1_900, maxMs: 2_400 },
  ] as const)(
    "$voters voters, leader $loss: in $maxMs ms at the most",
    ({ voters, loss, medianMs, maxMs }) => {
      const runs = lose(voters, loss);
      const times = runs.map(({ ms }) => ms).toSorted((left, right) => left - right);
      expect(runs.filter(({ split }) => split)).toEqual([]);
      expect(times[SEEDS >> 1]).toBeLessThanOrEqual(medianMs);
      expect(times.at(-1)).toBeLessThanOrEqual(maxMs);
    },
  );
});
