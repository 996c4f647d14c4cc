/**
 * `npm run differential`: this project's authorizer and Kafka's own `StandardAuthorizer`, of three releases from Maven
 * Central, on generated rules and questions; then the operations on ACLs, SCRAM credentials and quotas and those of a
 * controller of the same release, on generated requests. A step passes when every verdict or response is the same; the
 * last line counts steps over all releases.
 */
import { parseArgs } from "node:util";
import { onShutdown } from "../../gateway/shutdown.ts";
import { kafkaRelease } from "../../local/kafka-release.ts";
import { attempt, table, type Column, type Outcome } from "../interop/table.ts";
import { KafkaAuthorizer } from "./kafka-authorizer.ts";
import { JvmController } from "./jvm-controller.ts";
import { ownAnswers, type RuleSet } from "./rule-set.ts";
import { faults } from "./faults.ts";
import { ErrorCode } from "../../src/protocol/index.ts";
import { delegationTokenKey } from "../../durable-objects/delegation-token-key.ts";
import { TOKEN_SECRET } from "../metadata/token-key.ts";
import {
  TOKEN_ERRORS,
  TOKEN_LIFETIMES,
  TOKEN_REQUESTS_MIN,
  TokenComparison,
} from "./token-requests.ts";
import { compareRequests } from "./security-requests.ts";
import { drawsOf, manyEntries, ruleSet, VOCABULARIES, type Vocabulary } from "./vocabulary.ts";

const { values } = parseArgs({
  options: {
    versions: { type: "string", default: "4.3.1,4.1.2,4.0.2" },
    sets: { type: "string", default: "500" },
    requests: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
  },
});
const sets = Number(values.sets);
const requests = Number(values.requests);
const seed = Number(values.seed);
// Exiting runs the handlers that kill the Java processes.
onShutdown(() => process.exit(130));

const columns: Column[] = [];
// oxlint-disable-next-line no-await-in-loop -- one Java process at a time
for (const version of values.versions.split(",")) columns.push(await runVersion(version));

