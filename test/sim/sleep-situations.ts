/** What a run has met of sleep: who fell asleep, what woke whom, and what was answered without waking. */
import type { Input, State, Step } from "../../src/raft/index.ts";

export class SleepSituations {
  readonly #saw: (what: string) => void;

  constructor(saw: (what: string) => void) {
    this.#saw = saw;
  }

  booted({ asleep, role }: State): void {
    if (asleep === null) return;
    this.#saw(`a ${role.kind === "resigned" ? "former leader" : "follower"} booted asleep`);
  }

  /** Looks at a step of a replica that was in state `before`. */
  step(input: Input, before: State, { state, effects }: Step): void {
    if (before.asleep === null && state.asleep !== null)
      this.#saw(`a ${state.role.kind} fell asleep`);
    if (before.asleep !== null && state.asleep === null)
      this.#saw(`a ${before.role.kind} was woken by ${causeOf(input)}`);
    if (before.asleep === null || state.asleep === null) return;
    for (const effect of effects) {
      if (effect.kind === "read-ready") this.#saw("a read was answered asleep");
      if (effect.kind !== "reply") continue;
      const { response } = effect;
      if (response.api === "fetch" && response.asleepAt !== undefined)
        this.#saw("a follower was told to sleep on");
      if (response.api === "begin-quorum-epoch") this.#saw("a round was confirmed asleep");
    }
  }
}

function causeOf(input: Input): string {
  if (input.kind === "request-received") return `a ${input.body.api} request`;
  return input.kind === "append" ? "a write" : input.kind;
}
