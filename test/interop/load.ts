/**
 * Load whose every record is accounted for: Kafka's verifiable producer keeps writing during a failure and prints which
 * records were acknowledged; then the topic is read back, and every acknowledged record must be in it.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "./cluster.ts";
import { startJvm } from "../../local/jvm.ts";
import { expect } from "./step.ts";
import { mainClassOf } from "../../local/kafka-tools.ts";
import { TOOL_HEAP_MB, tool } from "./tool.ts";
import { until } from "../../local/until.ts";

export interface Load {
  /** Records acknowledged so far. */
  readonly acknowledged: () => number;
  /** Waits until `count` more are acknowledged. */
  readonly moreAcknowledged: (count: number, withinMs: number) => Promise<void>;
  /** Ends the producer, and sums up. */
  readonly stop: () => Promise<LoadReport>;
}

export interface LoadReport {
  readonly acknowledged: readonly string[];
  readonly errors: readonly string[];
  /** The longest time between two acknowledgements. */
  readonly gapMs: number;
}

/**
 * Its loop may call its producer once more while SIGTERM closes it. That record was never taken, let alone written;
 * which of the two is said depends on how far the closing has come.
 */
const UNSENT_AT_THE_END =
  /Cannot perform operation after producer has been closed|Producer closed while send in progress/;

const FIRST_MS = 30_000;
const END_MS = 60_000;
const READ_MS = 90_000;
/** A consumer on a busy machine may need long for its first record: silence is no proof that there is none. */
const SILENCE_MS = 60_000;
const MARKED_SILENCE_MS = 10_000;

/**
 * The partitioner goes on to another partition after so many bytes (KIP-794). With Kafka's 16 KiB these small records
 * would all go to one for half a minute, and the load would see no more than that one.
 */
const BATCH_BYTES = 500;

/** Starts kafka-verifiable-producer with retries and acks=all, and waits for its first acknowledgement. */
export async function startLoad(cluster: Cluster, topic: string, perSecond: number): Promise<Load> {
  const config = join(cluster.folder, "producer.properties");
  await writeFile(
    config,
    `retries=2147483647\ndelivery.timeout.ms=120000\nenable.idempotence=true\nlinger.ms=0\nbatch.size=${BATCH_BYTES}\n`,
  );
  const jvm = startJvm(cluster.kafka, {
    mainClass: mainClassOf(cluster.kafka.version, "kafka-verifiable-producer"),
    args: [
      "--bootstrap-server",
      cluster.bootstrapServers,
      "--topic",
      topic,
      "--acks",
      "-1",
      "--throughput",
      String(perSecond),
      "--producer.config",
      config,
    ],
    heapMb: TOOL_HEAP_MB,
    logFile: join(cluster.folder, `producer-${topic}.log`),
  });
  const count = (): number =>
    jvm.lines.filter((line) => line.includes("producer_send_success")).length;
  const beyond = (least: number, withinMs: number): Promise<true> =>
    until(`${least} records acknowledged`, { withinMs, evidence: jvm.tail }, () => {
      if (jvm.gone()) throw new Error("the producer is gone");
      return count() >= least ? true : undefined;
    });
  await beyond(1, FIRST_MS);
  return {
    acknowledged: count,
    moreAcknowledged: async (more, withinMs) => {
      await beyond(count() + more, withinMs);
    },
    stop: async () => {
      await jvm.terminate(END_MS);
      return report(jvm.lines);
    },
  };
}

/** What kafka-verifiable-producer says of one record. */
interface Said {
  readonly name: string;
  readonly timestamp: number;
  readonly value?: string;
}

function report(lines: readonly string[]): LoadReport {
  const said = lines.flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const event: Said = JSON.parse(line);
    return [event];
  });
  const sent = said.filter(({ name }) => name === "producer_send_success");
  const gaps = sent
    .slice(1)
    .map(({ timestamp }, at) => timestamp - (sent[at]?.timestamp ?? timestamp));
  return {
    acknowledged: sent.map(({ value }) => value ?? ""),
    errors: lines.filter(
      (line) => line.includes("producer_send_error") && !UNSENT_AT_THE_END.test(line),
    ),
    gapMs: Math.max(0, ...gaps),
  };
}

/**
 * Every record of a topic, read with kafka-console-consumer up to the present ends of its partitions. Where
 * transactions have left their marks among the records the ends tell nothing, and it ends after a silence.
 */
export async function readBack(
  cluster: Cluster,
  topic: string,
  { hasTransactions = false }: { readonly hasTransactions?: boolean } = {},
): Promise<readonly string[]> {
  const upTo = hasTransactions
    ? ["--isolation-level", "read_committed", "--timeout-ms", `${MARKED_SILENCE_MS}`]
    : ["--max-messages", `${await recordsIn(cluster, topic)}`, "--timeout-ms", `${SILENCE_MS}`];
  const run = await tool(
    cluster.kafka,
    "kafka-console-consumer",
    ["--bootstrap-server", cluster.bootstrapServers, "--topic", topic, "--from-beginning", ...upTo],
    { withinMs: READ_MS, mayFail: true },
  );
  return run.output.split("\n").filter((line) => line !== "");
}

/** The sum of the ends of a topic's partitions. */
async function recordsIn(cluster: Cluster, topic: string): Promise<number> {
  const { output } = await tool(cluster.kafka, "kafka-get-offsets", [
    "--bootstrap-server",
    cluster.bootstrapServers,
    "--topic",
    topic,
  ]);
  const ends = output.matchAll(/^\S+:\d+:(\d+)$/gm);
  return [...ends].reduce((sum, [, end]) => sum + Number(end), 0);
}

/** Stops the load and proves that nothing acknowledged is lost and nothing was written twice; one line about it. */
export async function settle(cluster: Cluster, topic: string, load: Load): Promise<string> {
  const { acknowledged, errors, gapMs } = await load.stop();
  expect(errors.length === 0, "no write failed", errors.slice(0, 5).join("\n"));
  const read = await readBack(cluster, topic);
  const there = new Set(read);
  const lost = acknowledged.filter((value) => !there.has(value));
  expect(
    lost.length === 0,
    "every acknowledged record is read back",
    `${lost.length} lost: ${lost.slice(0, 10).join(" ")}`,
  );
  expect(
    there.size === read.length,
    "no record is there twice",
    `${read.length} read, ${there.size} distinct`,
  );
  return `${acknowledged.length} acknowledged and read back, longest pause ${gapMs} ms`;
}
