/** The committed log, exported over HTTP and read by the programs that Kafka ships for its own files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { committedLog } from "../../../client/cluster-client.ts";
import { dumpedRecords } from "../dump.ts";
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
  const log = await cluster.quorum.cluster.rawLog();
  await writeFile(file, log);
  return { file, bytes: log.byteLength };
}

const dump: Step = {
  title: "log: kafka-dump-log reads the exported log",
  short: true,
  run: async (cluster) => {
    // First ours: the file may hold more by then, and never less.
    const { lines: ours } = await committedLog(cluster.quorum.cluster);
    const { file, bytes } = await exported(cluster);
    const run = await tool(
      cluster.kafka,
      "kafka-dump-log",
      ["--cluster-metadata-decoder", "--files", file],
      { withinMs: 90_000 },
    );
    const theirs = dumpedRecords(run.output);
    for (const [at, line] of ours.entries()) {
      expect(
        theirs[at] !== undefined && isDeepStrictEqual(line, { ...line, ...theirs[at] }),
        `both decoders say the same of offset ${line.offset}`,
        `kedge ${JSON.stringify(line)}\nKafka ${JSON.stringify(theirs[at])}`,
      );
    }
    cluster.transcript.heading("kafka-dump-log of the exported log: its beginning");
    cluster.transcript.add(
      `kafka-dump-log --cluster-metadata-decoder --files ${file}`,
      run.output.split("\n").slice(0, 40).join("\n"),
    );
    const types = new Set(theirs.map(({ type }) => type));
    return `${bytes} bytes, ${theirs.length} records of ${types.size} types read alike`;
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
