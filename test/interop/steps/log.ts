/** The committed log, exported over HTTP and read by the programs that Kafka ships for its own files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { tool } from "../tool.ts";
import type { Cluster } from "../cluster.ts";

async function exported(
  cluster: Cluster,
): Promise<{ readonly file: string; readonly bytes: number }> {
  const folder = join(cluster.folder, "exported", "__cluster_metadata-0");
  await mkdir(folder, { recursive: true });
  const file = join(folder, "00000000000000000000.log");
  const log = await cluster.quorum.client.rawLog();
  await writeFile(file, log);
  return { file, bytes: log.byteLength };
}

const dump: Step = {
  title: "log: kafka-dump-log reads the exported log",
  short: true,
  run: async (cluster) => {
    const { lines } = await cluster.quorum.client.log(0);
    const { file, bytes } = await exported(cluster);
    const run = await tool(
      cluster.kafka,
      "kafka-dump-log",
      ["--cluster-metadata-decoder", "--skip-record-metadata", "--files", file],
      { withinMs: 90_000 },
    );
    const wrong = run.output
      .split("\n")
      .filter((line) => /error|exception|could not|mismatch/i.test(line));
    expect(wrong.length === 0, "it reads everything", wrong.slice(0, 5).join("\n"));
    const records = run.output.split("\n").filter((line) => line.includes('payload: {"type"'));
    for (const type of [
      "FEATURE_LEVEL_RECORD",
      "REGISTER_BROKER_RECORD",
      "TOPIC_RECORD",
      "PARTITION_RECORD",
    ]) {
      expect(
        records.some((line) => line.includes(type)),
        `${type} is in the log`,
      );
    }
    expect(records.length > 0 && lines.length > 0, "both readers see records");
    cluster.transcript.heading("kafka-dump-log of the exported log: its beginning");
    cluster.transcript.add(
      `kafka-dump-log --cluster-metadata-decoder --skip-record-metadata --files ${file}`,
      run.output.split("\n").slice(0, 40).join("\n"),
    );
    return `${bytes} bytes, ${records.length} metadata records`;
  },
};

const shell: Step = {
  title: "log: kafka-metadata-shell reads the exported log",
  run: async (cluster) => {
    const { file } = await exported(cluster);
    cluster.transcript.heading("kafka-metadata-shell");
    const { transcript } = cluster;
    const topics = await tool(
      cluster.kafka,
      "kafka-metadata-shell",
      ["--snapshot", file, "ls", "image/topics/byName"],
      {
        transcript,
      },
    );
    expect(/orders/.test(topics.output), "it lists a topic", topics.tail);
    const brokers = await tool(
      cluster.kafka,
      "kafka-metadata-shell",
      ["--snapshot", file, "ls", "image/cluster/brokers"],
      {
        transcript,
      },
    );
    expect(/^1$[^]*^2$[^]*^3$/m.test(brokers.output), "it lists brokers", brokers.tail);
    return "topics and brokers";
  },
};

export const logSteps: readonly Step[] = [dump, shell];
