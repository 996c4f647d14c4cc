/**
 * How often one may ask, by the platform's own counters (`[[ratelimits]]` of wrangler.toml): per address before anybody is
 * believed, so that wrong tokens are cheap to refuse, and per token after that. They count per location and roughly,
 * and a runtime that has none lets everybody pass.
 */
import type { Claims } from "../../src/access/index.ts";
import type { Bindings, RateLimiter } from "../env.ts";
import { Problem } from "../http/errors.ts";

export async function assertAddressMay(env: Bindings, request: Request): Promise<void> {
  const address = request.headers.get("CF-Connecting-IP");
  if (address !== null) await assertWithin(env.ADDRESS_LIMITER, address, "this address");
}

export const assertTokenMay = (env: Bindings, { id }: Claims): Promise<void> =>
  assertWithin(env.TOKEN_LIMITER, id, "this token");

async function assertWithin(
  limiter: RateLimiter | undefined,
  key: string,
  whose: string,
): Promise<void> {
  if (limiter === undefined || (await limiter.limit({ key })).success) return;
  throw new Problem("TOO_MANY_REQUESTS", `too many requests of ${whose}; come back in a minute`);
}
