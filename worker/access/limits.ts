/**
 * How often one may ask, by the platform's own counters (`[[ratelimits]]` of wrangler.toml): per token, and per address
 * whoever is not believed. What is believed does not count against an address, for a gateway brings many from one. The
 * platform counts per location and roughly, and a runtime that has no counters lets everybody pass.
 */
import type { Claims } from "../../src/access/index.ts";
import type { Bindings, Limiter } from "../env.ts";
import { Problem } from "../http/errors.ts";

/** Counts a request that was not believed. */
export async function countRefusal(env: Bindings, request: Request): Promise<void> {
  const address = request.headers.get("CF-Connecting-IP");
  if (address !== null)
    await assertWithin(env.ADDRESS_LIMITER, address, "this address without a token that holds");
}

export const assertTokenMay = (env: Bindings, { id }: Claims): Promise<void> =>
  assertWithin(env.TOKEN_LIMITER, id, "this token");

async function assertWithin(
  limiter: Limiter | undefined,
  key: string,
  whose: string,
): Promise<void> {
  if (limiter === undefined || (await limiter.limit({ key })).success) return;
  throw new Problem("TOO_MANY_REQUESTS", `too many requests of ${whose}; come back in ten seconds`);
}
