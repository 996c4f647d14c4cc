/**
 * Which tokens hold no more before their time: some by their id, and all that were signed before a moment. What is here
 * is plain JSON, as it is stored and sent; seconds are since the Unix epoch.
 */
import type { Claims } from "./claims.ts";

/** Of one cluster, or of a whole deployment: so many tokens are revoked by their id at once. */
export const REVOKED_MAX = 1_000;
/** An id leaves so long after its token has ended: the clocks of those who judge it differ. */
const LEAVES_AFTER_S = 300;

export interface RevokedToken {
  readonly id: string;
  /** The first second in which it would be valid no more. */
  readonly expires_at: number;
}

export interface Revocations {
  /** Of two, the one with the higher version counts. */
  readonly version: number;
  /** What was signed before that second holds no more; 0 when that is nothing. */
  readonly not_before: number;
  /** In the order of their revocation; no id twice. */
  readonly revoked: readonly RevokedToken[];
}

/** What is to hold no more, besides what holds no more already. */
export type Revocation =
  | { readonly kind: "token"; readonly token: RevokedToken }
  | { readonly kind: "not-before"; readonly not_before: number };

export const NOTHING_REVOKED: Revocations = { version: 0, not_before: 0, revoked: [] };

export const isRevoked = (
  { not_before: notBefore, revoked }: Revocations,
  { id, issuedAt }: Pick<Claims, "id" | "issuedAt">,
): boolean => issuedAt < notBefore || revoked.some((token) => token.id === id);

/**
 * What holds after a revocation: the same object when it held before, and null when it would be too many. A revocation
 * is never taken back: a moment that lies before the one that counts changes nothing, nor does an earlier end.
 */
export function revoke(
  before: Revocations,
  revocation: Revocation,
  nowMs: number,
): Revocations | null {
  // A version is a time, so that one who starts again, with nothing, is not taken for the older.
  const version = Math.max(before.version + 1, nowMs);
  if (revocation.kind === "not-before") {
    const { not_before: notBefore } = revocation;
    return notBefore <= before.not_before ? before : { ...before, version, not_before: notBefore };
  }
  const { token } = revocation;
  const present = before.revoked.find(({ id }) => id === token.id);
  if (present !== undefined && token.expires_at <= present.expires_at) return before;
  const others = unexpired(before.revoked, nowMs).filter(({ id }) => id !== token.id);
  if (others.length >= REVOKED_MAX) return null;
  return { ...before, version, revoked: [...others, token] };
}

/** What holds in a cluster: what was revoked there, and in the whole deployment. */
export function together(one: Revocations, other: Revocations, nowMs: number): Revocations {
  const ends = new Map<string, number>();
  for (const { id, expires_at: end } of unexpired([...one.revoked, ...other.revoked], nowMs))
    ends.set(id, Math.max(end, ends.get(id) ?? 0));
  return {
    version: Math.max(one.version, other.version),
    not_before: Math.max(one.not_before, other.not_before),
    revoked: Array.from(ends, ([id, end]) => ({ id, expires_at: end })),
  };
}

const unexpired = (revoked: readonly RevokedToken[], nowMs: number): readonly RevokedToken[] =>
  revoked.filter(({ expires_at: end }) => nowMs < 1000 * (end + LEAVES_AFTER_S));
