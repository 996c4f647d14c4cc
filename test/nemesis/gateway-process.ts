/**
 * A gateway as a process of its own, on a loopback address of its own, so that all of them have the ports that the
 * cluster tells brokers; what can be done to it, and what it says of itself.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../local/checkout.ts";
import { stopped } from "./signals.ts";

export interface GatewayOptions {
  readonly name: string;
  /** A loopback address, which no other gateway has. */
  readonly host: string;
  /** The first of a hundred ports. */
  readonly firstPort: number;
  readonly edge: string;
  readonly clusterId: string;
  readonly token: string;
  /** Where it keeps what it has shown to brokers; null: it does not. */
  readonly stateFile: string | null;
}

const MAIN = join(ROOT, "gateway", "main.ts");
const START_MS = 30_000;
const PAGE_MS = 1_000;
const SAMPLE_MS = 500;
const LINES_MAX = 200;
/** A state file is written once a second, by a process that has other things to do as well. */
const WRITTEN_MS = 3_000;

/** What a gateway counts, as far as it is read here. */
const COUNTERS = ["fetches_observed", "frames_linked", "frames_answered", "standstills"] as const;
export type GatewayCounter = (typeof COUNTERS)[number];
type Counts = Readonly<Record<GatewayCounter, number>>;
const NONE: Counts = { fetches_observed: 0, frames_linked: 0, frames_answered: 0, standstills: 0 };

interface Sample {
  readonly atMs: number;
  readonly counts: Counts;
  /** Where the log ends that brokers were shown. */
  readonly shownOffset: number;
}

/** Whatever ends this process, no gateway outlives it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class GatewayProcess {
  readonly name: string;
  /** How many lines it has said in all its lives. */
  #heard = 0;
  readonly lines: string[] = [];
  /** What is wrong with what it keeps over a restart. */
  readonly complaints: string[] = [];
  readonly #options: GatewayOptions;
  #process: ChildProcess | null = null;
  #pages = "";
  /** Of processes that have ended. */
  #past: Counts = NONE;
  #samples: Sample[] = [];
  #sampler: NodeJS.Timeout | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(options: GatewayOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get host(): string {
    return this.#options.host;
  }

  /** Starts it, and waits until its ports are open. */
  async start(): Promise<void> {
    const { host, firstPort, edge, clusterId, token, stateFile } = this.#options;
    const shown = await this.#stateOffset();
    const args = ["--edge", edge, "--cluster", clusterId, "--listen", `${host}:${firstPort}`];
    const state = stateFile === null ? [] : ["--state", stateFile];
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("KEDGE_"));
    const child = spawn(process.execPath, [MAIN, ...args, "--http", `${host}:0`, ...state], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...Object.fromEntries(own), KEDGE_TOKEN: token },
    });
    this.#process = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    const from = this.#heard;
    createInterface({ input: child.stderr }).on("line", (line) => this.#hear(line));
    child.once("exit", () => this.#wake.resolve());
    await this.#says("are reached at", from);
    this.#samples = [];
    await this.#sample();
    const [first] = this.#samples;
    if (first !== undefined && first.shownOffset < shown)
      this.complaints.push(
        `${this.name} began at ${first.shownOffset}, and its file said ${shown}`,
      );
    this.#sampler = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  /** Ends it with SIGKILL; resolves with the signal that has ended it. */
  async kill(): Promise<string> {
    const child = this.#process;
    clearInterval(this.#sampler);
    if (child === null) return "";
    const killedMs = performance.now();
    // One that has ended by itself, as for a fault of its own, says so no second time.
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    this.#process = null;
    this.#past = sumOf(this.#past, this.#samples.at(-1)?.counts ?? NONE);
    const written = await this.#stateOffset();
    const due = this.#samples.findLast(({ atMs }) => atMs < killedMs - WRITTEN_MS);
    if (this.#options.stateFile !== null && due !== undefined && written < due.shownOffset)
      this.complaints.push(
        `${this.name} had shown ${due.shownOffset} for ${WRITTEN_MS} ms, and its file says ${written}`,
      );
    this.#samples = [];
    return child.signalCode ?? "";
  }

  pause(): Promise<boolean> {
    return stopped(this.#process?.pid ?? 0);
  }

  resume(): void {
    this.#process?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
  }

  /** Over all of its processes, but for what the last moments before a kill had. */
  count(counter: GatewayCounter): number {
    return sumOf(this.#past, this.#samples.at(-1)?.counts ?? NONE)[counter];
  }

  /** What its file of state says; -1 without one. */
  async #stateOffset(): Promise<number> {
    const { stateFile } = this.#options;
    if (stateFile === null) return -1;
    try {
      const { offset }: { readonly offset: number } = JSON.parse(await readFile(stateFile, "utf8"));
      return offset;
    } catch {
      return -1;
    }
  }

  /** One that does not answer, since it stands still or is gone, is asked again the next time. */
  async #sample(): Promise<void> {
    const child = this.#process;
    try {
      const signal = AbortSignal.timeout(PAGE_MS);
      const atMs = performance.now();
      const text = await (await fetch(`${this.#pages}/metrics`, { signal })).text();
      if (this.#process !== child) return;
      const counts = Object.fromEntries(
        COUNTERS.map((name) => [name, valueIn(text, `${name}_total`)]),
      );
      const shownOffset = valueIn(text, "log_shown_offset");
      this.#samples.push({ atMs, counts: { ...NONE, ...counts }, shownOffset });
    } catch {
      return;
    }
  }

  #hear(line: string): void {
    this.#pages = /\/metrics on (http:\S+)/.exec(line)?.[1] ?? this.#pages;
    this.#heard += 1;
    this.lines.push(line);
    if (this.lines.length > LINES_MAX) this.lines.shift();
    this.#wake.resolve();
  }

  /** Waits until it says so, after the first `from` lines that were ever heard. */
  async #says(text: string, from: number): Promise<void> {
    const deadline = performance.now() + START_MS;
    const said = (): readonly string[] =>
      this.lines.slice(Math.max(0, this.lines.length - (this.#heard - from)));
    while (!said().some((line) => line.includes(text))) {
      const isOver = performance.now() > deadline || this.#process?.exitCode !== null;
      if (isOver) throw new Error(`${this.name} does not start: ${said().join()}`);
      this.#wake = Promise.withResolvers();
      const late = setTimeout(() => this.#wake.resolve(), 1_000);
      await this.#wake.promise;
      clearTimeout(late);
    }
  }
}

const sumOf = (one: Counts, other: Counts): Counts => ({
  fetches_observed: one.fetches_observed + other.fetches_observed,
  frames_linked: one.frames_linked + other.frames_linked,
  frames_answered: one.frames_answered + other.frames_answered,
  standstills: one.standstills + other.standstills,
});

const valueIn = (text: string, name: string): number =>
  Number(new RegExp(`^kedge_gateway_${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
