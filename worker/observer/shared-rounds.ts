/**
 * Reads of one cluster that come at the same time share what they ask: one round is under way in an isolate, and
 * whoever comes meanwhile waits for the next one, which begins when this one ends. So nobody is given what was asked
 * before he came, and a controller is asked by one at a time, however many read.
 */
import { holding } from "../holding.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";
import { awaited, wake, type Awaiting } from "./awaited.ts";

interface Round {
  readonly number: number;
  readonly beganMs: number;
  state: "under way" | "done" | "failed";
  failure: Problem | undefined;
}

interface Rounds {
  last: Round | undefined;
  readonly waiting: Awaiting;
}

/** A round that takes longer is taken for lost, and the next one begins. */
const LOST_MS = 10_000;
const LOOK_MS = 1_000;
const CLUSTERS_MAX = 1_000;

const all = new Recent<Rounds>(CLUSTERS_MAX);

/**
 * Runs `work`, or waits until a round of that name has ended that began after this call. Throws what that one threw. A
 * round ends with the client of its `signal`, and the next one begins.
 */
export async function inOneRound(
  name: string,
  work: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const rounds = roundsOf(name);
  // A round that is under way began before.
  const from = (rounds.last?.number ?? 0) + 1;
  for (;;) {
    const { last } = rounds;
    if (last === undefined || !isUnderWay(last)) {
      if (last === undefined || last.number < from || last.state === "under way")
        return await run(rounds, work, signal);
      if (last.failure !== undefined) throw last.failure.again();
      // One that was given up, or met a defect, has brought nothing.
      if (last.state === "done") return;
      return await run(rounds, work, signal);
    }
    await awaited(rounds.waiting, LOOK_MS, signal);
  }
}

function roundsOf(name: string): Rounds {
  const known = all.get(name);
  if (known !== undefined) return known;
  const fresh: Rounds = { last: undefined, waiting: new Set() };
  all.set(name, fresh);
  return fresh;
}

const isUnderWay = ({ state, beganMs }: Round): boolean =>
  state === "under way" && Date.now() - beganMs <= LOST_MS;

async function run(
  rounds: Rounds,
  work: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const number = (rounds.last?.number ?? 0) + 1;
  const own: Round = { number, beganMs: Date.now(), state: "under way", failure: undefined };
  rounds.last = own;
  const working = async (): Promise<void> => {
    try {
      await work();
      own.state = "done";
    } catch (error) {
      if (error instanceof Problem) own.failure = error;
      throw error;
    }
  };
  await holding(signal, working, () => {
    if (own.state === "under way") own.state = "failed";
    wake(rounds.waiting);
  });
}
