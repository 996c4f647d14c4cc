/**
 * What clients may still change of partitions (KIP-599): a bucket of tokens for those who share a quota, one token a
 * partition, filled at the rate of the quota. Soft state of the active controller, as contacts of brokers are: never
 * replicated, and made anew by each. Kafka: `TokenBucket`, `ControllerMutationQuotaManager`.
 *
 * A bucket may go below nothing, once: what is asked while there is a token left is given whole, and is paid off by
 * waiting. So a request larger than a bucket is possible, and the mean rate is kept.
 */
import { byText, ImmutableMap } from "../../std/immutable-map.ts";
import type { ClientQuota } from "./client-quota.ts";

export interface MutationBucket {
  /** Below 0 for as long as nothing is given. */
  readonly tokens: number;
  /** When `tokens` was true. */
  readonly countedMs: number;
  /** What it was filled at, in tokens a second, and how many it holds. */
  readonly rate: number;
  readonly capacity: number;
}

/** By who shares it. One that is full is as good as none. */
export type MutationBuckets = ImmutableMap<string, MutationBucket>;

export const NO_MUTATION_BUCKETS: MutationBuckets = ImmutableMap.empty(byText);

/** A quota of a rate gives what this many windows of this many seconds bring. */
export interface QuotaWindow {
  /** `controller.quota.window.num`. */
  readonly count: number;
  /** `controller.quota.window.size.seconds`. */
  readonly seconds: number;
}

/**
 * Buckets that are kept at most. Kafka forgets one an hour after its last use; here a flood of client ids, each with a
 * bucket of its own, is bounded at once: full ones are forgotten, then the one that was used the longest ago.
 */
export const MUTATION_BUCKETS_MAX = 2_000;

/** What may be taken: by whom, when, how much. */
export interface Draw {
  readonly quota: ClientQuota;
  readonly window: QuotaWindow;
  readonly nowMs: number;
  readonly tokens: number;
}

export interface Drawn {
  readonly buckets: MutationBuckets;
  /** False: nothing was taken, since nothing was left. */
  readonly isGiven: boolean;
  /** How long until the bucket is at 0 again; 0 where it is not below. */
  readonly waitMs: number;
}

/** Takes tokens unless the bucket is overdrawn. `isStrict` false: even then, and the wait is for what is owed after. */
export function drawTokens(buckets: MutationBuckets, draw: Draw, isStrict: boolean): Drawn {
  const { quota, nowMs } = draw;
  const bucket = refilled(buckets.get(quota.sharedBy), draw);
  // What is refused leaves the bucket as it was: filled bit by bit it would be full a rounding error late.
  if (isStrict && bucket.tokens < 0) return { buckets, isGiven: false, waitMs: waitOf(bucket) };
  const left = { ...bucket, tokens: bucket.tokens - draw.tokens };
  const room = buckets.has(quota.sharedBy) ? buckets : withRoom(buckets, nowMs);
  // A strict quota lets the last request overdraw without a wait: only who asks again hears of it.
  const waitMs = isStrict ? 0 : waitOf(left);
  return { buckets: room.set(quota.sharedBy, left), isGiven: true, waitMs };
}

/** A bucket nobody has drawn from is full; one whose quota was changed goes on with what it holds. */
function refilled(
  bucket: MutationBucket | undefined,
  { quota: { limit: rate }, window, nowMs }: Draw,
): MutationBucket {
  const capacity = rate * window.count * window.seconds;
  if (bucket === undefined) return { tokens: capacity, countedMs: nowMs, rate, capacity };
  return { tokens: tokensAt(bucket, nowMs, { rate, capacity }), countedMs: nowMs, rate, capacity };
}

/** A clock that went back takes nothing away. */
const tokensAt = (
  { tokens, countedMs }: MutationBucket,
  nowMs: number,
  { rate, capacity }: Pick<MutationBucket, "rate" | "capacity">,
): number => Math.min(capacity, tokens + (rate * Math.max(0, nowMs - countedMs)) / 1_000);

const INT_MAX = 0x7fff_ffff;

const waitOf = ({ tokens, rate }: MutationBucket): number =>
  tokens < 0 ? Math.min(INT_MAX, Math.round((-tokens / rate) * 1_000)) : 0;

function withRoom(buckets: MutationBuckets, nowMs: number): MutationBuckets {
  if (buckets.size < MUTATION_BUCKETS_MAX) return buckets;
  let left = buckets;
  let oldest: { readonly key: string; readonly countedMs: number } | null = null;
  for (const [key, bucket] of buckets) {
    const { countedMs, capacity } = bucket;
    if (tokensAt(bucket, nowMs, bucket) >= capacity) left = left.delete(key);
    else if (oldest === null || countedMs < oldest.countedMs) oldest = { key, countedMs };
  }
  return left.size < MUTATION_BUCKETS_MAX || oldest === null ? left : left.delete(oldest.key);
}
