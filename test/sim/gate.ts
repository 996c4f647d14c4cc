/**
 * The output gate of one instance: what leaves it is held until every transaction written before is durable, and is
 * lost together with it. What was written at different moments becomes durable in order, each after a while of its own.
 */
import type { Observation } from "./observation.ts";
import type { Timeline } from "./timeline.ts";

/** Outputs, and how many transactions stand before them. The platform makes those durable together. */
export interface Gated {
  readonly writes: number;
  /** What the world may believe of the replica from then on; null where that is what it has believed. */
  readonly shown: Observation | null;
  readonly outputs: readonly (() => void)[];
}

export interface GateParts {
  readonly timeline: Timeline;
  /** How long the next commit takes, in ms. */
  readonly commitMs: () => number;
  /** Makes that many transactions durable. False when that failed: nothing that was held is let go. */
  readonly commit: (writes: number) => boolean;
  readonly show: (shown: Observation) => void;
  /** Runs something that the instance does by itself, now or when it runs again. */
  readonly happen: (event: () => void) => void;
}

export class Gate {
  readonly #parts: GateParts;
  #held: Gated[] = [];
  #flushAt = 0;
  #isShut = false;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Whether everything that was written is durable. */
  get isClear(): boolean {
    return this.#held.length === 0;
  }

  /** Nothing that is held is ever let go, nor what an instance that has ended still makes of its last event. */
  shut(): void {
    this.#isShut = true;
    this.#held = [];
  }

  /** Lets outputs through: at once, or when what was written before is durable. */
  pass(turn: Gated): void {
    if (this.#isShut) return;
    if (turn.writes === 0 && this.#held.length === 0) return this.#release(turn);
    this.#held.push(turn);
    if (turn.writes === 0) return;
    const { timeline, commitMs, happen } = this.#parts;
    this.#flushAt = Math.max(this.#flushAt, timeline.now + commitMs());
    if (this.#held.length === 1 && this.#flushAt <= timeline.now) this.#flush();
    else timeline.after(this.#flushAt - timeline.now, () => happen(() => this.#flush()));
  }

  /** The oldest transaction becomes durable, or does not. */
  #flush(): void {
    if (!this.#parts.commit(this.#held[0]?.writes ?? 0)) return;
    const next = this.#held.findIndex((turn, index) => index > 0 && turn.writes > 0);
    const released = this.#held.splice(0, next === -1 ? this.#held.length : next);
    for (const turn of released) this.#release(turn);
  }

  #release({ shown, outputs }: Gated): void {
    if (shown !== null) this.#parts.show(shown);
    for (const leave of outputs) leave();
  }
}
