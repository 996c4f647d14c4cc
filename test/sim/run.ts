/**
 * One run: chaos, then a majority that must serve by itself, then healing and the demand that all come together in
 * bounded virtual time with all logs equal. What a run reports is a plain value, the same for the same seed.
 */
import { demandAll, demandCore } from "./availability.ts";
import { startChaos } from "./chaos.ts";
import type { Complaint } from "./checkers/checker.ts";
import { World } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  readonly complaint: Complaint | undefined;
  readonly virtualMs: number;
  /** Stands for every step of the run. */
  readonly traceHash: string;
  /** How often everything happened: steps, elections, writes, packets, faults. */
  readonly counts: Readonly<Record<string, number>>;
  /** The last lines before a complaint; empty without one. */
  readonly tail: readonly string[];
}

/** The chaos of one seed lasts this long. */
const CHAOS_MS = 60_000;

/** Where it `sleeps`, quorums sleep in that world, whatever the seed draws of it. */
export function runSeed(seed: number, watch?: (line: string) => void, sleeps = false): Outcome {
  const world = new World(seed, watch, { sleeps });
  world.start();
  startChaos(world);
  world.run(CHAOS_MS);
  if (!world.isOver) demandCore(world);
  if (!world.isOver) world.heal();
  if (!world.isOver) demandAll(world);
  if (!world.isOver) world.judgeClients();
  const { complaint, tally, trace, timeline } = world;
  tally.count("committed records", world.bench.ghost.committed.end);
  return {
    seed,
    complaint,
    virtualMs: timeline.now,
    traceHash: trace.hash,
    counts: tally.toRecord(),
    tail: complaint === undefined ? [] : trace.tail(),
  };
}
