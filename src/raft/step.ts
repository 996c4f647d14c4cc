/** The whole protocol: one input in, a new state and effects out. */
import type { RaftConfig } from "./config.ts";
import type { Effect } from "./effects.ts";
import type { Input } from "./inputs.ts";
import type { Milliseconds } from "./messages.ts";
import type { DurableImage, State } from "./state.ts";
import { assert } from "../std/assert.ts";

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Starts an incarnation from what its storage holds. `seed` decides all its later chances. */
export function boot(
  image: DurableImage,
  config: RaftConfig,
  at: { readonly now: Milliseconds; readonly seed: number },
): Step {
  assert(false, `not reached: ${at.now} ${config.clusterId} ${image.log.endOffset}`);
}

/** Synchronous, total and deterministic; throws nothing but AssertionError, which judges our own state. */
export function step(state: State, input: Input): Step {
  assert(false, `not reached: ${state.now} ${input.kind}`);
}
