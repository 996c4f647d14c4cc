/** The committed log, exported over HTTP and read by the programs that Kafka ships for its own files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { committedLog } from "../../../client/cluster-client.ts";
import { dumpedRecords } from "../dump.ts";
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { tool } from "../tool.ts";
import { until } from "../until.ts";
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

const SHELL_MS = 60_000;

/**
 * What kafka-metadata-shell lists, once it lists `wanted`. It reads the file in the background and answers as soon as
 * the first batch is applied, not the last (MetadataShell.waitUntilCaughtUp asks for an applied offset above 0), so
 * on a busy machine it may list less than the file holds.
 */
async function listed(
  cluster: Cluster,
  file: string,
  { path, wanted }: { readonly path: string; readonly wanted: RegExp },
): Promise<void> {
  const args = ["--snapshot", file, "ls", path];
  let seen = "";
  const output = await until(
    `kafka-metadata-shell lists ${path}`,
    { withinMs: SHELL_MS, evidence: () => seen },
    async () => {
      const { output: said, tail } = await tool(cluster.kafka, "kafka-metadata-shell", args);
      seen = tail;
      return wanted.test(said) ? said : undefined;
    },
  );
  cluster.transcript.add(`kafka-metadata-shell ${args.join(" ")}`, output);
}

const shell: Step = {
  title: "log: kafka-metadata-shell reads the exported log",
  run: async (cluster) => {
    const { file } = await exported(cluster);
    cluster.transcript.heading("kafka-metadata-shell");
    await listed(cluster, file, { path: "image/topics/byName", wanted: /orders/ });
    await listed(cluster, file, { path: "image/cluster/brokers", wanted: /^1$[^]*^2$[^]*^3$/m });
    return "topics and brokers";
  },
};

export const logSteps: readonly Step[] = [dump, shell];
