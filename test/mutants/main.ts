/**
 * `npm run mutants [-- --only NAME] [--from NAME] [--part 1/6]`: is the simulator any good? The tree is copied aside,
 * one mistake at a time is made in the copy (`table.ts`), and the simulator runs until it objects or the budget is
 * spent; a few are put before the golden scripts, or before the tests of the controller. A mutant that survives makes
 * the run fail, and so does a line of the table that no longer fits the code. A run that does not end is ended, and
 * kills nothing.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Edit, Mutant } from "./mutant.ts";
import { complaintAbout } from "./staleness.ts";
import { MUTANTS } from "./table.ts";

/** Each mutant gets this many seeds and seconds at most. */
const SEEDS = 1_000;
const BUDGET_SECONDS = 300;
/** Quiet worlds of each kind, for the rules of failover; the first that breaks its budget is enough. */
const FAILOVERS = ["--failovers", "20", "--bail"] as const;
/** What is still at it after so long is ended. That kills no mutant: a crowded machine would kill them all. */
const RUN_SECONDS = 400;
/** As in `npm test`. */
const TEST_MS = 60_000;

interface Verdict {
  readonly mutant: Mutant;
  /** Null when it survived. */
  readonly killer: string | null;
  readonly seed: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, "..", "..");
/**
 * The tests that judge where the simulator does not: golden scripts of the core, tables of the core's and the
 * metadata's rules, the controller over its ports, and the gateway's links.
 */
const TESTS = {
  scripts: ["test/raft/scripts.test.ts"],
  rules: [
    "test/raft/kip-595.test.ts",
    "test/raft/observing.test.ts",
    "test/raft/reading.test.ts",
    "test/metadata/control/elections.test.ts",
    "test/metadata/control/reassignment-walk.test.ts",
    "test/metadata/control/batch-bound.test.ts",
    "test/metadata/control/broker-heartbeat.test.ts",
    "test/metadata/control/broker-registration.test.ts",
    "test/metadata/control/create-topics.test.ts",
    "test/metadata/control/delete-topics.test.ts",
    "test/metadata/control/controller-mutation-quota.test.ts",
    "test/metadata/quotas",
    "test/metadata/duties",
    "test/metadata/access",
    "test/metadata/authorized",
    "test/metadata/control/acls.test.ts",
    "test/metadata/control/cluster-operations.test.ts",
    "test/metadata/control/unregister-controller.test.ts",
    "test/metadata/control/alter-configs.test.ts",
    "test/metadata/control/partition-reassignments.test.ts",
    "test/metadata/control/update-features.test.ts",
    "test/metadata/partitions",
    "test/metadata/activation.test.ts",
    "test/metadata/control/delegation-tokens.test.ts",
    "test/metadata/redaction.test.ts",
  ],
  controller: ["test/controller"],
  gateway: [
    "test/gateway/heartbeat-company.test.ts",
    "test/gateway/link.test.ts",
    "test/gateway/observer.test.ts",
    "test/gateway/tail.test.ts",
    "test/gateway/standstill.test.ts",
  ],
} as const;

/** The swarm alone: quiet worlds judge the rows of `budgets`, and no few seeds meet every situation. */
const swarmOf = (seeds: number): readonly string[] => [
  "--swarm",
  "--seeds",
  `${seeds}`,
  "--budget-seconds",
  `${BUDGET_SECONDS}`,
];

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    from: { type: "string", default: "" },
    part: { type: "string", default: "1/1" },
  },
});
// What it runs stands in groups of its own, which hear of no signal.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const copy = await mkdtemp(join(tmpdir(), "kedge-mutants-"));
try {
  process.exitCode = await main();
} finally {
  await rm(copy, { recursive: true, force: true });
}

async function main(): Promise<number> {
  await prepare();
  const first = MUTANTS.findIndex(({ name }) => name.includes(values.from));
  const rows = first < 0 ? [] : MUTANTS.slice(first);
  const chosen = partOf(rows.filter(({ name }) => name.includes(values.only)));
  const stale = (await Promise.all(chosen.map((mutant) => complaintAbout(root, mutant)))).filter(
    (line) => line !== undefined,
  );
  for (const line of stale) console.error(line);
  if (stale.length > 0 || chosen.length === 0) return 1;

  const unchanged =
    (await simulate(swarmOf(20))) ??
    (await simulate(FAILOVERS)) ??
    (await runTests("scripts")) ??
    (await runTests("rules")) ??
    (await runTests("controller")) ??
    (await runTests("gateway"));
  if (unchanged !== undefined) {
    console.error(`the code as it is fails already: ${unchanged.killer}, seed ${unchanged.seed}`);
    return 1;
  }
  const verdicts: Verdict[] = [];
  for (const mutant of chosen) {
    // One after the other: a simulation uses every core there is.
    const verdict = await judge(mutant);
    verdicts.push(verdict);
    console.log(lineOf(verdict));
  }
  return summary(verdicts);
}

/** Every eighth row, say, beginning at one of the first eight, where an eighth of them is asked for. */
function partOf(rows: readonly Mutant[]): readonly Mutant[] {
  const [part = 0, parts = 0] = values.part.split("/").map(Number);
  if (!(part >= 1 && part <= parts)) throw new Error(`--part ${values.part} is not as 1/8`);
  return rows.filter((_, index) => index % parts === part - 1);
}

