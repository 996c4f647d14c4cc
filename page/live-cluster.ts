/**
 * One cluster as it is at this moment: the quorum asked every two seconds, the log followed, and what the log changes
 * read again. It knows how old each of these is, and stands still while nobody looks at the page. It shows nothing.
 */
import type { Broker } from "../client/brokers.ts";
import type { QuorumDescription } from "../client/controllers.ts";
import type { Cluster } from "../client/kedge.ts";
import type { LogLine } from "../client/metadata-log.ts";
import { RefusedError, type Position } from "../client/refused-error.ts";
import type { TopicHealth } from "../client/topics.ts";
import { paused } from "../client/caller.ts";

export interface LiveState {
  readonly quorum: QuorumDescription | null;
  /** Null before the first answer. */
  readonly brokers: readonly Broker[] | null;
  readonly topics: readonly TopicHealth[] | null;
  /** The newest, oldest first. */
  readonly lines: readonly LogLine[];
  /** Which of the lines came while the page was looking on. */
  readonly liveFrom: number;
  /** The last record that was seen. */
  readonly seen: Position | null;
  /** When something was heard last, by this machine's steady clock; null before the first word. */
  readonly heardMs: number | null;
  /** Why nothing is heard; null while something is. */
  readonly problem: string | null;
}

/** Of what the listener is told. */
export type Part = "quorum" | "state" | "log" | "problem";

export const QUORUM_MS = 2_000;
/** Two polls that failed, and a little. */
export const STALE_MS = 3 * QUORUM_MS;
const LINES_MAX = 2_000;
/** How much of the log is shown of before the page was opened. */
const BEFORE = 1_000;
/** Records that a page does not catch up with, one by one. */
const BEHIND_MAX = 5_000;
/** State is read again at most so often, and never more than a fifth of the time. */
const READ_MS = 800;
const ASK_MS = 10_000;

