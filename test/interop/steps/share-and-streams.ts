/**
 * What newer features bring once `kafka-features upgrade` has raised them: share groups (KIP-932) and streams groups
 * (KIP-1071). Both live in the brokers; the quorum's part is the levels, the groups' configs and the coordinators'
 * topics. The upgrade cannot be taken back, so these steps stand after those that want the features as formed.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster.ts";
import { startJvm, type Jvm } from "../../../local/jvm.ts";
import { expect, type Step } from "../step.ts";
import { streamsJars } from "../streams-jars.ts";
import { SkippedError } from "../table.ts";
import { mainClassOf } from "../../../local/kafka-tools.ts";
import { tool, TOOL_HEAP_MB, type ToolOptions, type ToolRun } from "../tool.ts";
import { until } from "../../../local/until.ts";

const GROUP_MS = 60_000;
/** Kafka Streams keeps a store and several clients; the tools' heap is too small for it. */
const STREAMS_HEAP_MB = 256;

/** Arguments as they would be typed; none of them holds a blank. */
const words = (line: string): readonly string[] => line.split(" ");

/** Share groups are ready for production from 4.2 on, streams groups too; 4.3 is the release that is tried. */
function assertHasBoth({ kafka }: Cluster): void {
  const [major = 0, minor = 0] = kafka.version.split(".").map(Number);
  if (major === 4 && minor < 3) throw new SkippedError(`not of ${kafka.version}`);
}

/** 4.1 goes down to 4.0 and up again. 4.3 goes down by no release, which would lose something, but by a feature. */
const downAndUp: Step = {
  title: "features: what goes down, and what is refused",
  run: async (cluster) => {
    const { kafka, transcript } = cluster;
    if (kafka.version.startsWith("4.0.")) throw new SkippedError("goes down to nothing");
    transcript.heading("kafka-features downgrade");
    const features = (args: readonly string[], options: ToolOptions = {}) =>
      cluster.viaControllers("kafka-features", args, { transcript, ...options });
    if (kafka.version.startsWith("4.1.")) {
      await features(["downgrade", "--release-version", "4.0"]);
      assertFinalized(await features(["describe"]), LEVELS_OF_4_0);
      await features(["upgrade", "--release-version", "4.1"]);
      assertFinalized(await features(["describe"]), LEVELS_OF_4_1);
      return "4.1 to 4.0 and back";
    }
    const lossy = await features(["downgrade", "--release-version", "4.2"], { mayFail: true });
    expect(
      /Refusing to perform the requested downgrade because it might delete/.test(lossy.output),
      "a release that knows less is refused",
      lossy.tail,
    );
    await features(["downgrade", "--feature", "streams.version=0"]);
    assertFinalized(await features(["describe"]), [["streams.version", "0"]]);
    await features(["upgrade", "--release-version", "4.3"]);
    assertFinalized(await features(["describe"]), LEVELS_OF_4_3);
    return "4.2 refused, streams.version to 0 and back";
  },
};

const upgrade: Step = {
  title: "features: upgraded to the release",
  run: async (cluster) => {
    assertHasBoth(cluster);
    const { transcript } = cluster;
    transcript.heading("kafka-features upgrade");
    const { output } = await cluster.viaBrokers("kafka-features", ["describe"], { transcript });
    const lower = LEVELS_OF_4_3.filter(([feature, shown]) => finalized(output, feature) !== shown);
    if (lower.length > 0) {
      const wanted = ["upgrade", "--release-version", "4.3"];
      await cluster.viaBrokers("kafka-features", wanted, { transcript });
    }
    // Brokers answer from the metadata they have replayed, the controllers from what they committed.
    const fromController = await cluster.viaControllers("kafka-features", ["describe"]);
    assertFinalized(fromController, LEVELS_OF_4_3);
    await until("the brokers know it", { withinMs: GROUP_MS }, async () => {
      assertFinalized(await cluster.viaBrokers("kafka-features", ["describe"]), LEVELS_OF_4_3);
      return true;
    });
    return LEVELS_OF_4_3.map(([feature, shown]) => `${feature} ${shown}`).join(", ");
  },
};

