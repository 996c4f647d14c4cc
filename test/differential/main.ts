/**
 * `npm run differential`: this project's authorizer and Kafka's own `StandardAuthorizer`, of three releases from Maven
 * Central, on generated rules and questions; then the operations of this controller and those of a controller of the
 * same release, on generated requests. A step passes when every verdict, response and image is the same but for what
 * the ledger holds; the last line counts steps over all releases.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { onShutdown } from "../../gateway/shutdown.ts";
import { kafkaRelease, type Kafka } from "../../local/kafka-release.ts";
import { attempt, SkippedError, table, type Column, type Outcome } from "../interop/table.ts";
import { compareAbsurd } from "./absurd-requests.ts";
import { AUTHORIZER_ROWS } from "./authorizer-rows.ts";
import { compareConfigTables } from "./config-tables.ts";
import { ControllerPair } from "./controller-pair.ts";
import { ALL_LEVELS, formationsOf, type NamedFormation } from "./formations.ts";
import { JvmController } from "./jvm-controller.ts";
import { compareElrSteps, SHORT_SESSIONS } from "./elr-steps.ts";
import { KafkaAuthorizer } from "./kafka-authorizer.ts";
import { entriesAt, showEntries } from "./ledger.ts";
import { compareTokens } from "./token-rows.ts";
import { compareRequests } from "./security-requests.ts";
import { drawsOf } from "./draws.ts";
import { noSteps, Walk, type WalkResult } from "./walk.ts";

/** What a run is made of. */
const PARTS: readonly string[] = ["rules", "security", "configs", "absurd", "lives"];

const { values } = parseArgs({
  options: {
    versions: { type: "string", default: "4.3.1,4.1.2,4.0.2" },
    levels: { type: "string", default: ALL_LEVELS.join() },
    elr: { type: "boolean", default: false },
    sets: { type: "string", default: "500" },
    requests: { type: "string", default: "2000" },
    steps: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    fresh: { type: "string", default: "0" },
    absurd: { type: "string", default: "2000" },
    parts: { type: "string", default: PARTS.join() },
  },
});
const sets = Number(values.sets);
const requests = Number(values.requests);
const steps = Number(values.steps);
const seed = Number(values.seed);
const fresh = Number(values.fresh);
const absurd = Number(values.absurd);
const levels = values.levels.split(",").map(Number);
const parts = new Set(values.parts.split(","));
for (const part of parts) if (!PARTS.includes(part)) throw new RangeError(`no part ${part}`);
/** Of everything that was told: what the ledger explains, by title. */
const totals = noSteps();
// Exiting runs the handlers that kill the Java processes.
onShutdown(() => process.exit(130));

const columns: Column[] = [];
// oxlint-disable-next-line no-await-in-loop -- one Java process at a time
for (const version of values.versions.split(",")) columns.push(await runVersion(version));

