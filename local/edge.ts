/**
 * The product on this machine: one `workerd` process that runs the Worker and its Durable Objects as they are deployed,
 * on a loopback port, with the objects' state in a folder. It knows nothing of clusters, and it never restarts a
 * runtime that died: its caller wants to see what a kill does.
 */
import { readFileSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { authorized } from "../client/cluster-client.ts";
import type { TokenRequest } from "../src/access/index.ts";
import { PACKAGED_RUNTIME } from "./checkout.ts";
import { assertFree } from "./ports.ts";
import { bundleRuntime } from "./runtime-build.ts";
import {
  DESCRIPTION_NAME,
  PAGE_NAME,
  runtimeConfig,
  type WorkerDescription,
} from "./runtime-config.ts";
import { startRuntime, type Runtime, type RuntimeOptions } from "./runtime.ts";
import { mintToken, secretIn, writeTokenFile } from "./secret.ts";

export interface EdgeOptions extends Pick<RuntimeOptions, "inspector" | "launcher" | "onLine"> {
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
  /**
   * Loopback servers that the Worker may call, as `host:port` by the name of the binding. A test or a bench has some.
   */
  readonly externals?: Readonly<Record<string, string>>;
}

export interface Edge extends Runtime {
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
  /** Signs another token; rejects when nobody is asked who they are, and for a request that cannot be met. */
  mint(request: TokenRequest): Promise<string>;
  /** Asks at `path`, which begins with a slash, with `token`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Another runtime uses the folder. */
export class StateInUseError extends Error {
  override readonly name = "StateInUseError";

  constructor(persistTo: string, pid: number) {
    super(
      `${persistTo} is in use by workerd ${pid}; end it (kill ${pid}), or choose another with --persist-to`,
    );
  }
}

/** The product, bundled and configured in its folder: it can be started there again and again, without the build. */
export interface ConfiguredEdge {
  /** Starts the runtime and waits until it listens. `/health/ready` says whether a cluster is ready. */
  start(): Promise<Edge>;
}

/** Configures the runtime and starts it, once. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const configured = await configureEdge(options);
  return await configured.start();
}

/** Draws the folder's secret and writes what the runtime needs into it. */
export async function configureEdge(options: EdgeOptions): Promise<ConfiguredEdge> {
  const port = options.port ?? 0;
  const persistTo = resolve(options.persistTo);
  await claim(persistTo);
  if (port !== 0) await assertFree(port);
  const locks = options.auth === "none" ? UNLOCKED : await locksIn(persistTo);
  const config = await writeConfig({
    persistTo,
    port,
    config: options.config ?? "wrangler.toml",
    auth: options.auth ?? "tokens",
    externals: options.externals ?? {},
  });
  return {
    start: async () => {
      await claim(persistTo);
      const runtime = await startRuntime({ ...options, config, port, secret: locks.secret });
      const { pid } = runtime;
      const owner: Owner = {
        pid,
        parent: process.pid,
        port: runtime.port,
        started: startOf(pid),
      };
      await writeFile(ownerFile(persistTo), JSON.stringify(owner));
      return edgeOf(runtime, locks);
    },
  };
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

type Configured = Required<
  Pick<EdgeOptions, "persistTo" | "port" | "config" | "externals"> & { readonly auth: string }
>;

/** Puts the bundle and the runtime's configuration, both rewritten at every start, into the folder of the state. */
async function writeConfig(configured: Configured): Promise<string> {
  const { persistTo, port, config, auth, externals } = configured;
  const folder = join(persistTo, "runtime");
  const objects = join(persistTo, "objects");
  await Promise.all([folder, objects].map((each) => mkdir(each, { recursive: true })));
  if (PACKAGED_RUNTIME === null) await bundleRuntime(folder, config);
  else await cp(PACKAGED_RUNTIME, folder, { recursive: true });
  const described = await readFile(join(folder, DESCRIPTION_NAME), "utf8");
  const worker: WorkerDescription = JSON.parse(described);
  const file = join(folder, "workerd.capnp");
  const page = join(folder, PAGE_NAME);
  await writeFile(file, runtimeConfig(worker, { objects, page, port, auth, externals }));
  return file;
}

function edgeOf(runtime: Runtime, { secret, ...tokens }: Locks): Edge {
  const url = `http://127.0.0.1:${runtime.port}`;
  return {
    ...runtime,
    ...tokens,
    url,
    mint: (request) => mintToken(secret, request),
    fetch: (path, init) => fetch(`${url}${path}`, authorized(tokens.token, init)),
  };
}

/** Says which runtime uses a folder, and which process started it. */
interface Owner {
  readonly pid: number;
  readonly parent: number;
  readonly port: number;
  /** When the system started it, in its own terms; null where it does not say. Ids of processes are used again. */
  readonly started?: string | null;
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
    const { started = null } = owner;
    if (started !== null && startOf(owner.pid) !== started) return undefined;
    const signal = AbortSignal.timeout(1_000);
    const { ok } = await fetch(`http://127.0.0.1:${owner.port}/health/live`, { signal });
    return ok ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of `/proc/<pid>/stat`: ticks from the system's own start to that of the process. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before it may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
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