/** Copies what a simulation needs. */
async function prepare(): Promise<void> {
  await cp(join(root, "src"), join(copy, "src"), { recursive: true });
  await cp(join(root, "durable-objects"), join(copy, "durable-objects"), { recursive: true });
  await cp(join(root, "gateway"), join(copy, "gateway"), { recursive: true });
  for (const room of [
    "fixtures",
    "sim",
    "linearizability",
    "raft",
    "controller",
    "metadata",
    "protocol",
    "gateway",
  ])
    await cp(join(root, "test", room), join(copy, "test", room), { recursive: true });
  await cp(join(root, "tsconfig.base.json"), join(copy, "tsconfig.base.json"));
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await writeFile(join(copy, "package.json"), '{ "type": "module" }\n');
}

async function judge(mutant: Mutant): Promise<Verdict> {
  const startedAt = performance.now();
  for (const edit of mutant.edits) await apply(edit);
  const violation = await judgeOf(mutant).catch(brokenDown);
  for (const { file } of mutant.edits) await cp(join(root, file), join(copy, file));
  const seconds = (performance.now() - startedAt) / 1000;
  return { mutant, killer: violation?.killer ?? null, seed: violation?.seed ?? "-", seconds };
}

/** A mutant that cannot be run is none, and is counted with the survivors: the others are judged all the same. */
function brokenDown(error: unknown): undefined {
  console.error(error instanceof Error ? error.message : String(error));
  return undefined;
}

function judgeOf({ witness }: Mutant): Promise<Violation | undefined> {
  switch (witness) {
    case "budgets":
      return simulate(FAILOVERS);
    case "golden":
      return runTests("scripts");
    case "rules":
    case "controller":
    case "gateway":
      return runTests(witness);
    default:
      return simulate(swarmOf(SEEDS));
  }
}

async function apply({ file, find, replace }: Edit): Promise<void> {
  const path = join(copy, file);
  const text = await readFile(path, "utf8");
  await writeFile(
    path,
    text.replace(find, () => replace),
  );
}

interface Violation {
  readonly killer: string;
  readonly seed: string;
}

/** Runs the simulator in the copy; what it objected to, if it did. */
async function simulate(flags: readonly string[]): Promise<Violation | undefined> {
  const { code, output } = await run([join("test", "sim", "main.ts"), ...flags]);
  if (code === 0) return undefined;
  if (output.includes("\na budget is broken: ")) return { killer: "budgets", seed: "-" };
  const [, seed, killer] = /^seed (\d+) violates ([^:]+):/m.exec(output) ?? [];
  // A mutant that cannot run is no mutant: its line in the table is wrong.
  if (seed === undefined || killer === undefined) {
    throw new Error(`the simulator broke down:\n${output.slice(-2_000)}`);
  }
  return { killer, seed };
}

/** Runs a suite of tests in the copy. */
async function runTests(suite: keyof typeof TESTS): Promise<Violation | undefined> {
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  // The copy has no configuration, and a machine that does other work takes longer than vitest waits by itself.
  const flags = ["run", "--bail", "1", "--testTimeout", String(TEST_MS)];
  const { code, output } = await run([vitest, ...flags, ...TESTS[suite]]);
  if (code === 0) return undefined;
  // A file that does not even load fails no test.
  if (!/Tests[^\n]*\d+ failed|mismatched/.test(output)) {
    throw new Error(`the ${suite} broke down:\n${output.slice(-2_000)}`);
  }
  return { killer: suite, seed: "-" };
}

/** Runs a script of the copy under this very Node. Throws when it had to be ended, with all that it had begun. */
async function run(
  command: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(process.execPath, command, {
    cwd: copy,
    // Without CI, vitest would write the snapshots that it is to compare.
    env: { ...process.env, CI: "true" },
    // A group of its own: what it begins ends with it.
    detached: true,
  });
  const { pid } = child;
  const end = (): void => {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  };
  const limit = setTimeout(end, 1_000 * RUN_SECONDS);
  process.once("exit", end);
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (output += data.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(limit);
  process.off("exit", end);
  if (code === null) throw new Error(`not at its end after ${RUN_SECONDS} s: ${command.join(" ")}`);
  return { code, output };
}

function lineOf({ mutant, killer, seed, seconds }: Verdict): string {
  const verdict = killer === null ? "SURVIVED" : `killed by ${killer}`;
  const surprise =
    killer === null || mutant.killers.includes(killer)
      ? ""
      : ` (expected ${mutant.killers.join(" or ")})`;
  return `${mutant.name.padEnd(60)} ${verdict.padEnd(36)} seed ${seed.padEnd(5)} ${seconds.toFixed(1).padStart(5)} s${surprise}`;
}

/** The number that counts is of those which something saw that stands apart from what it judges. */
function summary(verdicts: readonly Verdict[]): number {
  const survivors = verdicts.filter(({ killer }) => killer === null);
  const killed = verdicts.filter(({ killer }) => killer !== null);
  const by = (witness: Mutant["witness"]): number =>
    killed.filter(({ mutant }) => mutant.witness === witness).length;
  const outside = killed.length - by("assertion") - by("golden");
  console.log(`${outside} mutants killed from outside, of ${verdicts.length} in all`);
  console.log(`${killed.length} of ${verdicts.length} mutants killed:`);
  console.log(`  ${by(undefined)} by the simulator's checkers`);
  console.log(`  ${by("budgets")} by the budgets of its quiet worlds`);
  console.log(`  ${by("rules")} by tables of what each operation should answer`);
  console.log(`  ${by("controller")} by tests of the controller over its ports`);
  console.log(`  ${by("gateway")} by tests of the gateway's links`);
  console.log(`  ${by("assertion")} by the code's own assertions alone`);
  console.log(`  ${by("golden")} by golden scripts, which any change of behaviour kills`);
  for (const { mutant } of survivors) console.log(`survived: ${mutant.name} (${mutant.breaks})`);
  return survivors.length === 0 ? 0 : 1;
}
