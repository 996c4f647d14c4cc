/** Kafka's command line tools as one types them; what they print goes into the transcript. */
import type { ToolName } from "../../../local/kafka-tools.ts";
import { until } from "../../../local/until.ts";
import type { Cluster } from "../cluster.ts";
import { expect } from "../step.ts";
import type { ToolOptions, ToolRun } from "../tool.ts";

/** Brokers learn of a change with their next fetch; a busy machine takes a moment. */
export const VISIBLE_MS = 20_000;

/** Runs tools and keeps their output; a command is written as one would type it. */
export function shell(cluster: Cluster, title: string) {
  const { transcript } = cluster;
  transcript.heading(title);
  const run =
    (via: Cluster["viaBrokers"]) =>
    (line: string, options?: ToolOptions): Promise<ToolRun> => {
      const [name, ...args] = line.split(" ");
      return via(toolName(name), args, { transcript, ...options });
    };
  return { brokers: run(cluster.viaBrokers), controllers: run(cluster.viaControllers) };
}

function toolName(name: string | undefined): ToolName {
  const names: readonly ToolName[] = [
    "kafka-topics",
    "kafka-configs",
    "kafka-features",
    "kafka-metadata-quorum",
    "kafka-cluster",
    "kafka-log-dirs",
    "kafka-client-metrics",
    "kafka-delete-records",
    "kafka-transactions",
    "kafka-broker-api-versions",
    "kafka-reassign-partitions",
    "kafka-leader-election",
    "kafka-get-offsets",
  ];
  const found = names.find((candidate) => candidate === name);
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}

export function says(run: ToolRun, ...patterns: readonly RegExp[]): void {
  for (const pattern of patterns)
    expect(pattern.test(run.output), `the tool says ${pattern.source}`, run.tail);
}

/** Repeats a tool until it says so. */
export async function untilSays(run: () => Promise<ToolRun>, pattern: RegExp): Promise<ToolRun> {
  return until(
    `the tool says ${pattern.source}`,
    { withinMs: VISIBLE_MS, everyMs: 500 },
    async () => {
      const answer = await run();
      if (pattern.test(answer.output)) return answer;
      throw new Error(answer.tail);
    },
  );
}
