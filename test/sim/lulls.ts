/**
 * Lulls: times in which nobody wants anything of the quorum, so that it sleeps. Faults go on meanwhile: it is struck in
 * its sleep as well. In some lulls brokers send heartbeats, in some clients read, for neither must wake it. Once all
 * faults are over there are no more.
 */
import type { World } from "./world.ts";

/** A lull every so often, on average. */
const EVERY_MS = 6_000;

export class Lulls {
  readonly #world: World;
  #untilMs = 0;
  #hasHeartbeats = false;
  #hasReads = false;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    if (this.#world.swarm.quietMs > 0) this.#next();
  }

  /** Whether nobody writes, fetches the log or administers anything. */
  get isLull(): boolean {
    return !this.#world.isHealed && this.#world.timeline.now < this.#untilMs;
  }

  /** Whether brokers keep silent as well. */
  get silencesBrokers(): boolean {
    return this.isLull && !this.#hasHeartbeats;
  }

  get silencesReaders(): boolean {
    return this.isLull && !this.#hasReads;
  }

  #next(): void {
    const { timeline, chance, swarm, tally } = this.#world;
    timeline.after(chance.between(0, 2 * EVERY_MS), () => {
      if (this.#world.isHealed) return;
      tally.count("lulls");
      const lastsMs = swarm.quietMs + Math.round(chance.logUniform(500, 10_000));
      this.#untilMs = timeline.now + lastsMs;
      this.#hasHeartbeats = chance.happens(0.5);
      this.#hasReads = chance.happens(0.3);
      timeline.after(lastsMs, () => this.#next());
    });
  }
}
