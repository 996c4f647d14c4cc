/**
 * Keeps the gateway's ports to the cluster's voters, as the edge says them: a voter that comes gets a port, one that
 * goes loses it. The edge is asked at once when the log says that the voters are others than those that have ports,
 * when it goes on from elsewhere, and when a controller turns out to be none, or leads and has no port. Else it is asked
 * now and then, and rarely while the log is followed. While the edge does not answer, nothing changes.
 */
import { setTimeout as pause } from "node:timers/promises";
import { AskingTimes, type AskingPauses } from "./asking-times.ts";
import type { Controller } from "./edge/controller-list.ts";
import type { Hint, Tunnel } from "./edge/tunnel.ts";
import type { Gateway } from "./gateway.ts";
import { addressText } from "./listen.ts";
import { textOf, type About, type Log } from "./log.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { LogNews } from "./observer/log-news.ts";
import { remarkOn, type Places } from "./places.ts";
import { voterChanges } from "./voter-changes.ts";

export interface WatchParts {
  readonly tunnel: Tunnel;
  readonly gateway: Gateway;
  readonly metrics: GatewayMetrics;
  readonly places: Places;
  readonly log: Log;
  /** Told whenever the controllers are others. */
  readonly serves: (nodeIds: readonly number[]) => void;
  /** How long after an answer it asks again, give or take a fifth. */
  readonly pauses: AskingPauses;
}

/** Whatever is heard, it asks no oftener than this. */
const SOONEST_MS = 1_000;
const ANSWER_MS = 10_000;

export class VoterWatch {
  readonly #parts: WatchParts;
  readonly #over = new AbortController();
  /** Whose ports are to be open; one that could not be opened is tried again each time. */
  readonly #served: Map<number, Controller>;
  /** Not listed when the edge was asked last. */
  #missing: readonly number[] = [];
  readonly #times: AskingTimes;
  /** Of whom something was heard since the last answer: that they are no controllers, or lead. */
  readonly #hinted = new Set<number>();
  /** The voters, as the log said last; null where it has not, or goes on from elsewhere. */
  #recorded: readonly number[] | null = null;
  /** Who was said to lead; null where that is not known. */
  #leaderId: number | null = null;
  /** So many frames of clients had been answered when the edge was asked last. */
  #answered = 0;
  #wake = new AbortController();
  /** By what is in the way: said when it is new. */
  readonly #said = new Map<string, string>();

