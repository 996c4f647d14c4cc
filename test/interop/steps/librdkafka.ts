/**
 * A client that is not Java: kcat, which is librdkafka on a command line (Debian's package `kcat`). It produces with
 * acks from every replica and idempotence, and reads everything back. Where it is not installed the step says so.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { expect, type Step } from "../step.ts";
import { SkippedError } from "../table.ts";

const RECORDS = 1_000;
const KCAT_MS = 60_000;
const TOPIC = "kcat";

const run = promisify(execFile);

const librdkafka: Step = {
  title: "clients: librdkafka (kcat)",
  short: true,
  run: async (cluster) => {
    const version = await run("kcat", ["-V"], { timeout: KCAT_MS }).catch(() => null);
    if (version === null) throw new SkippedError("kcat is not installed");
    await cluster.createTopic(TOPIC, 6);
    const sent = Array.from({ length: RECORDS }, (_, at) => `record ${at}`);
    await produce(cluster.bootstrapServers, sent);
    const { stdout } = await run(
      "kcat",
      ["-b", cluster.bootstrapServers, "-t", TOPIC, "-C", "-e", "-q", "-o", "beginning"],
      { timeout: KCAT_MS, maxBuffer: 16 * 1_048_576 },
    );
    const read = new Set(stdout.split("\n").filter((line) => line !== ""));
    const lost = sent.filter((value) => !read.has(value));
    expect(lost.length === 0, "every acknowledged record is read back", `${lost.length} lost`);
    return `${RECORDS} records, ${/librdkafka [\d.]+/.exec(version.stdout)?.[0] ?? "librdkafka"}`;
  },
};

/** Resolves once kcat has had every record acknowledged; it ends with another status otherwise. */
async function produce(bootstrapServers: string, values: readonly string[]): Promise<void> {
  const properties = ["-X", "acks=all", "-X", "enable.idempotence=true"];
  const child = spawn("kcat", ["-b", bootstrapServers, "-t", TOPIC, "-P", ...properties], {
    stdio: ["pipe", "inherit", "inherit"],
    timeout: KCAT_MS,
  });
  child.stdin.end(`${values.join("\n")}\n`);
  const [status] = await once(child, "exit");
  expect(status === 0, "kcat had everything acknowledged", `it ended with ${String(status)}`);
}

export const librdkafkaSteps: readonly Step[] = [librdkafka];
