/**
 * Kafka's own command line tools, by their main classes. Each run ends within a deadline; its output may be kept in
 * the transcript.
 */
import { startJvm } from "./jvm.ts";
import type { Kafka } from "../../scripts/kafka-release.ts";
import type { Transcript } from "./transcript.ts";

/** The scripts of a distribution and the class behind each. */
const MAIN_CLASSES = {
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
  "kafka-configs": "kafka.admin.ConfigCommand",
  "kafka-acls": "org.apache.kafka.tools.AclCommand",
  "kafka-features": "org.apache.kafka.tools.FeatureCommand",
  "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
  "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
  "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
  "kafka-client-metrics": "org.apache.kafka.tools.ClientMetricsCommand",
  "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
  "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
  "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
  "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
  "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
  "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "kafka-share-groups": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
  "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
  "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
  "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
  "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
  "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
  "kafka-verifiable-share-consumer": "org.apache.kafka.tools.VerifiableShareConsumer",
  "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
  "kafka-metadata-shell": "org.apache.kafka.shell.MetadataShell",
} as const;

export type ToolName = keyof typeof MAIN_CLASSES;

export interface ToolRun {
  readonly code: number | null;
  /** Standard output. */
  readonly output: string;
  /** The end of both streams. */
  readonly tail: string;
}

export interface ToolOptions {
  readonly input?: string;
  readonly withinMs?: number;
  /** Keeps the run in the transcript. */
  readonly transcript?: Transcript;
  /** A non-zero status is an answer here, not an error. */
  readonly mayFail?: boolean;
}

const TOOL_MS = 60_000;
export const TOOL_HEAP_MB = 160;

export function mainClassOf(kafka: Kafka, name: ToolName): string {
  // DumpLogSegments moved to Java between 4.1 and 4.2.
  if (name === "kafka-dump-log" && /^4\.[01]\./.test(kafka.version))
    return "kafka.tools.DumpLogSegments";
  return MAIN_CLASSES[name];
}

/** Runs a tool to its end. Rejects when it fails or does not end, with what it said last. */
export async function tool(
  kafka: Kafka,
  name: ToolName,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolRun> {
  const { input, withinMs = TOOL_MS, transcript, mayFail = false } = options;
  const jvm = startJvm(kafka, {
    mainClass: mainClassOf(kafka, name),
    args,
    heapMb: TOOL_HEAP_MB,
    level: "ERROR",
    ...(input === undefined ? {} : { input }),
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void jvm.kill();
  }, withinMs);
  const code = await jvm.exited;
  clearTimeout(timer);
  const run = { code, output: jvm.lines.join("\n"), tail: jvm.tail() };
  transcript?.add(
    `${name} ${args.join(" ")}`,
    run.tail.length > run.output.length ? run.tail : run.output,
  );
  if (late) throw new Error(`${name} ${args.join(" ")}: no end within ${withinMs} ms\n${run.tail}`);
  if (code !== 0 && !mayFail)
    throw new Error(`${name} ${args.join(" ")}: status ${code}\n${run.tail}`);
  return run;
}