/** The levels that a release brings, as kafka-features shows them. */
const LEVELS_OF_4_0 = [
  ["metadata.version", "4.0-IV3"],
  ["eligible.leader.replicas.version", "0"],
] as const;
const LEVELS_OF_4_1 = [
  ["metadata.version", "4.1-IV1"],
  ["eligible.leader.replicas.version", "1"],
] as const;
const LEVELS_OF_4_3 = [
  ["metadata.version", "4.3-IV0"],
  ["eligible.leader.replicas.version", "1"],
  ["share.version", "1"],
  ["streams.version", "1"],
] as const;

/** What `kafka-features describe` shows as a feature's finalized level. */
function finalized(described: string, feature: string): string | undefined {
  const line = described.split("\n").find((text) => text.split(/\s/)[1] === feature);
  return line?.match(/FinalizedVersionLevel: (\S+)/)?.[1];
}

function assertFinalized(
  { output, tail }: ToolRun,
  levels: readonly (readonly [feature: string, shown: string])[],
): void {
  for (const [feature, shown] of levels)
    expect(finalized(output, feature) === shown, `${feature} is finalized at ${shown}`, tail);
}

const share: Step = {
  title: "clients: a share group of two",
  run: async (cluster) => {
    assertHasBoth(cluster);
    const { transcript } = cluster;
    transcript.heading("share group");
    await cluster.createTopic("queue", 3);
    await cluster.viaBrokers(
      "kafka-configs",
      words(
        "--alter --entity-type groups --entity-name workers --add-config share.auto.offset.reset=earliest",
      ),
      { transcript },
    );
    const jobs = Array.from({ length: 300 }, (_, at) => `job ${at}`);
    const workers = [worker(cluster), worker(cluster)];
    try {
      await Promise.all(workers.map((jvm) => jvm.line(/"startup_complete"/, GROUP_MS)));
      await cluster.viaBrokers("kafka-console-producer", ["--topic", "queue"], {
        input: `${jobs.join("\n")}\n`,
      });
      await until(
        "every job is acknowledged by one of the two",
        { withinMs: GROUP_MS, evidence: () => workers.map((jvm) => jvm.tail()).join("\n") },
        () => {
          const count = workers.reduce((sum, jvm) => sum + acknowledged(jvm), 0);
          return count >= jobs.length ? true : undefined;
        },
      );
      const taken = new Set(workers.flatMap(valuesOf));
      const missing = jobs.filter((job) => !taken.has(job));
      expect(missing.length === 0, "every job was taken", String(missing.slice(0, 10)));
      const members = await cluster.viaBrokers(
        "kafka-share-groups",
        ["--describe", "--members", "--group", "workers"],
        { transcript },
      );
      const rows = members.output.split("\n").filter((line) => line.startsWith("workers"));
      expect(rows.length === workers.length, "the group has two members", members.tail);
    } finally {
      await Promise.all(workers.map((jvm) => jvm.terminate(GROUP_MS)));
    }
    const offsets = await cluster.viaBrokers(
      "kafka-share-groups",
      ["--describe", "--group", "workers"],
      { transcript },
    );
    expect(/workers\s+queue\s/.test(offsets.output), "the group's offsets are kept", offsets.tail);
    return `${jobs.length} records taken and acknowledged`;
  },
};

function worker(cluster: Cluster): Jvm {
  return startJvm(cluster.kafka, {
    mainClass: mainClassOf(cluster.kafka.version, "kafka-verifiable-share-consumer"),
    args: words(
      `--bootstrap-server ${cluster.bootstrapServers} --topic queue --group-id workers --verbose`,
    ),
    heapMb: TOOL_HEAP_MB,
    level: "ERROR",
  });
}

/** One event that kafka-verifiable-share-consumer prints. */
interface Told {
  readonly name: string;
  readonly count?: number;
  readonly value?: string;
}

