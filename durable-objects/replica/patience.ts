/**
 * How long a call to a peer may take. It is not the core's time-out, which ends the core's waiting: it ends the call
 * itself. An object has six connections, so calls to peers that hang must not outlive the core's interest in them:
 * left alone they hold every connection, and votes to the peers that would answer wait behind them.
 */
import type { SendEffect } from "./ports.ts";

/** A platform call can hang for minutes. */
const CALL_MS_MAX = 5_000;
/** A clock that has jumped makes a deadline look past; a call gets a round trip all the same. */
const CALL_MS_MIN = 100;

/** How many milliseconds from `nowMs` on a call is waited for: until the core gives it up, within bounds. */
export const patienceMs = ({ deadline }: Pick<SendEffect, "deadline">, nowMs: number): number =>
  Math.min(CALL_MS_MAX, Math.max(CALL_MS_MIN, deadline - nowMs));
