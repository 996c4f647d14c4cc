/**
 * `npm run sim -- --seed N [--trace]` replays one world; `npm run sim -- --seeds N [--from M]` runs many; with `--sleep`
 * quorums sleep in each of them, instead of in half;
 * `npm run sim -- --failovers N [--bail]` runs N quiet worlds of each kind of failover and no others (with `--bail`,
 * until one breaks its budget). The exit code is 1 when an invariant was violated. Everything printed for a seed is the
 * same every time, but for the line that begins with "took".
 */
import { parseArgs } from "node:util";
import { type Outcome, runSeed } from "./run.ts";
import { complaintsAbout, describeFailovers } from "./failover.ts";
import { type CampaignResult, runFailovers, runSeeds } from "./seeds.ts";
import { missedOf } from "./situations.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
    failovers: { type: "string" },
    bail: { type: "boolean", default: false },
    swarm: { type: "boolean", default: false },
    sleep: { type: "boolean", default: false },
    "budget-seconds": { type: "string", default: "3600" },
  },
});
/** A quiet world of each kind for so many worlds of the swarm. */
const WORLDS_PER_FAILOVER = 25;
const print = (line: string): void => console.log(line);
const startedAt = performance.now();
const failed = await run();
print(`took ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
process.exitCode = failed ? 1 : 0;

async function run(): Promise<boolean> {
  if (values.failovers !== undefined) return isSlow(wholeNumber(values.failovers));
  return values.seed === undefined ? many() : one(wholeNumber(values.seed));
}

function one(seed: number): boolean {
  const outcome = runSeed(seed, values.trace ? print : undefined, values.sleep);
  print(
    `seed ${seed}: ${(outcome.virtualMs / 1000).toFixed(1)} virtual seconds, trace ${outcome.traceHash}`,
  );
  printCounts(outcome.counts);
  return printVerdict(outcome);
}

async function many(): Promise<boolean> {
  const from = wholeNumber(values.from);
  const count = wholeNumber(values.seeds);
  const result = await runSeeds({
    from,
    count,
    sleeps: values.sleep,
    budgetMs: 1000 * wholeNumber(values["budget-seconds"]),
    progress: (done) => {
      if (done % 100 === 0) print(`${done} of ${count} seeds`);
    },
  });
  print(
    `${result.seeds} seeds from ${from}, ${(result.virtualMs / 3_600_000).toFixed(2)} virtual hours`,
  );
  printCounts(result.counts, result.seedsWith);
  if (printVerdict(result.failed)) return true;
  if (values.swarm) return false;
  const isBare = printMissed(result);
  return (await isSlow(Math.floor(count / WORLDS_PER_FAILOVER))) || isBare;
}

/** Measures how long a quorum is silent after one fault. True when that is too long. */
async function isSlow(perKind: number): Promise<boolean> {
  if (perKind === 0) return false;
  print(`silence after one fault, ${perKind} quiet worlds each, in ms:`);
  print(`  ${"".padEnd(24)}   p50    p99    max`);
  const kinds = (await runFailovers(perKind, values.bail)).filter(({ length }) => length > 0);
  for (const failovers of kinds) print(describeFailovers(failovers));
  const complaints = kinds.flatMap((failovers) => complaintsAbout(failovers));
  for (const complaint of complaints.slice(0, 5)) print(`a budget is broken: ${complaint}`);
  return complaints.length > 0;
}

/** A run of many seeds in which something never happened has proved nothing of it. True when that is so. */
function printMissed(result: CampaignResult): boolean {
  const missed = missedOf(result);
  for (const situation of missed) print(`never met: ${situation}`);
  return missed.length > 0;
}

/** How often everything happened, and in how many seeds. */
function printCounts(
  counts: Readonly<Record<string, number>>,
  seedsWith: Readonly<Record<string, number>> = {},
): void {
  for (const [what, times] of Object.entries(counts)) {
    const seeds = seedsWith[what] === undefined ? "" : `in ${seedsWith[what]}`;
    print(`  ${what.padEnd(60)}${`${times}`.padEnd(10)}${seeds}`.trimEnd());
  }
}

/** Prints what went wrong and how to see it again; true when something did. */
function printVerdict(outcome: Outcome | undefined): boolean {
  if (outcome?.complaint === undefined) {
    print("no violation");
    return false;
  }
  const { seed, complaint, tail } = outcome;
  for (const line of tail) print(line);
  print(`seed ${seed} violates ${complaint.checker}: ${complaint.sentence}`);
  print(`replay: npm run sim -- --seed ${seed}${values.sleep ? " --sleep" : ""} --trace`);
  return true;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`expected a whole number, got "${text}"`);
  return process.exit(2);
}
