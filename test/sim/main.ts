/**
 * `npm run sim -- --seed N [--trace]` replays one world; `npm run sim -- --seeds N [--from M]` runs many. The
 * exit code is 1 when an invariant was violated. Everything printed for a seed is the same every time, but
 * for the line that begins with "took".
 */
import { parseArgs } from "node:util";
import { type Outcome, runSeed } from "./run.ts";
import { runSeeds } from "./seeds.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
    "budget-seconds": { type: "string", default: "3600" },
  },
});
const print = (line: string): void => console.log(line);
const startedAt = performance.now();
const failed = values.seed === undefined ? await many() : one(wholeNumber(values.seed));
print(`took ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
process.exitCode = failed ? 1 : 0;

function one(seed: number): boolean {
  const outcome = runSeed(seed, values.trace ? print : undefined);
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
    budgetMs: 1000 * wholeNumber(values["budget-seconds"]),
    progress: (done) => {
      if (done % 100 === 0) print(`${done} of ${count} seeds`);
    },
  });
  print(
    `${result.seeds} seeds from ${from}, ${(result.virtualMs / 3_600_000).toFixed(2)} virtual hours`,
  );
  printCounts(result.counts);
  return printVerdict(result.failed);
}

function printCounts(counts: Readonly<Record<string, number>>): void {
  for (const [what, times] of Object.entries(counts)) print(`  ${what.padEnd(40)}${times}`);
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
  print(`replay: npm run sim -- --seed ${seed} --trace`);
  return true;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`expected a whole number, got "${text}"`);
  return process.exit(2);
}
