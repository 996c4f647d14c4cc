/**
 * The network between all of them: a packet is late, lost, doubled or overtaken, and a link may be cut in one
 * direction only. It knows addresses and closures; what a packet says is none of its business. Of a packet
 * that is lost the sender learns late or never: a `fetch` fails, or it hangs.
 */
import type { Chance } from "./chance.ts";
import type { Swarm, Tally } from "./faults.ts";
import type { Timeline } from "./timeline.ts";

export class Network {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #tally: Tally;
  readonly #cuts = new Map<string, number>();
  /** By link: how many of the next calls fail at once. */
  readonly #refusals = new Map<string, number>();
  swarm: Swarm;

  constructor(parts: {
    readonly timeline: Timeline;
    readonly chance: Chance;
    readonly tally: Tally;
    readonly swarm: Swarm;
  }) {
    this.#timeline = parts.timeline;
    this.#chance = parts.chance;
    this.#tally = parts.tally;
    this.swarm = parts.swarm;
  }

  /** Carries one packet between two addresses; `arrive` runs once, twice or never, `fail` perhaps if never. */
  carry(from: string, to: string, arrive: () => void, fail?: () => void): void {
    this.#tally.count("packets");
    if (fail !== undefined && this.#isRefused(from, to))
      return this.#timeline.after(this.#delay(), fail);
    if (this.#chance.happens(this.swarm.lossRate)) {
      this.#tally.count("packets lost");
      if (fail !== undefined && this.#chance.happens(0.5))
        this.#timeline.after(this.#delay(), fail);
      return;
    }
    this.#timeline.after(this.#delay(), () => this.#deliver(from, to, arrive));
    if (this.#chance.happens(this.swarm.duplicationRate)) {
      this.#tally.count("packets doubled");
      this.#timeline.after(this.#delay(), () => this.#deliver(from, to, arrive));
    }
  }

  /** Cuts one direction of a link until the given virtual time. */
  cut(from: string, to: string, untilMs: number): void {
    const link = `${from}>${to}`;
    this.#cuts.set(link, Math.max(untilMs, this.#cuts.get(link) ?? 0));
  }

  /** So many of the next packets in this direction come to nothing, and their senders learn of it at once. */
  refuse(from: string, to: string, times: number): void {
    this.#refusals.set(`${from}>${to}`, times);
  }

  isCut(from: string, to: string): boolean {
    return (this.#cuts.get(`${from}>${to}`) ?? 0) > this.#timeline.now;
  }

  heal(swarm: Swarm): void {
    this.swarm = swarm;
    this.#cuts.clear();
    this.#refusals.clear();
  }

  #isRefused(from: string, to: string): boolean {
    const link = `${from}>${to}`;
    const left = this.#refusals.get(link) ?? 0;
    if (left > 0) this.#refusals.set(link, left - 1);
    return left > 0;
  }

  /** What is on its way when its link is cut is lost as well. */
  #deliver(from: string, to: string, arrive: () => void): void {
    if (this.isCut(from, to)) return this.#tally.count("packets cut");
    arrive();
  }

  #delay(): number {
    const [least, most] = this.swarm.delayMs;
    const delay = this.#chance.between(least, most);
    if (!this.#chance.happens(this.swarm.lateRate)) return delay;
    this.#tally.count("packets late");
    return delay + this.#chance.between(0, this.swarm.lateMs);
  }
}