export class LiveCluster {
  readonly #cluster: Cluster;
  readonly #signal: AbortSignal;
  readonly #told: (part: Part) => void;
  readonly #refused: (error: RefusedError) => void;
  #state: LiveState = {
    quorum: null,
    brokers: null,
    topics: null,
    lines: [],
    liveFrom: Number.POSITIVE_INFINITY,
    seen: null,
    heardMs: null,
    problem: null,
  };
  #wanted = Promise.withResolvers<void>();

  /** `refused` hears of what time does not mend: no right, no such cluster. `signal` ends everything. */
  constructor(
    cluster: Cluster,
    {
      signal,
      told,
      refused,
    }: {
      readonly signal: AbortSignal;
      readonly told: (part: Part) => void;
      readonly refused: (error: RefusedError) => void;
    },
  ) {
    this.#cluster = cluster;
    this.#signal = signal;
    this.#told = told;
    this.#refused = refused;
    for (const loop of [this.#watchQuorum(), this.#followLog(), this.#readState()]) {
      void loop.catch((error: unknown) => this.#end(error));
    }
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Reads state again, as after a change of one's own. */
  refresh(): void {
    this.#wanted.resolve();
  }

  /** Asks the quorum out of turn. */
  async askQuorum(signal: AbortSignal = this.#signal): Promise<QuorumDescription> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
    const quorum = await this.#cluster.quorum.describe({ signal: within });
    this.#heard({ quorum }, "quorum");
    return quorum;
  }

  async #watchQuorum(): Promise<void> {
    while (!this.#signal.aborted) {
      await shown(this.#signal);
      try {
        await this.askQuorum();
      } catch (error) {
        this.#failed(error);
      }
      await paused(QUORUM_MS, this.#signal);
    }
  }

  async #followLog(): Promise<void> {
    while (!this.#signal.aborted) {
      await shown(this.#signal);
      const looked = untilHidden(this.#signal);
      try {
        await this.#follow(looked.signal);
      } catch (error) {
        if (this.#signal.aborted) return;
        if (looked.signal.aborted) continue;
        this.#failed(error);
        await paused(QUORUM_MS, this.#signal);
      } finally {
        looked.done();
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { seen } = this.#state;
    const from = seen === null ? Math.max(0, (await this.#logEnd(signal)) - BEFORE) : 0;
    const wish = { from, signal, ...(seen === null ? {} : { after: seen }) };
    for await (const event of this.#cluster.feed(wish)) {
      switch (event.kind) {
        case "records":
          this.#add(event.lines, event.highWatermark !== null);
          if (!this.#isFarBehind()) break;
          // What lies between is not read by anybody in this time: the page goes on near the end.
          this.#state = { ...this.#state, lines: [], seen: null };
          this.refresh();
          return;
        case "interrupted":
          this.#failed(event.error);
          break;
        case "compacted":
          this.refresh();
          break;
        case "diverged":
          // Another log under the same id: nothing of what was seen counts.
          this.#state = { ...this.#state, lines: [], seen: null };
          this.refresh();
          return;
      }
    }
  }

  async #logEnd(signal: AbortSignal): Promise<number> {
    return (await this.#cluster.log.range({ from: 0, maxBytes: 1, signal })).highWatermark;
  }

  #isFarBehind(): boolean {
    const { seen, quorum } = this.#state;
    return seen !== null && (quorum?.high_watermark ?? 0) - seen.offset > BEHIND_MAX;
  }

  #add(lines: readonly LogLine[], isAtEnd: boolean): void {
    const last = lines.at(-1);
    const all = [...this.#state.lines, ...lines].slice(-LINES_MAX);
    const { liveFrom } = this.#state;
    const isLive = isAtEnd && liveFrom === Number.POSITIVE_INFINITY;
    this.#heard(
      {
        lines: all,
        ...(last === undefined ? {} : { seen: { offset: last.offset, epoch: last.leader_epoch } }),
        ...(isLive ? { liveFrom: (all.at(-1)?.offset ?? -1) + 1 } : {}),
      },
      "log",
    );
    if (lines.some(({ type }) => changesState(type))) this.refresh();
  }

  async #readState(): Promise<void> {
    while (!this.#signal.aborted) {
      await shown(this.#signal);
      this.#wanted = Promise.withResolvers();
      const startMs = performance.now();
      try {
        await this.#read();
      } catch (error) {
        this.#failed(error);
        await paused(QUORUM_MS, this.#signal);
        continue;
      }
      await paused(Math.max(READ_MS, 4 * (performance.now() - startMs)), this.#signal);
      await Promise.race([this.#wanted.promise, ended(this.#signal)]);
    }
  }

  async #read(): Promise<void> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(2 * ASK_MS)]);
    const [brokers, topics] = await Promise.all([
      this.#cluster.brokers.list({ signal }),
      this.#cluster.topics.health({ signal }),
    ]);
    this.#heard({ brokers, topics }, "state");
  }

  #heard(news: Partial<LiveState>, part: Part): void {
    this.#state = { ...this.#state, ...news, heardMs: performance.now(), problem: null };
    this.#told(part);
  }

  #failed(error: unknown): void {
    if (this.#signal.aborted) return;
    if (error instanceof RefusedError && [401, 403, 404, 410].includes(error.status)) throw error;
    const problem = error instanceof RefusedError ? error.refusal.message : wordsOf(error);
    this.#state = { ...this.#state, problem };
    this.#told("problem");
  }

  #end(error: unknown): void {
    if (this.#signal.aborted) return;
    if (error instanceof RefusedError) this.#refused(error);
    else throw error;
  }
}

/** Records that change brokers, topics or partitions. */
const changesState = (type: string): boolean =>
  /^(REGISTER_BROKER|UNREGISTER_BROKER|BROKER_REGISTRATION|FENCE|UNFENCE|TOPIC|REMOVE_TOPIC|PARTITION)/.test(
    type,
  );

function wordsOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return "no answer in time";
  return error instanceof Error ? error.message : String(error);
}

/** Resolves at once while the page is looked at, else when it is again. */
function shown(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look, { once: true });
  });
}

/** A signal that ends with `signal`, or as soon as nobody looks at the page. */
function untilHidden(signal: AbortSignal): { readonly signal: AbortSignal; done(): void } {
  const hidden = new AbortController();
  const look = (): void => {
    if (document.hidden) hidden.abort();
  };
  document.addEventListener("visibilitychange", look);
  return {
    signal: AbortSignal.any([signal, hidden.signal]),
    done: () => document.removeEventListener("visibilitychange", look),
  };
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
