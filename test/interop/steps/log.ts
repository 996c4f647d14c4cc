/** The committed log and its snapshots, exported over HTTP and read by the programs that Kafka ships for its files. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  committedLog,
  RefusedError,
  type LogLine,
  type SnapshotFile,
} from "../../../client/cluster-client.ts";
import {
  decodeMetadataRecord,
  decodeSnapshot,
  metadataRecordToJson,
} from "../../../src/protocol/index.ts";
import { asTold, dumpedRecords } from "../dump.ts";
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { tool } from "../tool.ts";
import { until } from "../../../local/until.ts";
import type { Cluster } from "../cluster.ts";

interface Exported {
  readonly file: string;
  readonly bytes: number;
  /** The same, as the feed tells it; read later, it may hold more. */
  readonly lines: readonly LogLine[];
}

/** The log from its start on, which moves: it is cut while it is read, and then read again from the newest snapshot. */
async function exported(cluster: Cluster): Promise<Exported> {
  const { cluster: client } = cluster.quorum;
  let from = (await client.snapshots()).at(-1)?.end_offset ?? 0;
  for (;;) {
    try {
      return await exportedFrom(cluster, from);
    } catch (error) {
      const next = error instanceof RefusedError ? error.refusal.next_offset : undefined;
      if (next === undefined || next <= from) throw error;
      from = next;
    }
  }
}

async function exportedFrom(cluster: Cluster, from: number): Promise<Exported> {
  const { cluster: client } = cluster.quorum;
  const folder = join(cluster.folder, "exported", "__cluster_metadata-0");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${String(from).padStart(20, "0")}.log`);
  const log = await client.rawLog(from);
  const { lines } = await committedLog(client, from);
  await writeFile(file, log);
  return { file, bytes: log.byteLength, lines };
}

const dump: Step = {
  title: "log: kafka-dump-log reads the exported log",
  short: true,
  run: async (cluster) => {
    const { file, bytes, lines } = await exported(cluster);
    const run = await tool(
      cluster.kafka,
      "kafka-dump-log",
      ["--cluster-metadata-decoder", "--files", file],
      { withinMs: 90_000 },
    );
    const theirs = dumpedRecords(run.output).map(asTold);
    // Ours was read later, and may hold more.
    const ours = lines.slice(0, theirs.length);
    expect(theirs.length > 0, "the file holds records", run.tail);
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

/** The newest snapshot as a file, under the name that Kafka gives it. */
async function checkpoint(
  cluster: Cluster,
): Promise<{ readonly file: string; readonly snapshot: SnapshotFile }> {
  const folder = join(cluster.folder, "exported", "checkpoints");
  await mkdir(folder, { recursive: true });
  const snapshot = await cluster.quorum.cluster.snapshot();
  const file = join(folder, snapshot.name);
  await writeFile(file, snapshot.bytes);
  return { file, snapshot };
}

const dumpedCheckpoint: Step = {
  title: "log: kafka-dump-log reads a checkpoint",
  short: true,
  run: async (cluster) => {
    const { file, snapshot } = await checkpoint(cluster);
    const args = ["--cluster-metadata-decoder", "--files", file];
    const run = await tool(cluster.kafka, "kafka-dump-log", args, { withinMs: 90_000 });
    const ours = decodeSnapshot(snapshot.bytes).values.map((value) =>
      metadataRecordToJson(decodeMetadataRecord(value)),
    );
    const theirs = [...run.output.matchAll(/ payload: (\{"type".*)$/gm)].map(([, json = ""]) => {
      const payload: unknown = JSON.parse(json);
      return payload;
    });
    expect(!run.output.includes("isvalid: false"), "every batch is valid", run.tail);
    expect(
      ours.length > 0 && isDeepStrictEqual(theirs, ours),
      "both decoders say the same of every record",
      run.tail,
    );
    cluster.transcript.heading("kafka-dump-log of a checkpoint: its beginning");
    cluster.transcript.add(
      `kafka-dump-log ${args.join(" ")}`,
      run.output.split("\n").slice(0, 12).join("\n"),
    );
    return `${snapshot.name}: ${snapshot.bytes.byteLength} bytes, ${ours.length} records read alike`;
  },
};

const shell: Step = {
  title: "log: kafka-metadata-shell reads a checkpoint",
  run: async (cluster) => {
    const { file } = await checkpoint(cluster);
    cluster.transcript.heading("kafka-metadata-shell");
    await listed(cluster, file, { path: "image/topics/byName", wanted: /orders/ });
    await listed(cluster, file, { path: "image/cluster/brokers", wanted: /^1$[^]*^2$[^]*^3$/m });
    return "topics and brokers";
  },
};

export const logSteps: readonly Step[] = [dump, dumpedCheckpoint, shell];
