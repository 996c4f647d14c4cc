/**
 * Keeps the gateway's ports to the cluster's voters, as the edge says them: a voter that comes gets a port, one that
 * goes loses it. The edge is asked when the log that the gateway follows says something of the quorum, and when the
 * answer to a frame says that its controller is none, or that one leads which has no port. While no log is followed it is
 * asked again and again. While the edge does not answer, nothing changes.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Controller } from "./edge/controller-list.ts";
import type { Hint, Tunnel } from "./edge/tunnel.ts";
import type { Gateway } from "./gateway.ts";
import { addressText } from "./listen.ts";
import { textOf, type About, type Log } from "./log.ts";
import type { GatewayMetrics } from "./metrics.ts";
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
  /** How long after an answer it asks again while no log is followed, in ms, give or take a fifth. */
  readonly everyMs: number;
}

/** Frames that find no controller ask no oftener than this. */
const SOONEST_MS = 1_000;
/** Whoever follows the log hears of a change from there: each question is a request, and an event in every controller. */
const FOLLOWING_MS = 3_600_000;
const HINTS_MAX = 32;
const ANSWER_MS = 10_000;

export class VoterWatch {
  readonly #parts: WatchParts;
  readonly #over = new AbortController();
  /** Whose ports are to be open; one that could not be opened is tried again each time. */
  readonly #served: Map<number, Controller>;
  /** Not listed when the edge was asked last. */
  #missing: readonly number[] = [];
  /** Of whom answers to frames have said that they are no controllers, or lead. Each hastens one question. */
  readonly #hinted = new Set<number>();
  #wake = new AbortController();
  /** By what is in the way: said when it is new. */
  readonly #said = new Map<string, string>();

  /** Begins with `served`, whose ports are open. */
  constructor(parts: WatchParts, served: readonly Controller[]) {
    this.#parts = parts;
    this.#served = new Map(served.map((each) => [each.nodeId, each]));
    parts.tunnel.onHint((hint) => this.#hint(hint));
    const { observer } = parts.gateway;
    if (observer !== null) observer.whenUncertain = () => this.#wake.abort();
    void this.#run();
  }

  stop(): void {
    this.#over.abort();
    this.#wake.abort();
  }

  #hint({ kind, nodeId }: Hint): void {
    if (this.#served.has(nodeId) !== (kind === "stray")) return;
    if (this.#hinted.has(nodeId) || this.#hinted.size >= HINTS_MAX) return;
    this.#hinted.add(nodeId);
    this.#wake.abort();
  }

  async #run(): Promise<void> {
    const { everyMs, gateway } = this.#parts;
    const soonestMs = Math.min(SOONEST_MS, everyMs);
    while (!this.#over.signal.aborted) {
      await sleep(soonestMs * jitter(), this.#over.signal);
      const restMs =
        gateway.observer?.isFollowing === true ? Math.max(everyMs, FOLLOWING_MS) : everyMs;
      await sleep((restMs - soonestMs) * jitter(), this.#wake.signal);
      if (this.#over.signal.aborted) return;
      const isHastened = this.#wake.signal.aborted;
      this.#wake = new AbortController();
      await this.#ask();
      if (!isHastened) this.#hinted.clear();
    }
  }

  /** Never throws: whatever the edge answers, the ports that are open stay of use. */
  async #ask(): Promise<void> {
    try {
      const listed = await this.#parts.tunnel.controllers(AbortSignal.timeout(ANSWER_MS));
      this.#said.delete("edge");
      if (!this.#over.signal.aborted) await this.#apply(listed);
    } catch (error) {
      this.#hinted.clear();
      const sentence = `who the controllers are is not known anew: ${textOf(error)}`;
      this.#sayOnce("edge", sentence, { level: "warn", event: "edge-away" });
    }
  }

  async #apply(listed: readonly Controller[]): Promise<void> {
    const served = new Set(this.#served.keys());
    const doubted = new Set([...this.#missing, ...this.#hinted]);
    const { coming, going, missing } = voterChanges(served, listed, doubted);
    this.#missing = missing;
    for (const nodeId of going) this.#leave(nodeId);
    for (const controller of coming) this.#served.set(controller.nodeId, controller);
    if (going.length + coming.length > 0) this.#parts.serves([...this.#served.keys()]);
    // One after the other: two of them may want the same place.
    for (const controller of this.#served.values()) await this.#open(controller);
  }

  #leave(nodeId: number): void {
    const { gateway, metrics, places, log } = this.#parts;
    const at = gateway.at(nodeId);
    const connections = gateway.close(nodeId);
    this.#served.delete(nodeId);
    this.#hinted.delete(nodeId);
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
