/**
 * The timers of one instance: they die with it, they may be late, and they run in true time, whatever the clock of
 * their replica says meanwhile. One event of the timeline at most stands for all of them.
 */
import type { Timers } from "../../durable-objects/replica/ports.ts";
import type { Timeline } from "./timeline.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export class InstanceTimers implements Timers {
  readonly #timeline: Timeline;
  /** How late the next timer is, in ms, that was set for so long. */
  readonly #lateness: (delayMs: number) => number;
  readonly #timers = new Set<Timer>();
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(timeline: Timeline, lateness: (delayMs: number) => number) {
    this.#timeline = timeline;
    this.#lateness = lateness;
  }

  set(delayMs: number, run: () => void): () => void {
    const at = this.#timeline.now + Math.max(1, Math.ceil(delayMs)) + this.#lateness(delayMs);
    const timer: Timer = { at, run };
    this.#timers.add(timer);
    this.#arm();
    return () => this.#timers.delete(timer);
  }

  /** Runs every timer now, due or not: one that came early finds nothing to do. */
  runAll(): void {
    // What runs sets further timers, which are not meant.
    const timers = [...this.#timers];
    for (const timer of timers) this.#run(timer);
  }

  clear(): void {
    this.#timers.clear();
  }

  // A timer that was cleared leaves its event behind, which then looks again.
  #arm(): void {
    let first = Number.POSITIVE_INFINITY;
    for (const { at } of this.#timers) first = Math.min(first, at);
    if (first >= this.#armedFor) return;
    this.#armedFor = first;
    this.#timeline.after(first - this.#timeline.now, () => {
      if (this.#armedFor !== first) return;
      this.#armedFor = Number.POSITIVE_INFINITY;
      const due = [...this.#timers].filter(({ at }) => at <= this.#timeline.now);
      for (const timer of due) this.#run(timer);
      this.#arm();
    });
  }

  #run(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.run();
  }
}