const outcomes = columns.flatMap((column) => column.outcomes);
const passed = outcomes.filter(({ verdict }) => verdict === "pass").length;
const failed = outcomes.filter(({ verdict }) => verdict === "FAIL").length;
console.log(`\n${table(columns)}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

async function runVersion(version: string): Promise<Column> {
  console.log(`\n== Apache Kafka ${version}`);
  const done: Outcome[] = [];
  let kafka: KafkaAuthorizer | undefined;
  done.push(
    await attempt("Apache Kafka is available", async () => {
      kafka = new KafkaAuthorizer(await kafkaRelease(version));
      return "";
    }),
  );
  if (kafka !== undefined) done.push(...(await compare(kafka)));
  await kafka?.stop();
  if (kafka !== undefined) {
    done.push(
      await attempt("ACLs, SCRAM credentials, quotas", () => compareControllers(version)),
      await attempt("delegation tokens", () => compareTokens(version)),
    );
  }
  return { version, outcomes: done };
}

async function compareControllers(version: string): Promise<string> {
  const controller = await JvmController.start(await kafkaRelease(version));
  try {
    return await compareRequests(controller, requests, drawsOf(seed));
  } finally {
    await controller.stop();
  }
}

/** A file of properties is in Latin-1, and has the rest as escapes. */
function inProperties(text: string): string {
  return text.replaceAll(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Most of them of a controller that has the key; a few first of one that has none. */
async function compareTokens(version: string): Promise<string> {
  const draw = drawsOf(seed);
  const codes = new Set<number>();
  const words: string[] = [];
  for (const [secret, count] of [
    [null, 30],
    [TOKEN_SECRET, Math.max(TOKEN_REQUESTS_MIN, Math.ceil(requests / 4))],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one Java process at a time
    const controller = await JvmController.start(await kafkaRelease(version), [
      `delegation.token.max.lifetime.ms=${TOKEN_LIFETIMES.maxMs}`,
      `delegation.token.expiry.time.ms=${TOKEN_LIFETIMES.expiryMs}`,
      ...(secret === null ? [] : [`delegation.token.secret.key=${inProperties(secret)}`]),
    ]);
    try {
      const comparison = new TokenComparison(controller, delegationTokenKey(secret));
      // oxlint-disable-next-line no-await-in-loop -- likewise
      words.push(await comparison.run(count, draw));
      for (const code of comparison.codes) codes.add(code);
    } finally {
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await controller.stop();
    }
  }
  const missing = TOKEN_ERRORS.filter((name) => !codes.has(ErrorCode[name]));
  if (missing.length > 0) throw new Error(`never answered: ${missing.join(", ")}`);
  return words.join("; ");
}

async function compare(kafka: KafkaAuthorizer): Promise<readonly Outcome[]> {
  const done: Outcome[] = [];
  for (const [at, vocabulary] of VOCABULARIES.entries()) {
    const work = (): Promise<string> => compareSets(kafka, vocabulary, seed + at * 1_000_003);
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    done.push(await attempt(vocabulary.title, work));
  }
  done.push(
    await attempt("thousands of entries", () => compareAll(kafka, [manyEntries(drawsOf(seed))])),
    await attempt("where Kafka throws and this does not", () => faults(kafka)),
  );
  return done;
}

function compareSets(
  kafka: KafkaAuthorizer,
  vocabulary: Vocabulary,
  seedOfKind: number,
): Promise<string> {
  const draws = Array.from({ length: sets }, (_, at) => drawsOf(seedOfKind + at));
  return compareAll(
    kafka,
    draws.map((draw) => ruleSet(vocabulary, draw)),
  );
}

/** Rejects at the first verdict that differs, and when the questions are so that one answer fits nearly all. */
async function compareAll(kafka: KafkaAuthorizer, all: readonly RuleSet[]): Promise<string> {
  const counts = { ALLOWED: 0, DENIED: 0 };
  for (const set of all) {
    const own = ownAnswers(set);
    // oxlint-disable-next-line no-await-in-loop -- one set after the other
    const answers = await kafka.answers(set);
    const at = own.findIndex((answer, index) => answer !== answers[index]);
    // oxlint-disable-next-line no-await-in-loop -- the last thing that is done
    if (at >= 0) throw new Error(await difference(kafka, set, at));
    for (const answer of own) counts[answer] += 1;
  }
  const total = counts.ALLOWED + counts.DENIED;
  const counted = `${total} verdicts, ${counts.ALLOWED} ALLOWED, ${counts.DENIED} DENIED`;
  if (Math.min(counts.ALLOWED, counts.DENIED) < total / 20)
    throw new Error(`one-sided: ${counted}`);
  return `${all.length} sets, ${counted}`;
}

/** The question with as few entries as the difference needs. */
async function difference(kafka: KafkaAuthorizer, set: RuleSet, at: number): Promise<string> {
  const answersTo = async (acls: RuleSet["acls"]): Promise<readonly [unknown, unknown]> => {
    const smaller = { ...set, acls, questions: set.questions.slice(at, at + 1) };
    return [ownAnswers(smaller)[0], (await kafka.answers(smaller))[0]];
  };
  let { acls } = set;
  // Large parts first: what is left of thousands is soon little.
  for (let part = acls.length >> 1; part > 0; part >>= 1) {
    for (let from = 0; from < acls.length;) {
      const fewer = acls.toSpliced(from, part);
      // oxlint-disable-next-line no-await-in-loop -- each try depends on the one before
      const [own, theirs] = await answersTo(fewer);
      if (own === theirs) from += part;
      else acls = fewer;
    }
  }
  const [own, theirs] = await answersTo(acls);
  const { allowEveryone, superUsers, questions } = set;
  return [
    `this says ${String(own)}, Kafka ${String(theirs)}`,
    JSON.stringify(questions[at]),
    JSON.stringify({ allowEveryone, superUsers }),
    ...acls.map((acl) => JSON.stringify(acl)),
  ].join("\n");
}
