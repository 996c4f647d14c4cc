/**
 * The one loop of a controller: input → step → persist → install the state → perform the effects. It is
 * synchronous from end to end, which is the whole concurrency story: no event can be delivered between reading
 * the state and installing the next.
 *
 * Performing an effect may give rise to further inputs (a commit frees the next round of appends); they wait
 * in line until the effects of the step before are all performed.
 */
import type {
  DurableImage,
  Effect,
  Input,
  PersistEffect,
  RaftConfig,
  State,
} from "../../src/raft/index.ts";
import { boot, step } from "../../src/raft/index.ts";

/** What the loop needs from the object around it. None of these may wait for anything. */
export interface InputLoopPorts {
  /** Makes one step durable, whole or not at all. Throws when it cannot. */
  readonly persist: (effect: PersistEffect, state: State) => void;
  readonly perform: (effect: Exclude<Effect, PersistEffect>) => void;
  /** The loop cannot go on: an invariant does not hold, or storage failed. Nothing of the step was done. */
  readonly fail: (cause: unknown) => void;
}

export class InputLoop {
  readonly #ports: InputLoopPorts;
  readonly #waiting: Input[] = [];
  #state: State;
  #pending: readonly Effect[];
  #running = false;
  #failed = false;

  /** Boots the core. What it wants done at once is done by the first `take`, when there is an event to do it in. */
  constructor(
    durable: {
      readonly image: DurableImage;
      readonly config: RaftConfig;
      readonly now: number;
      readonly seed: number;
    },
    ports: InputLoopPorts,
  ) {
    const booted = boot(durable.image, durable.config, { now: durable.now, seed: durable.seed });
    this.#ports = ports;
    this.#state = booted.state;
    this.#pending = booted.effects;
  }

  get state(): State {
    return this.#state;
  }

  /** Feeds one input, and whatever follows from it, through the core. Never throws. */
  take(input: Input): void {
    if (this.#failed) return;
    this.#waiting.push(input);
    if (this.#running) return;
    this.#running = true;
    try {
      this.#perform({ state: this.#state, effects: this.#pending });
      this.#pending = [];
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#perform(step(this.#state, next));
      }
    } catch (cause) {
      this.#failed = true;
      this.#ports.fail(cause);
    } finally {
      this.#running = false;
    }
  }

  #perform(done: { readonly state: State; readonly effects: readonly Effect[] }): void {
    const [first, ...rest] = done.effects;
    if (first?.kind === "persist") this.#ports.persist(first, done.state);
    this.#state = done.state;
    if (first !== undefined && first.kind !== "persist") this.#ports.perform(first);
    for (const effect of rest) {
      if (effect.kind === "persist") throw new Error("a step persists first and once");
      this.#ports.perform(effect);
    }
  }
}
