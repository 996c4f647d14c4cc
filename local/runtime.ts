/**
 * One `workerd` process over a configuration that is written already: started when its port listens, ended with SIGTERM
 * or SIGKILL, never restarted by itself. What runs in it, and where its state lies, the configuration says.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { RUNTIME_ENVIRONMENT } from "./checkout.ts";
import { portInUse } from "./ports.ts";

export interface RuntimeOptions {
  /** The configuration's file. */
  readonly config: string;
  /** The loopback port that the configuration names, for an error message; 0 takes a free one. */
  readonly port: number;
  /** What the runtime finds as `KEDGE_KEY` in its environment; no list of processes shows that. */
  readonly secret: string;
  /** Opens the runtime's inspector (the Chrome DevTools protocol) on a free loopback port. */
  readonly inspector?: boolean;
  /** A command that becomes the runtime (by `exec`, so that signals reach it), as `["env", "--ignore-signal=XFSZ"]`. */
  readonly launcher?: readonly string[];
  /** Receives every line that the runtime or the Worker prints. Standard error when absent. */
  readonly onLine?: (line: string) => void;
}

export interface Runtime {
  readonly port: number;
  /** The runtime's process id. */
  readonly pid: number;
  /** The loopback port of the runtime's inspector; null where none was asked for. */
  readonly inspectorPort: number | null;
  /** Settles when the runtime is gone, with how it went: `exit 0` or `SIGKILL`. */
  readonly exited: Promise<string>;
  /** Ends the runtime: SIGTERM, and SIGKILL to one that is still there after three seconds. */
  stop(): Promise<void>;
  /** Ends the runtime with SIGKILL, as a crash would. The state stays in its folder. */
  kill(): Promise<void>;
}

const STOP_MS = 3_000;
/** The runtime listens tens of milliseconds after its start; a crowded CI machine may need far longer. */
const LISTEN_MS = 30_000;
const LOOK_MS = 5;

/** Starts the runtime and waits until it listens. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { config, port, secret, launcher = [], inspector = false, onLine = complain } = options;
  const listeners = inspector ? ["--inspector-addr=127.0.0.1:0"] : [];
  const [command = "", ...words] = [...launcher, runtimePath(), "serve", config, ...listeners];
  const child = spawn(command, [...words, "--control-fd=3"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, ...RUNTIME_ENVIRONMENT, KEDGE_KEY: secret },
  });
  const exited = new Promise<string>((settle) => {
    child.once("exit", (code, signal) => settle(signal ?? `exit ${code ?? "unknown"}`));
    child.once("error", (error) => settle(error.message));
  });
  const tail = followLines(child, onLine);
  // A child must not outlive a parent that exits without stopping it.
  const killNow = (): void => void child.kill("SIGKILL");
  process.once("exit", killNow);
  void exited.then(() => process.off("exit", killNow));
  try {
    const opened = openedPorts(child, exited);
    const listening = await opened("listen");
    const inspectorPort = inspector ? await opened("listen-inspector") : null;
    return runtimeOf(child, { port: listening, inspectorPort, exited });
  } catch (error) {
    child.kill("SIGKILL");
    if (tail().includes("Address already in use")) throw portInUse(port);
    throw new Error(`workerd did not start: ${tail()}`, { cause: error });
  }
}

const complain = (line: string): void => void process.stderr.write(`${line}\n`);

function runtimeOf(
  child: ChildProcess,
  opened: Pick<Runtime, "port" | "inspectorPort" | "exited">,
): Runtime {
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await opened.exited;
    clearTimeout(timer);
  };
  return {
    ...opened,
    pid: child.pid ?? 0,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** The binary itself, not the package's launcher: a signal must reach the process that holds the files. */
function runtimePath(): string {
  const runtime: { readonly default: string } = createRequire(import.meta.url)("workerd");
  return runtime.default;
}

/** Hands each line of output on, and keeps the last few for an error message. */
function followLines(child: ChildProcess, onLine: (line: string) => void): () => string {
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      last.push(line);
      if (last.length > 5) last.shift();
      onLine(line);
    });
  }
  return () => last.join(" | ");
}

/** The runtime reports each socket that it opened as one line of JSON on its control descriptor. */
type OpenedPort = (event: "listen" | "listen-inspector") => Promise<number>;

function openedPorts(child: ChildProcess, exited: Promise<string>): OpenedPort {
  const control = child.stdio[3];
  if (control === null || control === undefined || !("read" in control))
    throw new Error("no control descriptor");
  const ports = new Map<string, number>();
  const lines = createInterface({ input: control });
  lines.on("line", (line) => {
    const message: { readonly event?: string; readonly port?: number } = JSON.parse(line);
    if (message.event !== undefined && message.port !== undefined)
      ports.set(message.event, message.port);
  });
  let how: string | null = null;
  void exited.then((ended) => (how = ended));
  const deadline = performance.now() + LISTEN_MS;
  return async (event) => {
    for (;;) {
      const port = ports.get(event);
      if (port !== undefined) return port;
      if (how !== null) throw new Error(`it ended with ${how}`);
      if (performance.now() > deadline)
        throw new Error(`it was not listening after ${LISTEN_MS} ms`);
      await new Promise((settle) => setTimeout(settle, LOOK_MS));
    }
  };
}
