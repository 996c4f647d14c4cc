/** How fresh a reader wants what it reads, or of when; and the image that is so. */
import { Problem } from "../http/errors.ts";
import { timeParameter } from "../http/fields.ts";
import type { LogSource } from "./log-source.ts";
import type { Seen } from "./observation.ts";
import { observeWith, type Demand } from "./observed-image.ts";
import { offsetAt } from "./offset-at-time.ts";
import { imageAt } from "./past-image.ts";

/** Of a record in a log. */
export const OFFSETS = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
/** The largest of what a reader may demand. */
export const WAIT_MS_MAX = 30_000;
export const STALENESS_MS_MAX = 3_600_000;

export interface Freshness extends Demand {
  readonly atOffset?: number | undefined;
  /** Milliseconds since the Unix epoch, or ISO 8601. */
  readonly atTime?: string | undefined;
}

/** A recent image, or that at an offset or a time of the past. */
export async function see(key: string, wish: Freshness, source: LogSource): Promise<Seen> {
  const atTime = timeParameter(wish.atTime, "at_time", Date.now());
  if (wish.atOffset === undefined && atTime === undefined)
    return { ...(await observeWith(key, wish, source)), isPast: false };
  refuseDemandsOfThePast(wish);
  const offset = wish.atOffset ?? (await offsetAt(atTime ?? 0, source));
  return { ...(await imageAt(key, offset, source)), isPast: true };
}

function refuseDemandsOfThePast(wish: Freshness): void {
  const asked = wish.atTime === undefined ? "at_offset" : "at_time";
  const others = {
    min_offset: wish.minOffset,
    wait_ms: wish.waitMs,
    max_staleness_ms: wish.maxStalenessMs,
    consistency: wish.isLinearizable === true ? true : undefined,
    at_offset: asked === "at_offset" ? undefined : wish.atOffset,
  };
  for (const [name, said] of Object.entries(others))
    if (said !== undefined)
      throw new Problem("INVALID_REQUEST", `${name}: cannot be asked together with ${asked}`);
}
