/**
 * `npm run porcupine`: the checker's verdicts and those of porcupine, a checker of others, on drawn histories. A row is
 * one kind of history; it passes when every verdict is the same, and no history is bad in which there is no damage. The
 * run fails as well when fewer than 500 histories were compared, or when nearly all of them had one verdict. It needs
 * Go; the module comes from Go's own proxy.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkLinearizable, type Verdict } from "../checker.ts";
import { damaged, DAMAGES, type Damage } from "../damage.ts";
import { drawHistory } from "../histories.ts";
import type { Model } from "../model.ts";
import type { Operation } from "../operation.ts";
import { register } from "../register.ts";
import { topicsOf } from "../topic.ts";
import { drawsOf, registers, topicAdministration, type Workload } from "../workloads.ts";

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
  },
});

/** What counts as a comparison at all. */
const HISTORIES_MIN = 500;
/** As many of the histories as have the rarer verdict, at least. */
const RARER_MIN = 0.2;

/** What is put into a history; half of all have none. */
const KINDS = ["whole", "a write lost", ...DAMAGES] as const;
type Kind = (typeof KINDS)[number];

/** One history: what it is asked with, and what was found here. */
interface Asked {
  readonly line: string;
  readonly verdict: Verdict["kind"];
}

interface Row {
  readonly title: string;
  readonly kind: Kind;
  readonly asked: readonly Asked[];
}

const rows = [
  ...KINDS.map((kind) => rowOf("register", kind)),
  ...KINDS.map((kind) => rowOf("topic", kind)),
];
const answers = await porcupineOn(rows.flatMap(({ asked }) => asked.map(({ line }) => line)));
let failed = 0;
let at = 0;
for (const { title, kind, asked } of rows) {
  const theirs = answers.slice(at, at + asked.length);
  at += asked.length;
  const odd = asked.findIndex(({ verdict }, index) => verdict !== theirs[index]);
  const bad = badIn(asked);
  const isSound = kind !== "whole" || bad === 0;
  const isPassed = odd < 0 && isSound;
  console.log(`${isPassed ? "pass" : "FAIL"}  ${title}: ${asked.length} histories, ${bad} bad`);
  if (!isPassed) failed += 1;
  if (odd < 0) continue;
  console.log(`  here ${asked[odd]?.verdict}, porcupine ${theirs[odd]}: ${asked[odd]?.line}`);
}
const all = rows.flatMap(({ asked }) => asked);
const bad = badIn(all);
const isShown =
  all.length >= HISTORIES_MIN && Math.min(bad, all.length - bad) >= RARER_MIN * all.length;
console.log(`${isShown ? "pass" : "FAIL"}  ${all.length} histories in all, ${bad} bad`);
if (!isShown) failed += 1;
console.log(`${rows.length + 1 - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function badIn(asked: readonly Asked[]): number {
  return asked.filter(({ verdict }) => verdict === "not-linearizable").length;
}

/** Half of all histories are whole; the other half is shared by the damages. */
function rowOf(model: "register" | "topic", kind: Kind): Row {
  const half = Math.ceil(Number(values.histories) / 4);
  const count = kind === "whole" ? half : Math.ceil(half / (KINDS.length - 1));
  const asked = Array.from({ length: count }, (_, index) => {
    const seed = Number(values.seed) * 1_000_003 + index * KINDS.length + KINDS.indexOf(kind);
    return model === "register"
      ? asking(model, () => register, registers(2), kind, seed)
      : asking(model, topicsOf, topicAdministration(2), kind, seed);
  });
  return { title: `${model}, ${kind}`, kind, asked };
}

function asking<World, State, Input extends { readonly kind: string }, Output>(
  name: string,
  modelOf: (history: readonly Operation<Input, Output>[]) => Model<State, Input, Output>,
  workload: Workload<World, Input, Output>,
  kind: Kind,
  seed: number,
): Asked {
  const history = drawn({ workload, keyOf: modelOf([]).keyOf }, kind, seed);
  const verdict = checkLinearizable(modelOf(history), history).kind;
  const clients = [...new Set(history.map(({ client }) => client))];
  const operations = history.map(({ client, callAt, returnAt, input, output }) => ({
    client: clients.indexOf(client),
    call: callAt,
    return: returnAt === Infinity ? null : returnAt,
    input,
    output,
  }));
  return { line: JSON.stringify({ model: name, operations }), verdict };
}

/** A history of that kind: of those that have no place for the damage, the next seed that has. */
function drawn<World, Input extends { readonly kind: string }, Output>(
  subject: {
    readonly workload: Workload<World, Input, Output>;
    readonly keyOf: (input: Input) => string;
  },
  kind: Kind,
  seed: number,
): readonly Operation<Input, Output>[] {
  const { workload, keyOf } = subject;
  for (let tried = 0; tried < 50; tried += 1) {
    const draw = drawsOf(seed + tried);
    const shape = { clients: 5, operations: 40, unansweredOneIn: 12 };
    const losesWrite = kind === "a write lost";
    const whole = drawHistory(workload, { ...shape, losesWrite }, draw);
    const damage = DAMAGES.find((each): each is Damage => each === kind);
    const history = damage === undefined ? whole : damaged(whole, damage, { keyOf, draw });
    if (history !== null) return history;
  }
  throw new Error(`no history after seed ${seed} has a place for: ${kind}`);
}

/** Builds the program and asks it; one word for each line. */
async function porcupineOn(lines: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "kedge-porcupine-"));
  try {
    const program = join(folder, "porcupine");
    await printed("go", ["build", "-o", program, "."], "");
    const said = await printed(program, [], lines.map((line) => `${line}\n`).join(""));
    return said.trimEnd().split("\n");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What `command` prints. It runs in this folder, and must end well. */
async function printed(command: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(command, args, {
    cwd: import.meta.dirname,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [code]: readonly unknown[] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
  return said;
}
