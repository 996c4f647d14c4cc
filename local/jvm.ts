/**
 * Java processes: started small unless told otherwise, their output followed line by line and kept in a file, ended by
 * their own id. Every JVM that still runs when this process exits is killed.
 */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Kafka } from "./kafka-release.ts";
import { until } from "./until.ts";

export interface JvmOptions {
  readonly mainClass: string;
  readonly args: readonly string[];
  readonly heapMb: number;
  /** How the JVM collects and compiles; quick to start and small when absent. */
  readonly flags?: readonly string[];
  /** System properties, as `name=value`. */
  readonly properties?: readonly string[];
  /** Where its output goes; nowhere when absent. */
  readonly logFile?: string;
  /** What it reads on standard input; nothing when absent. */
  readonly input?: string;
  /** The level of the log; tools are quiet. */
  readonly level?: Level;
  /** Where the log goes: a broker's is its output, a tool's would mix with its own. Standard error by default. */
  readonly logOn?: Stream;
}

type Level = "INFO" | "WARN" | "ERROR";
type Stream = "stdout" | "stderr";

export interface Jvm {
  readonly pid: number;
  /** Lines of standard output, oldest first, at most `LINES_MAX`. */
  readonly lines: readonly string[];
  /** The last lines of both streams. */
  readonly tail: () => string;
  /** True once it is gone. */
  readonly gone: () => boolean;
  /** Settles when it is gone, with its exit status; null after a signal. */
  readonly exited: Promise<number | null>;
  /** SIGTERM, and SIGKILL when it is still there after `withinMs`; true when it went by itself. */
  readonly terminate: (withinMs: number) => Promise<boolean>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  /** Waits for a line of standard output from index `from` on; its index. */
  readonly line: (pattern: RegExp, withinMs: number, from?: number) => Promise<number>;
}

/** Many JVMs share a small machine, and most live for a second. */
const SMALL = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];
const LINES_MAX = 500_000;
const TAIL_LINES = 40;

const running = new Map<number, Jvm>();
const settings = mkdtempSync(join(tmpdir(), "kedge-log4j-"));
process.once("exit", () => {
  for (const { pid } of running.values()) process.kill(pid, "SIGKILL");
  rmSync(settings, { recursive: true, force: true });
});

export function startJvm(kafka: Kafka, options: JvmOptions): Jvm {
  const child = spawnJava(kafka, options);
  const { lines, tail, close } = followed(child, options.logFile);
  // A process may end without having read its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const pid = child.pid ?? 0;
  let gone = false;
  const exited = new Promise<number | null>((settle) => {
    const over = (code: number | null): void => {
      gone = true;
      running.delete(pid);
      close();
      settle(code);
    };
    child.once("close", over);
    child.once("error", () => over(1));
  });
  const jvm: Jvm = {
    pid,
    lines,
    tail,
    gone: () => gone,
    exited,
    terminate: async (withinMs) => {
      if (gone) return true;
      child.kill("SIGTERM");
      let killed = false;
      const timer = setTimeout(() => {
        killed = true;
        child.kill("SIGKILL");
      }, withinMs);
      await exited;
      clearTimeout(timer);
      return !killed;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    line: (pattern, withinMs, from = 0) => {
      const what = `a line like ${pattern.source} of ${options.mainClass}`;
      let at = from;
      return until(what, { withinMs, evidence: tail }, () => {
        for (; at < lines.length; at += 1) if (pattern.test(lines[at] ?? "")) return at;
        if (gone) throw new Error(`${options.mainClass} is gone`);
        return undefined;
      });
    },
  };
  if (pid !== 0) running.set(pid, jvm);
  return jvm;
}

function spawnJava(kafka: Kafka, options: JvmOptions): ChildProcessWithoutNullStreams {
  const { mainClass, args, heapMb, flags = SMALL, level = "INFO", logOn = "stderr" } = options;
  const { properties = [] } = options;
  return spawn("java", [
    `-Xmx${heapMb}m`,
    ...flags,
    ...properties.map((property) => `-D${property}`),
    `-Dlog4j2.configurationFile=${logSettings(level, logOn)}`,
    "-cp",
    `${kafka.lib}/*`,
    mainClass,
    ...args,
  ]);
}

interface Output extends Pick<Jvm, "lines" | "tail"> {
  readonly close: () => void;
}

/** Keeps what the process prints: the lines of its output, and in the file all of it. */
function followed(child: ChildProcessWithoutNullStreams, logFile: string | undefined): Output {
  const lines: string[] = [];
  const recent: string[] = [];
  const file = logFile === undefined ? undefined : createWriteStream(logFile, { flags: "a" });
  const follow = (line: string): void => {
    file?.write(`${line}\n`);
    recent.push(line);
    if (recent.length > TAIL_LINES) recent.shift();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    follow(line);
    if (lines.length < LINES_MAX) lines.push(line);
  });
  createInterface({ input: child.stderr }).on("line", follow);
  return { lines, tail: () => recent.join("\n"), close: () => file?.end() };
}

/** Kills every JVM that was started here and still runs. */
export async function killEverything(): Promise<void> {
  await Promise.all([...running.values()].map((jvm) => jvm.kill()));
}

function logSettings(level: Level, logOn: Stream): string {
  const path = join(settings, `${level}-${logOn}.properties`);
  writeFileSync(
    path,
    [
      "status = error",
      "appender.console.type = Console",
      "appender.console.name = console",
      `appender.console.target = ${logOn === "stdout" ? "SYSTEM_OUT" : "SYSTEM_ERR"}`,
      "appender.console.layout.type = PatternLayout",
      "appender.console.layout.pattern = [%d] %p %m (%c)%n",
      `rootLogger.level = ${level}`,
      "rootLogger.appenderRef.console.ref = console",
    ].join("\n"),
  );
  return path;
}
