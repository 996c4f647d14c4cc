/**
 * The product on this machine: one `workerd` process that runs the Worker and its Durable Objects as they are deployed,
 * on a loopback port, with the objects' state in a folder. It knows nothing of clusters, and it never restarts a
 * runtime that died: its caller wants to see what a kill does.
 */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { authorized } from "../client/cluster-client.ts";
import type { TokenRequest } from "../src/access/index.ts";
import { ROOT, RUNTIME_ENVIRONMENT } from "./checkout.ts";
import { assertFree, portInUse } from "./ports.ts";
import { mintToken, secretIn, writeTokenFile } from "./secret.ts";

export interface EdgeOptions {
  /** A folder for the state, made when missing. One runtime at a time may use it. */
  readonly persistTo: string;
  /** The loopback port; 0 (the default) takes a free one. */
  readonly port?: number;
  /**
   * A `wrangler.toml` other than the product's own, as a path from the checkout's root: a bench has one that adds to
   * it.
   */
  readonly config?: string;
  /**
   * `none`: nobody is asked who they are. Else the runtime has a secret of its own in its folder, and lets in who has a
   * token that it signed.
   */
  readonly auth?: "none";
  /** Opens the runtime's inspector (the Chrome DevTools protocol) on a free loopback port. */
  readonly inspector?: boolean;
  /** Receives every line that the runtime or the Worker prints. Standard error when absent. */
  readonly onLine?: (line: string) => void;
}

export interface Edge {
  /** Where the Worker answers, as `http://127.0.0.1:8787`: without a slash at the end. */
  readonly url: string;
  /** An admin's; null when nobody is asked who they are. */
  readonly token: string | null;
  /** A gateway's, for every cluster: it may what brokers may, which an admin's may not. */
  readonly gatewayToken: string | null;
  /** A file that holds `token`, for its owner alone. */
  readonly tokenFile: string | null;
  /** The same as a header, for `curl -H @file`: an argument would be in every list of processes. */
  readonly headerFile: string | null;
  readonly port: number;
  /** The runtime's process id. */
  readonly pid: number;
  /** The loopback port of the runtime's inspector; null where none was asked for. */
  readonly inspectorPort: number | null;
  /** Settles when the runtime is gone, with how it went: `exit 0` or `SIGKILL`. */
  readonly exited: Promise<string>;
  /** Signs another token; rejects when nobody is asked who they are, and for a request that cannot be met. */
  mint(request: TokenRequest): Promise<string>;
  /** Asks at `path`, which begins with a slash, with `token`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Ends the runtime: SIGTERM, and SIGKILL to one that is still there after three seconds. */
  stop(): Promise<void>;
  /** Ends the runtime with SIGKILL, as a crash would. The state stays in its folder. */
  kill(): Promise<void>;
}

const STOP_MS = 3_000;
/** The runtime listens tens of milliseconds after its start; a crowded CI machine may need far longer. */
const LISTEN_MS = 30_000;
const LOOK_MS = 5;

/** Another runtime uses the folder. */
export class StateInUseError extends Error {
  override readonly name = "StateInUseError";

  constructor(persistTo: string, pid: number) {
    super(
      `${persistTo} is in use by workerd ${pid}; end it (kill ${pid}), or choose another with --persist-to`,
    );
  }
}

