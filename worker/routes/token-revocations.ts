/**
 * `/tokens:revoke`: tokens that are to hold no more before their time, by id, or all that were signed before a moment;
 * in one cluster, or with `*` everywhere. The directory keeps it and tells the clusters.
 */
import { Hono } from "hono";
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
import { parseJson, readText } from "../http/body.ts";
import { Problem } from "../http/errors.ts";
import { invalid, objectAt, textAt, timeAt, type JsonObject } from "../http/fields.ts";

const FIELDS = ["token", "id", "expires_at", "not_before", "cluster_id"];

export const tokenRevocations = new Hono<Scope>();

tokenRevocations.post("/", async (context) => {
  const { env } = context;
  const body = parseJson(await readText(context.req.raw));
  const { scope, revocation } = await wishOf(env, objectAt(body, "", FIELDS));
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

async function wishOf(env: Bindings, fields: JsonObject): Promise<Wish> {
  const named = ["token", "id", "not_before"].filter((name) => fields[name] !== undefined);
  if (named.length !== 1) throw invalid("", "one of token, id and not_before, and no two");
  if (fields["expires_at"] !== undefined && fields["id"] === undefined)
    throw invalid("expires_at", "left out unless id names a token");
  if (fields["token"] !== undefined) return await wishOfToken(env, fields);
  const scope = textAt(fields["cluster_id"], "cluster_id");
  if (scope !== ANY_CLUSTER && !isUuidText(scope))
    throw invalid("cluster_id", 'the id of a cluster, or "*"');
  const nowMs = Date.now();
  const revocation =
    fields["id"] === undefined ? notBefore(fields["not_before"], nowMs) : tokenOf(fields, nowMs);
  return { scope, revocation };
}

/** A whole token says by itself what it is; nothing of it is repeated in an answer. */
async function wishOfToken(env: Bindings, fields: JsonObject): Promise<Wish> {
  if (fields["cluster_id"] !== undefined)
    throw invalid("cluster_id", "left out with token, which says for which cluster it is");
  const { believed } = await keysOf(env);
  const claims = await verifyToken(believed, textAt(fields["token"], "token"), Date.now());
  if (typeof claims === "string") {
    throw new Problem(
      "INVALID_REQUEST",
      `token: nobody is let in with it, so there is nothing to revoke (${claims})`,
    );
  }
  const { id, cluster, expiresAt } = claims;
  return { scope: cluster, revocation: { kind: "token", token: { id, expires_at: expiresAt } } };
}

function tokenOf(fields: JsonObject, nowMs: number): Revocation {
  const id = textAt(fields["id"], "id");
  if (!/^[A-Za-z0-9_-]{22}$/.test(id)) throw invalid("id", "22 characters of base64url");
  const lastS = Math.floor(nowMs / 1000) + LIFETIME_S_MAX;
  const given = fields["expires_at"];
  const end = given === undefined ? lastS : Math.ceil(timeAt(given, "expires_at") / 1000);
  if (1000 * end <= nowMs || end > lastS)
    throw invalid("expires_at", "in the future, and not further than a token's longest life");
  return { kind: "token", token: { id, expires_at: end } };
}

/** Rounded up to a second: what was signed in the second of that moment may have been signed before it. */
function notBefore(given: unknown, nowMs: number): Revocation {
  const timeMs = timeAt(given, "not_before");
  if (timeMs > nowMs) {
    const now = new Date(nowMs).toISOString();
    throw new Problem("OFFSET_IN_FUTURE", `not_before: lies in the future; it is ${now}`);
  }
  return { kind: "not-before", not_before: Math.ceil(timeMs / 1000) };
}