function eventsOf(jvm: Jvm, name: string): readonly Told[] {
  return jvm.lines
    .filter((line) => line.startsWith("{"))
    .map((line): Told => JSON.parse(line))
    .filter((told) => told.name === name);
}

const acknowledged = (jvm: Jvm): number =>
  eventsOf(jvm, "offsets_acknowledged").reduce((sum, { count = 0 }) => sum + count, 0);

const valuesOf = (jvm: Jvm): readonly string[] =>
  eventsOf(jvm, "record_data").map(({ value = "" }) => value);

/** The names are those of Kafka's demonstration. */
const INPUT = "streams-plaintext-input";
const OUTPUT = "streams-wordcount-output";

const streams: Step = {
  title: "clients: Kafka Streams in a streams group",
  run: async (cluster) => {
    assertHasBoth(cluster);
    const { transcript } = cluster;
    const jars = await streamsJars(cluster.kafka);
    await cluster.createTopic(INPUT, 2);
    await cluster.createTopic(OUTPUT, 2);
    const config = join(cluster.folder, "streams.properties");
    await writeFile(config, streamsProperties(cluster));
    const counting = startJvm(jars, {
      mainClass: "org.apache.kafka.streams.examples.wordcount.WordCountDemo",
      args: [config],
      heapMb: STREAMS_HEAP_MB,
      logFile: join(cluster.folder, "streams.log"),
      logOn: "stdout",
    });
    try {
      await counting.line(/to RUNNING/, GROUP_MS);
      await cluster.viaBrokers("kafka-console-producer", ["--topic", INPUT], {
        input: `${Array.from({ length: 50 }, () => "kedge holds and kedge yields").join("\n")}\n`,
      });
      await until(
        "the words are counted",
        { withinMs: GROUP_MS, evidence: () => counting.tail() },
        async () => {
          const read = await readCounts(cluster);
          const isCounted = read.includes("kedge\t100") && read.includes("yields\t50");
          return isCounted ? true : undefined;
        },
      );
      transcript.heading("streams group");
      const described = await describeStreamsGroup(cluster);
      transcript.add("kafka-streams-groups --describe --group counting", described);
      expect(/counting/.test(described), "the group is known as a streams group", described);
    } finally {
      await counting.terminate(GROUP_MS);
    }
    return "50 lines counted";
  },
};

function streamsProperties(cluster: Cluster): string {
  return [
    "application.id=counting",
    `bootstrap.servers=${cluster.bootstrapServers}`,
    "group.protocol=streams",
    "replication.factor=3",
    "commit.interval.ms=100",
    `state.dir=${join(cluster.folder, "streams-state")}`,
    "",
  ].join("\n");
}

/** Every count so far, as `word TAB count`. */
async function readCounts(cluster: Cluster): Promise<readonly string[]> {
  const run = await tool(
    cluster.kafka,
    "kafka-console-consumer",
    words(
      `--bootstrap-server ${cluster.bootstrapServers} --topic ${OUTPUT} --from-beginning --timeout-ms 3000 ` +
        "--formatter-property print.key=true --formatter-property " +
        "value.deserializer=org.apache.kafka.common.serialization.LongDeserializer",
    ),
    { mayFail: true },
  );
  return run.output.split("\n");
}

async function describeStreamsGroup(cluster: Cluster): Promise<string> {
  const jvm = startJvm(cluster.kafka, {
    mainClass: "org.apache.kafka.tools.streams.StreamsGroupCommand",
    args: words(`--bootstrap-server ${cluster.bootstrapServers} --describe --group counting`),
    heapMb: TOOL_HEAP_MB,
    level: "ERROR",
  });
  const code = await jvm.exited;
  expect(code === 0, "kafka-streams-groups answers", jvm.tail());
  return jvm.lines.join("\n");
}

/** In this order, after every step that wants the features as they were formed. */
export const shareAndStreamsSteps: readonly Step[] = [upgrade, downAndUp, share, streams];
