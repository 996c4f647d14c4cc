/**
 * `npm run fuzz`: schemathesis against a quorum of its own, by the document that the quorum serves. Loopback only; what
 * it installs and stores goes with the run. The last line is `N passed, N failed`. With `--seed N` it draws what that
 * run drew; `--minutes N` is how long it may take, 2.5 unless said; `--part 2/4` is the second of four parts of the operations; `--tool PATH` is a schemathesis that is there.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { clusterClient } from "../../client/cluster-client.ts";
import { jsonBroker } from "../../client/json-broker.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import { formGuarded } from "../worker/rest-cluster.ts";
import { documentFor } from "./document.ts";

const HERE = import.meta.dirname;
const MINUTES = "2.5";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string", default: MINUTES },
    tool: { type: "string" },
    part: { type: "string", default: "1/1" },
  },
});
const seed = values.seed ?? String(Math.trunc(Date.now() / 1000));
const seconds = Math.round(60 * Number(values.minutes));
const [, part = "0", parts = "0"] = /^(\d{1,3})\/(\d{1,3})$/.exec(values.part) ?? [];
if (Number(part) < 1 || Number(part) > Number(parts)) {
  console.error("--part is as 2/4: the second of four");
  process.exit(2);
}
if (!/^\d+$/.test(seed) || !(seconds >= 10 && seconds <= 3_600)) {
  console.error("--seed is a whole number, and --minutes from 0.2 to 60");
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), "kedge-fuzz-"));
const counts = { passed: 0, failed: 0 };
try {
  const tool = values.tool ?? (await installed(folder));
  const quorum = await startQuorum({ form: formGuarded });
  try {
    await populate(quorum);
    const report = join(folder, "report.xml");
    const status = await fuzzed(tool, quorum, report);
    const { tests, bad } = await countsIn(report);
    // A run that ended badly although nothing failed did not do what it was to do.
    const unowned = status !== 0 && bad === 0 ? 1 : 0;
    counts.passed = tests - bad;
    counts.failed = bad + unowned;
    if (!(await isWell(quorum))) {
      console.log("the quorum cannot commit any more");
      counts.failed += 1;
    }
  } finally {
    await quorum.stop();
  }
} catch (error) {
  console.error(error);
  counts.failed += 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`seed ${seed}`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;

/** The tool in a folder of its own, in the version of `requirements.txt`. */
async function installed(into: string): Promise<string> {
  const environment = join(into, "python");
  const python = join(environment, "bin", "python");
  await mustRun("python3", ["-m", "venv", environment]);
  await mustRun(python, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--requirement",
    join(HERE, "requirements.txt"),
  ]);
  return join(environment, "bin", "schemathesis");
}

async function mustRun(command: string, args: readonly string[]): Promise<void> {
  const status = await run(command, args, {});
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with status ${status}`);
}

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.once("error", reject);
    child.once("exit", (status) => resolve(status ?? 1));
  });
}

/** Brokers and topics, so that what is asked is not always missing. They fall silent, and stay registered. */
async function populate({ edge, formed }: Quorum): Promise<void> {
  const client = clusterClient(edge, formed.cluster_id);
  for (const id of [1, 2]) {
    const broker = jsonBroker(client, id);
    await broker.register();
    await broker.heartbeat();
  }
  const topic = { topic_name: "orders", partitions_count: 3, replication_factor: 1 };
  const response = await edge.fetch(`/kafka/v3/clusters/${formed.cluster_id}/topics`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(topic),
  });
  if (!response.ok) throw new Error(`no topic: ${await response.text()}`);
}

async function fuzzed(tool: string, { edge, formed }: Quorum, report: string): Promise<number> {
  const served = await edge.fetch("/openapi.json");
  const document = join(folder, "openapi.json");
  const clusterId = formed.cluster_id;
  await writeFile(
    document,
    documentFor(await served.text(), { clusterId, part: Number(part), parts: Number(parts) }),
  );
  const operator = await edge.mint({ role: "operator", cluster: "*" });
  return await run(
    tool,
    [
      "--config-file",
      join(HERE, "schemathesis.toml"),
      "run",
      document,
      `--url=${edge.url}`,
      "--workers=1",
      `--max-time=${seconds}`,
      `--seed=${seed}`,
      "--no-shrink",
      `--report-junit-path=${report}`,
    ],
    {
      KEDGE_TOKEN: edge.token ?? "",
      KEDGE_GATEWAY_TOKEN: edge.gatewayToken ?? "",
      KEDGE_OPERATOR_TOKEN: operator,
      SCHEMATHESIS_HOOKS: join(HERE, "hooks.py"),
      PYTHONDONTWRITEBYTECODE: "1",
    },
  );
}

/** Of its report in JUnit's form: how many operations were tested, and how many of them failed. */
async function countsIn(report: string): Promise<{ readonly tests: number; readonly bad: number }> {
  const text = await readFile(report, "utf8");
  const head = /<testsuites\b[^>]*>/.exec(text)?.[0] ?? "";
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? Number.NaN);
  const bad = number("failures") + number("errors");
  return { tests: number("tests") - number("skipped"), bad };
}

async function isWell({ edge, formed }: Quorum): Promise<boolean> {
  return (await edge.fetch(`/health/ready?cluster_id=${formed.cluster_id}`)).ok;
}
