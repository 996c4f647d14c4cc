/**
 * `/tokens:revoke`: tokens that are to hold no more before their time, by id, or all that were signed before a moment;
 * in one cluster, or with `*` everywhere. The directory keeps it and tells the clusters.
 */
import { Hono } from "hono";
import * as v from "valibot";
import { isUuidText } from "../../durable-objects/random-uuid.ts";
import {
  ANY_CLUSTER,
  LIFETIME_S_MAX,
  verifyToken,
  type Revocation,
} from "../../src/access/index.ts";
import { keysOf } from "../access/keys.ts";
import { changeDirectory, unknownCluster } from "../clusters/directory.ts";
import { forgetCluster } from "../clusters/known-clusters.ts";
import { forgetRevocations } from "../clusters/revocations.ts";
import type { Bindings, Scope } from "../env.ts";
import { bodyOf } from "../http/body-fields.ts";
import { Problem } from "../http/errors.ts";
import { fieldsOf, invalid, moment, text } from "../http/fields.ts";

/** One of three: a whole token, a token by its id, or all that were signed before a moment. */
export const TOKEN_REVOCATION = fieldsOf({
  token: v.optional(text),
  id: v.optional(
    v.pipe(text, v.regex(/^[A-Za-z0-9_-]{22}$/, "must be 22 characters of base64url")),
  ),
  expires_at: v.optional(moment),
  not_before: v.optional(moment),
  cluster_id: v.optional(text),
});
type Wished = v.InferOutput<typeof TOKEN_REVOCATION>;

export const tokenRevocations = new Hono<Scope>();

tokenRevocations.post("/", async (context) => {
  const { env } = context;
  const wished = await bodyOf(context.req.raw, TOKEN_REVOCATION);
  const { scope, revocation } = await wishOf(env, wished);
  const revoked = await changeDirectory(env, (directory) => directory.revoke(scope, revocation));
  if (revoked === null) throw unknownCluster(scope);
  if (revoked.outcome === "full") {
    throw new Problem(
      "TOO_MANY_REVOKED",
      `${revoked.max} tokens are revoked there, and no more may be: raise not_before instead, which ends all that were signed before`,
    );
  }
  forgetRevocations(scope);
  forgetCluster(scope);
  const { revocations, unconfirmed, clusters_untold } = revoked;
  return context.json({
    cluster_id: scope,
    not_before: revocations.not_before === 0 ? null : isoOf(revocations.not_before),
    revoked: revocations.revoked.map(({ id, expires_at: end }) => ({ id, expires_at: isoOf(end) })),
    unconfirmed,
    clusters_untold,
  });
});

const isoOf = (seconds: number): string => new Date(1000 * seconds).toISOString();

interface Wish {
  readonly scope: string;
  readonly revocation: Revocation;
}

async function wishOf(env: Bindings, wished: Wished): Promise<Wish> {
  const { token, id, expires_at: end, not_before: before, cluster_id: scope } = wished;
  const named = [token, id, before].filter((each) => each !== undefined);
  if (named.length !== 1) throw invalid("", "one of token, id and not_before, and no two");
  if (end !== undefined && id === undefined)
    throw invalid("expires_at", "left out unless id names a token");
  if (token !== undefined) return await wishOfToken(env, token, scope);
  if (scope === undefined) throw invalid("cluster_id", "a string");
  if (scope !== ANY_CLUSTER && !isUuidText(scope))
    throw invalid("cluster_id", 'the id of a cluster, or "*"');
  const nowMs = Date.now();
  if (id !== undefined) return { scope, revocation: tokenOf({ id, end, nowMs }) };
  return { scope, revocation: notBefore(before ?? 0, nowMs) };
}

/** A whole token says by itself what it is; nothing of it is repeated in an answer. */
async function wishOfToken(env: Bindings, token: string, scope: string | undefined): Promise<Wish> {
  if (scope !== undefined)
    throw invalid("cluster_id", "left out with token, which says for which cluster it is");
  const { believed } = await keysOf(env);
  const claims = await verifyToken(believed, token, Date.now());
  if (typeof claims === "string") {
    throw new Problem(
      "INVALID_REQUEST",
      `token: nobody is let in with it, so there is nothing to revoke (${claims})`,
    );
  }
  const { id, cluster, expiresAt } = claims;
  return { scope: cluster, revocation: { kind: "token", token: { id, expires_at: expiresAt } } };
}

interface Ending {
  readonly id: string;
  /** In milliseconds; as late as a token can end where it is not said. */
  readonly end: number | undefined;
  readonly nowMs: number;
}

function tokenOf({ id, end: endMs, nowMs }: Ending): Revocation {
  const lastS = Math.floor(nowMs / 1000) + LIFETIME_S_MAX;
  const end = endMs === undefined ? lastS : Math.ceil(endMs / 1000);
  if (1000 * end <= nowMs || end > lastS)
    throw invalid("expires_at", "in the future, and not further than a token's longest life");
  return { kind: "token", token: { id, expires_at: end } };
}

/** Rounded up to a second: what was signed in the second of that moment may have been signed before it. */
function notBefore(timeMs: number, nowMs: number): Revocation {
  if (timeMs > nowMs) {
    const now = new Date(nowMs).toISOString();
    throw new Problem("OFFSET_IN_FUTURE", `not_before: lies in the future; it is ${now}`);
  }
  return { kind: "not-before", not_before: Math.ceil(timeMs / 1000) };
}
