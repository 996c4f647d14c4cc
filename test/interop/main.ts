/**
 * `npm run interop`: unmodified Apache Kafka on this quorum. Releases from Maven Central run as brokers on loopback,
 * Kafka's own tools and clients work on them, and brokers, controllers and the edge are killed and restarted. One
 * release after the other; the table at the end says which step passed on which release, the last line counts.
 */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Transport } from "../../gateway/edge/tunnel.ts";
import { onShutdown } from "../../gateway/shutdown.ts";
import { ROOT } from "../../local/checkout.ts";
import { startCluster } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { killEverything } from "../../local/jvm.ts";
import { kafkaRelease, UnavailableError } from "../../local/kafka-release.ts";
import type { Step } from "./step.ts";
import { authorizerSteps } from "./steps/authorizer.ts";
import { bootSteps } from "./steps/boot.ts";
import { bootstrappedUserSteps } from "./steps/bootstrapped-users.ts";
import { clientSteps } from "./steps/clients.ts";
import { eligibleReplicasSteps } from "./steps/eligible-replicas.ts";
import { doorSteps } from "./steps/doors.ts";
import { librdkafkaSteps } from "./steps/librdkafka.ts";
import { lifeSteps } from "./steps/life.ts";
import { night } from "./steps/night.ts";
import { logSteps } from "./steps/log.ts";
import { membershipSteps } from "./steps/membership.ts";
import { observedSteps } from "./steps/observed.ts";
import { shareAndStreamsSteps } from "./steps/share-and-streams.ts";
import { standstillSteps } from "./steps/standstill.ts";
import { toolSteps } from "./steps/tools.ts";
import { attempt, table } from "./table.ts";
import type { Column, Outcome } from "./table.ts";
import { Transcript } from "./transcript.ts";

const VERSIONS = ["4.3.1", "4.1.2", "4.0.2"];

const STEPS: readonly Step[] = [
  ...bootSteps,
  ...toolSteps,
  ...clientSteps,
  ...librdkafkaSteps,
  ...doorSteps,
  ...authorizerSteps,
  ...bootstrappedUserSteps,
  ...lifeSteps,
  night,
  ...standstillSteps,
  ...membershipSteps,
  ...logSteps,
  ...observedSteps,
  // Last: they raise features for every step that follows.
  ...shareAndStreamsSteps,
  ...eligibleReplicasSteps,
];

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    versions: { type: "string" },
    keep: { type: "boolean", default: false },
    only: { type: "string" },
    repeat: { type: "string", default: "1" },
    transport: { type: "string", default: "link" },
    "as-released": { type: "boolean", default: false },
  },
});
const versions = values.versions?.split(",") ?? (values.short ? VERSIONS.slice(0, 1) : VERSIONS);
const transport = transportOf(values.transport);
const columns: Column[] = [];
// Exiting runs the handlers that kill the runtime and every JVM.
onShutdown(() => process.exit(130));
for (const version of versions) columns.push({ version, outcomes: await runVersion(version) });

const outcomes = columns.flatMap((column) => column.outcomes);
const passed = outcomes.filter(({ verdict }) => verdict === "pass").length;
const failed = outcomes.filter(({ verdict }) => verdict === "FAIL").length;
console.log(`\n${table(columns)}\n`);
for (const { version, outcomes: own } of columns) {
  for (const { step, verdict, note } of own) {
    if (note !== "") console.log(`${version}  ${verdict}  ${step}: ${note}`);
  }
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/** One version from download to the last step, in a folder of its own. */
async function runVersion(version: string): Promise<readonly Outcome[]> {
  console.log(`\n== Apache Kafka ${version}`);
  const folder = await mkdtemp(join(tmpdir(), `kedge-interop-${version}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // A signal ends the run in the middle of a step.
  if (!values.keep) process.once("exit", remove);
  const transcript = new Transcript();
  const done: Outcome[] = [];
  let cluster: Cluster | undefined;
  try {
    const kafka = await kafkaRelease(version);
    const up = await attempt("quorum and gateway start", async () => {
      const asReleased = values["as-released"];
      cluster = await startCluster(kafka, folder, { transcript, transport, asReleased });
      return "";
    });
    done.push(up);
    if (cluster !== undefined) done.push(...(await runSteps(cluster)));
    if (!values.short && values.only === undefined) {
      const path = join(ROOT, "docs", "transcripts", `kafka-${version}.txt`);
      await transcript.save(
        path,
        `Apache Kafka ${version}: its tools on this quorum (npm run interop)`,
      );
    }
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    done.push(await withoutKafka(error, version));
  } finally {
    await killEverything();
    await cluster?.quorum.stop();
    if (values.keep) console.log(`kept: ${folder}`);
    else {
      process.off("exit", remove);
      remove();
    }
  }
  return done;
}

function transportOf(text: string): Transport {
  if (text === "link" || text === "http") return text;
  throw new Error("--transport is link or http");
}

async function runSteps(cluster: Cluster): Promise<readonly Outcome[]> {
  const done: Outcome[] = [];
  const wanted = STEPS.filter(
    ({ title, short, vital }) =>
      (!values.short || short === true) &&
      (values.only === undefined || vital === true || new RegExp(values.only).test(title)),
  );
  const rounds = Array.from({ length: Number(values.repeat) - 1 }, () =>
    wanted.filter(({ vital }) => vital !== true),
  );
  for (const step of [wanted, ...rounds].flat()) {
    const outcome = await attempt(step.title, () => step.run(cluster));
    done.push(outcome);
    if (outcome.verdict !== "pass" && step.vital === true) break;
  }
  return done;
}

/** Without Java, Maven or Maven Central: the short run says so and tries the quorum alone. */
function withoutKafka(error: UnavailableError, version: string): Promise<Outcome> {
  console.log(`\nApache Kafka ${version} is not available here: ${error.message}\n`);
  if (!values.short) return attempt("Apache Kafka is available", () => Promise.reject(error));
  console.log("INTEROP SKIPPED: no broker, tool or client of Kafka was tried.\n");
  return attempt("quorum without brokers", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kedge-interop-quorum-"));
    try {
      const { startInteropQuorum } = await import("./quorum.ts");
      const quorum = await startInteropQuorum({ folder });
      const { leader_id: leaderId } = await quorum.cluster.quorum();
      await quorum.stop();
      return `no Kafka, so nothing but the quorum was tried: controller ${leaderId} leads`;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
