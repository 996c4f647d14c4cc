/** Kafka's clients at work: console tools, idempotent and transactional producers, a group that rebalances. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster.ts";
import { startJvm } from "../../../local/jvm.ts";
import type { Jvm } from "../../../local/jvm.ts";
import { readBack } from "../load.ts";
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { mainClassOf } from "../../../local/kafka-tools.ts";
import { tool, TOOL_HEAP_MB } from "../tool.ts";
import { until } from "../../../local/until.ts";

const SHARED = 600;
const MEMBERS_MS = 60_000;

const consoles: Step = {
  title: "clients: console producer and consumer",
  short: true,
  run: async (cluster) => {
    await cluster.createTopic("words", 3);
    const words = Array.from({ length: 200 }, (_, at) => `word ${at}`);
    await cluster.viaBrokers("kafka-console-producer", ["--topic", "words"], {
      input: `${words.join("\n")}\n`,
    });
    const read = await readBack(cluster, "words");
    expect(
      String(read.toSorted()) === String(words.toSorted()),
      "exactly what was written is read",
      `${read.length} of ${words.length}`,
    );
    return `${read.length} records`;
  },
};

const idempotence: Step = {
  title: "clients: idempotent producer",
  run: async (cluster) => {
    await cluster.createTopic("perf", 6);
    const said = await perf(cluster, "perf", ["enable.idempotence=true", "acks=all"]);
    const read = await readBack(cluster, "perf");
    expect(read.length === RECORDS, "every record is read back", `${read.length} of ${RECORDS}`);
    return said;
  },
};

const transactions: Step = {
  title: "clients: transactional producer",
  run: async (cluster) => {
    await cluster.createTopic("exact", 6);
    const said = await perf(
      cluster,
      "exact",
      ["enable.idempotence=true"],
      ["--transactional-id", "interop", "--transaction-duration-ms", "100"],
    );
    const read = await readBack(cluster, "exact", { hasTransactions: true });
    expect(
      read.length === RECORDS,
      "every committed record is read back",
      `${read.length} of ${RECORDS}`,
    );
    cluster.transcript.heading("kafka-transactions");
    const { transcript } = cluster;
    const listed = await cluster.viaBrokers("kafka-transactions", ["list"], { transcript });
    expect(
      /interop\s.*CompleteCommit/.test(listed.output),
      "its last transaction is complete",
      listed.tail,
    );
    return said;
  },
};

const RECORDS = 20_000;

/** kafka-producer-perf-test; its last line. */
async function perf(
  cluster: Cluster,
  topic: string,
  properties: readonly string[],
  more: readonly string[] = [],
): Promise<string> {
  const config = join(cluster.folder, `perf-${topic}.properties`);
  await writeFile(
    config,
    [`bootstrap.servers=${cluster.bootstrapServers}`, ...properties, ""].join("\n"),
  );
  const args = `--topic ${topic} --num-records ${RECORDS} --record-size 100 --throughput -1`;
  const run = await tool(cluster.kafka, "kafka-producer-perf-test", [
    ...args.split(" "),
    "--producer.config",
    config,
    ...more,
  ]);
  const last = run.output.split("\n").findLast((line) => line.includes("records sent"));
  expect(last?.startsWith(`${RECORDS} records sent`) === true, "all were sent", run.tail);
  return last ?? "";
}

const group: Step = {
  title: "clients: a group of two rebalances",
  run: async (cluster) => {
    await cluster.createTopic("shared", 6);
    const first = member(cluster);
    await first.line(/"partitions_assigned"/, MEMBERS_MS);
    const second = member(cluster);
    await second.line(/"partitions_assigned".*"partition"/, MEMBERS_MS);
    await until("each member has partitions", { withinMs: MEMBERS_MS }, async () => {
      const members = await describeGroup(cluster);
      return members.length === 2 && members.every((line) => /\s[1-5]\s*$/.test(line))
        ? true
        : undefined;
    });
    // Keys spread the records: without them a producer fills one partition after the other.
    await tool(cluster.kafka, "kafka-verifiable-producer", [
      "--bootstrap-server",
      cluster.bootstrapServers,
      "--topic",
      "shared",
      "--max-messages",
      String(SHARED),
      "--repeating-keys",
      "30",
    ]);
    await until("both have read all of it", { withinMs: MEMBERS_MS }, () =>
      consumed(first) + consumed(second) >= SHARED ? true : undefined,
    );
    expect(consumed(second) > 0 && consumed(first) > 0, "each has read some");
    await first.terminate(MEMBERS_MS);
    await until("one member has all partitions", { withinMs: MEMBERS_MS }, async () => {
      const members = await describeGroup(cluster);
      return members.length === 1 && /\s6\s*$/.test(members[0] ?? "") ? true : undefined;
    });
    const { transcript } = cluster;
    transcript.heading("kafka-consumer-groups");
    const lag = await cluster.viaBrokers(
      "kafka-consumer-groups",
      ["--describe", "--group", "pair"],
      { transcript },
    );
    await second.terminate(MEMBERS_MS);
    expect(/shared/.test(lag.output), "the group has offsets", lag.tail);
    return `${SHARED} records read by two, then one`;
  },
};

function member(cluster: Cluster): Jvm {
  return startJvm(cluster.kafka, {
    mainClass: mainClassOf(cluster.kafka.version, "kafka-verifiable-consumer"),
    args: [
      "--bootstrap-server",
      cluster.bootstrapServers,
      "--topic",
      "shared",
      "--group-id",
      "pair",
      "--reset-policy",
      "earliest",
    ],
    heapMb: TOOL_HEAP_MB,
    level: "ERROR",
  });
}

/** Records that a kafka-verifiable-consumer says it has read. */
function consumed(jvm: Jvm): number {
  let count = 0;
  for (const line of jvm.lines) {
    if (!line.includes('"records_consumed"')) continue;
    const said: { readonly count: number } = JSON.parse(line);
    count += said.count;
  }
  return count;
}

async function describeGroup(cluster: Cluster): Promise<readonly string[]> {
  const run = await cluster.viaBrokers("kafka-consumer-groups", [
    "--describe",
    "--members",
    "--group",
    "pair",
  ]);
  return run.output.split("\n").filter((line) => line.startsWith("pair"));
}

export const clientSteps: readonly Step[] = [consoles, idempotence, transactions, group];