const outcomes = columns.flatMap((column) => column.outcomes);
const passed = outcomes.filter(({ verdict }) => verdict === "pass").length;
const failed = outcomes.filter(({ verdict }) => verdict === "FAIL").length;
console.log(`\n${table(columns)}\n`);
for (const [title, count] of [...totals.known].toSorted(([, a], [, b]) => b - a)) {
  console.log(`${String(count).padStart(7)}  ${title}`);
}
console.log(`${String(totals.resignations.length).padStart(7)}  times Kafka's controller resigned`);
console.log(`${totals.steps} requests of lives, tables and absurd ones\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

async function runVersion(version: string): Promise<Column> {
  console.log(`\n== Apache Kafka ${version}`);
  const done: Outcome[] = [];
  let found: Kafka | undefined;
  done.push(
    await attempt("Apache Kafka is available", async () => {
      found = await kafkaRelease(version);
      return "";
    }),
  );
  if (found === undefined) return { version, outcomes: done };
  const kafka = found;
  if (parts.has("rules")) done.push(...(await authorizerRows(kafka)));
  if (parts.has("security")) {
    done.push(
      await attempt("ACLs, SCRAM credentials, quotas", () =>
        withController(kafka, undefined, (jvm) => compareRequests(jvm, requests, drawsOf(seed))),
      ),
      await attempt("delegation tokens", () => compareTokens(kafka, { requests, seed })),
      await attempt("eligible leader replicas", () => compareSteps(kafka)),
    );
  }
  done.push(...(await tableRows(kafka)));
  if (!parts.has("lives")) return { version, outcomes: done };
  const formations = formationsOf(version, { levels, elr: values.elr });
  for (const formation of formations) {
    // oxlint-disable-next-line no-await-in-loop -- one Java process at a time
    done.push(...(await controllerRows(kafka, formation, Math.ceil(steps / formations.length))));
  }
  return { version, outcomes: done };
}

async function authorizerRows(kafka: Kafka): Promise<readonly Outcome[]> {
  const authorizer = new KafkaAuthorizer(kafka);
  const done: Outcome[] = [];
  for (const { title, since = "", compare } of AUTHORIZER_ROWS) {
    if (kafka.version < since) continue;
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    done.push(await attempt(title, () => compare(authorizer, { sets, seed })));
  }
  await authorizer.stop();
  return done;
}

/** In 4.0 the feature is a preview, and asks dead brokers back (KAFKA-19522). */
async function compareSteps(kafka: Kafka): Promise<string> {
  if (kafka.version.startsWith("4.0.")) throw new SkippedError("a preview in this release");
  const controller = await JvmController.start(kafka, {}, SHORT_SESSIONS);
  try {
    return await compareElrSteps(controller);
  } finally {
    await controller.stop();
  }
}

async function withController<Result>(
  kafka: Kafka,
  formation: NamedFormation | undefined,
  work: (controller: JvmController) => Promise<Result>,
): Promise<Result> {
  const controller = await JvmController.start(kafka, formation);
  try {
    return await work(controller);
  } finally {
    await controller.stop();
  }
}

/** Requests that do not hang together, put to a controller at the highest level that is compared. */
async function tableRows(kafka: Kafka): Promise<readonly Outcome[]> {
  if (!parts.has("configs") && !parts.has("absurd")) return [];
  const formation = formationsOf(kafka.version, { levels: ALL_LEVELS, elr: false }).at(-1);
  return await withController(kafka, formation, async (jvm) => {
    const pair = await ControllerPair.of(jvm);
    const done: Outcome[] = [];
    if (parts.has("configs")) {
      done.push(
        await attempt("every config", () => counted((result) => compareConfigTables(pair, result))),
      );
    }
    if (parts.has("absurd")) {
      console.log(`     seed ${seed}`);
      done.push(
        await attempt("absurd requests", () =>
          counted((result) => compareAbsurd(pair, { count: absurd, from: seed, result })),
        ),
      );
    }
    return done;
  });
}

/** The ledger's entries that are shown by this controller, then random lives. */
async function controllerRows(
  kafka: Kafka,
  formation: NamedFormation,
  count: number,
): Promise<readonly Outcome[]> {
  const { title, elr } = formation;
  const entries = entriesAt(kafka.version, formation);
  return await withController(kafka, formation, async (jvm) => {
    const pair = await ControllerPair.of(jvm);
    const done: Outcome[] = [];
    if (entries.length > 0) {
      done.push(await attempt(`${title}: the ledger`, () => showEntries(pair, entries)));
    }
    done.push(
      await attempt(`${title}: random lives`, () => told(pair, { elr, count, from: seed })),
    );
    if (fresh > 0) {
      const from = randomInt(1, 2 ** 31);
      const name = `${title}: random lives of a fresh seed`;
      done.push(await attempt(name, () => told(pair, { elr, count: fresh, from })));
    }
    return done;
  });
}

async function told(
  pair: ControllerPair,
  { elr, count, from }: { elr: boolean; count: number; from: number },
): Promise<string> {
  console.log(`     seed ${from}`);
  return await counted(async (result) => {
    await new Walk(pair, { elr, result }).walk(count, from);
    return "";
  });
}

/** What `work` did is added to the totals, whether or not it ends well. */
async function counted(work: (result: WalkResult) => Promise<string>): Promise<string> {
  const result = noSteps();
  const startMs = performance.now();
  let note: string;
  try {
    note = await work(result);
  } finally {
    totals.steps += result.steps;
    totals.resignations.push(...result.resignations);
    for (const [title, times] of result.known) {
      totals.known.set(title, (totals.known.get(title) ?? 0) + times);
    }
  }
  const explained = [...result.known.values()].reduce((sum, times) => sum + times, 0);
  const perSecond = Math.round((result.steps * 1_000) / (performance.now() - startMs));
  const said = [note, `${result.steps} requests`, `${perSecond}/s`].filter((part) => part !== "");
  return `${said.join(", ")}, ${explained} differences, all of them known`;
}
