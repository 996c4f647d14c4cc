/**
 * The one loop of a controller: input → step → persist → install the state → perform the effects. It is
 * synchronous from end to end, which is the whole concurrency story: no event can be delivered between reading
 * the state and installing the next.
 *
 * Performing an effect may give rise to further inputs (a commit frees the next round of appends); they wait
 * in line until the effects of the step before are all performed.
 */
import type {
  BootMoment,
  DurableImage,
  Effect,
  Input,
  PersistEffect,
  RaftConfig,
  State,
  Step,
} from "../../src/raft/index.ts";
import { boot, step } from "../../src/raft/index.ts";

/** What the loop needs from the object around it. None of these may wait for anything. */
export interface InputLoopPorts {
  /** Makes one step durable, whole or not at all. Throws when it cannot. */
  readonly persist: (effect: PersistEffect, state: State) => void;
  readonly perform: (effect: Exclude<Effect, PersistEffect>) => void;
  /** The loop cannot go on: an invariant does not hold, or storage failed. Nothing of the step was done. */
  readonly fail: (cause: unknown) => void;
  /** Shown every step before any of it is done; `input` is null for the boot. */
  readonly watch?: ((input: Input | null, step: Step) => void) | undefined;
}

export class InputLoop {
  readonly #ports: InputLoopPorts;
  readonly #waiting: Input[] = [];
  #state: State;
  /** The boot, until its effects have been performed. */
  #booted: Step | null;
  #running = false;
  #failed = false;

  /** Boots the core. What it wants done at once is done by the first `take`, when there is an event to do it in. */
  constructor(
    durable: BootMoment & { readonly image: DurableImage; readonly config: RaftConfig },
    ports: InputLoopPorts,
  ) {
    const booted = boot(durable.image, durable.config, durable);
    this.#ports = ports;
    this.#state = booted.state;
    this.#booted = booted;
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
      if (this.#booted !== null) this.#perform(null, this.#booted);
      this.#booted = null;
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#perform(next, step(this.#state, next));
      }
    } catch (cause) {
      this.#failed = true;
      this.#ports.fail(cause);
    } finally {
      this.#running = false;
    }
  }

  #perform(input: Input | null, done: Step): void {
    this.#ports.watch?.(input, done);
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
