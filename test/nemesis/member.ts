/**
 * One process of the spread quorum: a `workerd` with its own folder, and what can be done to it. It is started again on
 * the same folder, on whatever port is free: its own may be another's by then. What is asked of it here goes to it
 * directly, not through the proxy.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  ROUTES,
  isControllerStatus,
  readJson,
  urlOf,
  type ControllerStatus,
  type RouteName,
  type RouteQuery,
} from "../../durable-objects/contract.ts";
import { configureEdge, type ConfiguredEdge, type Edge } from "../../local/edge.ts";
import { stopped } from "./signals.ts";

export interface MemberOptions {
  /** That of its place, or of a Worker's process. */
  readonly name: string;
  readonly folder: string;
  /** By the name of each other process that it calls, where the proxy listens for it. */
  readonly externals: Readonly<Record<string, string>>;
}

/** What the runtime prints, but for what a disk that is full explains: last lines only. */
const LINES_MAX = 200;
/** What SQLite, and then the controller, say of a write that the system refused. */
const REFUSED_WRITE = /SQLITE_(IOERR|FULL)|a step could not be stored/;

export class Member {
  readonly name: string;
  /** Under way is a fault that takes the process for itself: one at a time. */
  isTaken = false;
  /** How many lines said that a write was refused by the system. */
  refusedWrites = 0;
  readonly lines: string[] = [];
  readonly #options: MemberOptions;
  #configured: ConfiguredEdge | null = null;
  #edge: Edge | null = null;
  #isUp = false;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get edge(): Edge {
    if (this.#edge === null) throw new Error(`${this.name} was never started`);
    return this.#edge;
  }

  /** Where it listens; null while it is down. */
  get port(): number | null {
    return this.#isUp ? this.edge.port : null;
  }

  /** Starts it, as it was configured at its first start. */
  async start(): Promise<void> {
    this.#configured ??= await this.#configure();
    this.#edge = await this.#configured.start();
    this.#isUp = true;
  }

  #configure(): Promise<ConfiguredEdge> {
    const { folder, externals } = this.#options;
    return configureEdge({
      persistTo: folder,
      config: "test/nemesis/wrangler.toml",
      externals,
      // A file that may not grow is to fail the write, not to end the process.
      launcher: ["env", "--ignore-signal=XFSZ"],
      onLine: (line) => this.#hear(line),
    });
  }

  /** Ends it with SIGKILL, paused or not; resolves with the signal that has ended it. */
  async kill(): Promise<string> {
    this.#isUp = false;
    await this.edge.kill();
    return await this.edge.exited;
  }

  async stop(): Promise<void> {
    await this.#edge?.stop();
  }

  /** Stops the process where it stands (SIGSTOP); true once the system says that it stands. */
  pause(): Promise<boolean> {
    return stopped(this.edge.pid);
  }

  resume(): void {
    process.kill(this.edge.pid, "SIGCONT");
  }

  /** Every file of it may be so long from now on, and a write beyond fails (EFBIG); null for any length. */
  async limitFiles(bytes: number | null): Promise<void> {
    const limit = `--fsize=${bytes ?? "unlimited"}:unlimited`;
    await promisify(execFile)("prlimit", ["--pid", String(this.edge.pid), limit]);
  }

  #hear(line: string): void {
    const isRefusedWrite = REFUSED_WRITE.test(line);
    if (isRefusedWrite) this.refusedWrites += 1;
    // Each has a stack of the runtime's own, as addresses.
    if (isRefusedWrite || line.startsWith("stack: ")) return;
    this.lines.push(line);
    if (this.lines.length > LINES_MAX) this.lines.shift();
  }

  /** Calls a controller's object in this process, of `<clusterId>/<nodeId>`, at a path that the Worker calls. */
  async call(
    object: string,
    route: RouteName,
    { query, timeoutMs }: { readonly query?: RouteQuery; readonly timeoutMs: number },
  ): Promise<Response> {
    const { pathname, search } = new URL(urlOf(route, query));
    return await fetch(`${this.edge.url}${pathname}${search}`, {
      method: ROUTES[route].method,
      headers: { "Nemesis-Object": object },
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  /** What that controller says of itself; null when it does not answer in time. */
  async status(object: string, timeoutMs: number): Promise<ControllerStatus | null> {
    try {
      const response = await this.call(object, "status", { timeoutMs });
      return await readJson(response, isControllerStatus);
    } catch {
      return null;
    }
  }
}
