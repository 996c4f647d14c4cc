/**
 * Kafka's own command line tools, by their main classes. Each run ends within a deadline; its output may be kept in
 * the transcript.
 */
import { startJvm } from "../../local/jvm.ts";
import type { Kafka } from "../../local/kafka-release.ts";
import { mainClassOf, type ToolName } from "../../local/kafka-tools.ts";
import type { Transcript } from "./transcript.ts";

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

/** Runs a tool to its end. Rejects when it fails or does not end, with the tail of its output. */
export async function tool(
  kafka: Kafka,
  name: ToolName,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolRun> {
  const { input, withinMs = TOOL_MS, transcript, mayFail = false } = options;
  const jvm = startJvm(kafka, {
    mainClass: mainClassOf(kafka.version, name),
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
