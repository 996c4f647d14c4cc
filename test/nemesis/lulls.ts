/**
 * Lulls: moments in which nobody in a run wants anything of the quorum but to be told that it lives, so that it sleeps.
 * All clients and brokers share them, by the clock. Faults do not wait for them to end.
 */
import { setTimeout as pause } from "node:timers/promises";

const EVERY_MS = 12_000;
const LASTS_MS = 3_500;

/** Returns when somebody may want something, which is at once outside of a lull. */
export async function outsideOfLulls(signal?: AbortSignal): Promise<void> {
  const inCycleMs = Date.now() % EVERY_MS;
  if (inCycleMs < EVERY_MS - LASTS_MS) return;
  await pause(EVERY_MS - inCycleMs, undefined, signal === undefined ? {} : { signal });
}