/** Starts the runtime and waits until it listens. `/health/ready` says whether a cluster is ready. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const port = options.port ?? 0;
  const persistTo = resolve(options.persistTo);
  await claim(persistTo);
  if (port !== 0) await assertFree(port);
  const locks = options.auth === "none" ? UNLOCKED : await locksIn(persistTo);
  const config = await writeConfig({
    persistTo,
    port,
    config: options.config ?? "wrangler.toml",
    auth: options.auth,
  });
  const inspector = options.inspector === true ? ["--inspector-addr=127.0.0.1:0"] : [];
  const child = spawn(runtimePath(), ["serve", config, "--control-fd=3", ...inspector], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // From the environment, which no list of processes shows; its configuration holds no secret.
    env: { ...process.env, ...RUNTIME_ENVIRONMENT, KEDGE_KEY: locks.secret },
  });
  const exited = new Promise<string>((settle) => {
    child.once("exit", (code, signal) => settle(signal ?? `exit ${code ?? "unknown"}`));
    child.once("error", (error) => settle(error.message));
  });
  const tail = followLines(child, options.onLine ?? ((line) => process.stderr.write(`${line}\n`)));
  // A child must not outlive a parent that exits without stopping it.
  const killNow = (): void => void child.kill("SIGKILL");
  process.once("exit", killNow);
  void exited.then(() => process.off("exit", killNow));
  try {
    const opened = openedPorts(child, exited);
    const listening = await opened("listen");
    const inspectorPort = options.inspector === true ? await opened("listen-inspector") : null;
    await writeFile(
      ownerFile(persistTo),
      JSON.stringify({ pid: child.pid, parent: process.pid, port: listening }),
    );
    return edgeOf(child, { port: listening, inspectorPort }, { exited, locks });
  } catch (error) {
    child.kill("SIGKILL");
    if (tail().includes("Address already in use")) throw portInUse(port);
    throw new Error(`workerd did not start: ${tail()}`, { cause: error });
  }
}

interface Locks extends Pick<Edge, "token" | "gatewayToken" | "tokenFile" | "headerFile"> {
  readonly secret: string;
}

const UNLOCKED: Locks = {
  secret: "",
  token: null,
  gatewayToken: null,
  tokenFile: null,
  headerFile: null,
};

async function locksIn(persistTo: string): Promise<Locks> {
  const secret = await secretIn(persistTo);
  const [token, gatewayToken] = await Promise.all([
    mintToken(secret, { role: "admin", principal: "admin" }),
    mintToken(secret, { role: "gateway", cluster: "*", principal: "gateway" }),
  ]);
  const tokenFile = await writeTokenFile(persistTo, "admin-token", token);
  const header = `Authorization: Bearer ${token}`;
  const headerFile = await writeTokenFile(persistTo, "admin-header", header);
  return { secret, token, gatewayToken, tokenFile, headerFile };
}

interface Configured extends Required<Pick<EdgeOptions, "persistTo" | "port" | "config">> {
  readonly auth: EdgeOptions["auth"];
}

/** Bundles the Worker and writes the runtime's configuration, in a process of its own, which exits afterwards. */
async function writeConfig({ persistTo, port, config, auth }: Configured): Promise<string> {
  const script = join(ROOT, "local", "runtime-config.ts");
  try {
    await promisify(execFile)(
      process.execPath,
      [script, persistTo, String(port), config, auth ?? "tokens"],
      {
        env: { ...process.env, ...RUNTIME_ENVIRONMENT },
      },
    );
  } catch (error) {
    const output =
      error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new Error(`the Worker could not be bundled: ${output.trim()}`, { cause: error });
  }
  return join(persistTo, "runtime", "workerd.capnp");
}

function edgeOf(
  child: ChildProcess,
  ports: Pick<Edge, "port" | "inspectorPort">,
  { exited, locks }: { readonly exited: Promise<string>; readonly locks: Locks },
): Edge {
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  const url = `http://127.0.0.1:${ports.port}`;
  return {
    ...ports,
    url,
    token: locks.token,
    gatewayToken: locks.gatewayToken,
    tokenFile: locks.tokenFile,
    headerFile: locks.headerFile,
    pid: child.pid ?? 0,
    exited,
    mint: (request) => mintToken(locks.secret, request),
    fetch: (path, init) => fetch(`${url}${path}`, authorized(locks.token, init)),
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

/** Says which runtime uses a folder, and which process started it. */
interface Owner {
  readonly pid: number;
  readonly parent: number;
  readonly port: number;
}

const ownerFile = (persistTo: string): string => join(persistTo, "runtime", "owner.json");

/**
 * Two runtimes over one folder would be two controllers with one identity. The note of a dead one is ignored. One that
 * outlived its parent (which was killed with SIGKILL) is killed, and loses nothing by it.
 */
async function claim(persistTo: string): Promise<void> {
  const owner = await runningOwner(persistTo);
  if (owner === undefined) return;
  if (isAlive(owner.parent)) throw new StateInUseError(persistTo, owner.pid);
  process.kill(owner.pid, "SIGKILL");
  while (isAlive(owner.pid)) await new Promise((settle) => setTimeout(settle, 20));
}

/** The runtime that the folder's note names, if it answers there. */
async function runningOwner(persistTo: string): Promise<Owner | undefined> {
  try {
    const owner: Owner = JSON.parse(await readFile(ownerFile(persistTo), "utf8"));
    if (!isAlive(owner.pid)) return undefined;
    const signal = AbortSignal.timeout(1_000);
    const { ok } = await fetch(`http://127.0.0.1:${owner.port}/health/live`, { signal });
    return ok ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** A zombie is not alive: in a container without an init process nothing reaps it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
