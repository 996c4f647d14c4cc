/**
 * Waits for another process: a probe is repeated until it answers or a deadline has passed. The error then names what
 * was waited for and what was seen last.
 */
import { setTimeout as pause } from "node:timers/promises";

export interface Patience {
  readonly withinMs: number;
  readonly everyMs?: number;
  /** What to show when the wait times out, such as the tail of a log. */
  readonly evidence?: () => string;
}

/** A pause this much longer than asked for: this process was suspended, maybe with the whole machine. */
const STILL_MS = 2_000;

/** The first answer of `probe` that is not undefined. A probe that throws is asked again. */
export async function until<Found>(
  what: string,
  { withinMs, everyMs = 100, evidence }: Patience,
  probe: () => Promise<Found | undefined> | Found | undefined,
): Promise<Found> {
  const startMs = performance.now();
  let last = "";
  let stillMs = 0;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() - startMs > withinMs) {
      const still =
        stillMs < STILL_MS ? "" : ` (this harness itself was suspended for ${seconds(stillMs)})`;
      throw new Error(`${what}: not within ${withinMs} ms${still}. ${last}\n${evidence?.() ?? ""}`);
    }
    const pausedMs = await timed(() => pause(everyMs));
    stillMs = Math.max(stillMs, pausedMs - everyMs);
  }
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return Math.round(performance.now() - startMs);
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