  /** Begins with `served`, whose ports are open. */
  constructor(parts: WatchParts, served: readonly Controller[]) {
    this.#parts = parts;
    this.#served = new Map(served.map((each) => [each.nodeId, each]));
    this.#times = new AskingTimes(parts.pauses, performance.now());
    parts.tunnel.onHint((hint) => this.#hint(hint));
    parts.gateway.observer?.onNews((news) => this.#hear(news));
    void this.#run();
  }

  stop(): void {
    this.#over.abort();
    this.#wake.abort();
  }

  #hint({ kind, nodeId }: Hint): void {
    if (kind === "leader") this.#leaderId = nodeId;
    if (this.#served.has(nodeId) !== (kind === "stray")) return;
    if (!this.#times.hint(nodeId, performance.now())) return;
    this.#hinted.add(nodeId);
    this.#wake.abort();
  }

  #hear(news: LogNews): void {
    if (news.kind === "leader") {
      this.#hint(news);
      return;
    }
    this.#recorded = news.kind === "voters" ? news.nodeIds : null;
    if (news.kind === "voters" && this.#agrees()) return;
    this.#times.hasten();
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    const { everyMs } = this.#parts.pauses;
    const soonestMs = Math.min(SOONEST_MS, everyMs);
    while (!this.#over.signal.aborted) {
      await sleep(soonestMs * jitter(), this.#over.signal);
      await sleep(Math.min(everyMs, this.#dueIn()), this.#wake.signal);
      if (this.#over.signal.aborted) return;
      this.#wake = new AbortController();
      if (this.#dueIn() === 0) await this.#ask();
      else await this.#openAll();
    }
  }

  #dueIn(): number {
    const { gateway, metrics } = this.#parts;
    const unfollowed = metrics.framesAnswered === this.#answered ? "idle" : "served";
    const clients = gateway.observer?.isFollowing === true ? "followed" : unfollowed;
    return this.#times.dueIn(performance.now(), clients);
  }

  /** Never throws: whatever the edge answers, the ports that are open stay of use. */
  async #ask(): Promise<void> {
    this.#times.begin();
    this.#answered = this.#parts.metrics.framesAnswered;
    try {
      const listed = await this.#parts.tunnel.controllers(AbortSignal.timeout(ANSWER_MS));
      this.#said.delete("edge");
      if (!this.#over.signal.aborted) await this.#apply(listed);
      const outcome = this.#missing.length === 0 && this.#agrees() ? "settled" : "open";
      this.#times.ended(outcome, performance.now(), jitter());
    } catch (error) {
      this.#times.ended("failed", performance.now(), jitter());
      const sentence = `who the controllers are is not known anew: ${textOf(error)}`;
      this.#sayOnce("edge", sentence, { level: "warn", event: "edge-away" });
    }
  }

  /** Whether those that have ports are those that the log and its leader speak of, as far as they do. */
  #agrees(): boolean {
    if (this.#leaderId !== null && !this.#served.has(this.#leaderId)) return false;
    const recorded = this.#recorded ?? [...this.#served.keys()];
    return (
      recorded.length === this.#served.size && recorded.every((nodeId) => this.#served.has(nodeId))
    );
  }

  async #apply(listed: readonly Controller[]): Promise<void> {
    const served = new Set(this.#served.keys());
    const doubted = new Set([...this.#missing, ...this.#hinted]);
    const { coming, going, missing } = voterChanges(served, listed, doubted);
    this.#missing = missing;
    this.#hinted.clear();
    for (const nodeId of going) this.#leave(nodeId);
    for (const controller of coming) this.#served.set(controller.nodeId, controller);
    if (going.length + coming.length > 0) this.#parts.serves([...this.#served.keys()]);
    await this.#openAll();
  }

  /** One after the other: two of them may want the same place. */
  async #openAll(): Promise<void> {
    for (const controller of this.#served.values()) await this.#open(controller);
  }

  #leave(nodeId: number): void {
    const { gateway, metrics, places, log } = this.#parts;
    const at = gateway.at(nodeId);
    const connections = gateway.close(nodeId);
    this.#served.delete(nodeId);
    if (this.#leaderId === nodeId) this.#leaderId = null;
    this.#said.delete(portOf(nodeId));
    places.leave(nodeId);
    if (at === undefined) return;
    metrics.portChanged("closed");
    log(
      `controller ${nodeId} is no voter any more: ${addressText(at)} is closed, and its connections end (${connections})`,
      { event: "port-closed", nodeId },
    );
  }

  async #open(controller: Controller): Promise<void> {
    const { gateway, metrics, places, log } = this.#parts;
    const { nodeId } = controller;
    if (gateway.at(nodeId) !== undefined || this.#over.signal.aborted) return;
    const place = places.of(controller);
    try {
      await gateway.open(nodeId, place);
    } catch (error) {
      metrics.portChanged("failed");
      const sentence = `controller ${nodeId} cannot be reached yet: ${textOf(error)}; it is tried again`;
      this.#sayOnce(portOf(nodeId), sentence, { level: "error", event: "port-failed", nodeId });
      return;
    }
    this.#said.delete(portOf(nodeId));
    metrics.portChanged("opened");
    const at = gateway.at(nodeId);
    if (at !== undefined)
      log(`controller ${nodeId} is a voter now, reached at ${addressText(at)}`, {
        event: "port-opened",
        nodeId,
      });
    const remark = remarkOn(place, controller);
    if (remark !== null) log(remark, { level: "warn", event: "port-elsewhere", nodeId });
  }

  #sayOnce(what: string, sentence: string, about: About): void {
    if (this.#said.get(what) === sentence) return;
    this.#said.set(what, sentence);
    this.#parts.log(sentence, about);
  }
}

const portOf = (nodeId: number): string => `port of ${nodeId}`;

/** Between 0.8 and 1.2: many gateways do not ask in step. */
const jitter = (): number => 0.8 + 0.4 * Math.random();

/** Ends early with the signal. Keeps no process alive. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
