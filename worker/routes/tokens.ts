/**
 * `/tokens`: makes tokens. None is kept, so none is listed: what the answer shows is shown once. The one who asks is an
 * admin already, and there is nothing that his own token would not let him do.
 */
import { Hono } from "hono";
import * as v from "valibot";
import { randomUuid } from "../../durable-objects/random-uuid.ts";
import { LIFETIME_S_MAX, mint, ROLE_NAMES, type TokenRequest } from "../../src/access/index.ts";
import { keysOf } from "../access/keys.ts";
import type { Scope } from "../env.ts";
import { bodyOf } from "../http/body-fields.ts";
import { Problem } from "../http/errors.ts";
import { fieldsOf, IDS, listOf, text, wholeNumber } from "../http/fields.ts";

export const TOKEN_REQUEST = fieldsOf({
  role: v.picklist(ROLE_NAMES, `must be one of ${ROLE_NAMES.join(", ")}`),
  cluster_id: v.optional(text),
  broker_ids: v.optional(listOf(wholeNumber(IDS))),
  principal: v.optional(text),
  expires_in_s: v.optional(wholeNumber({ min: 1, max: LIFETIME_S_MAX })),
});

export const tokens = new Hono<Scope>();

tokens.post("/", async (context) => {
  const request = tokenRequestOf(await bodyOf(context.req.raw, TOKEN_REQUEST));
  const { current } = await keysOf(context.env);
  const minted = await mint(current, request, { nowMs: Date.now(), id: randomUuid() });
  if (typeof minted === "string") throw new Problem("INVALID_REQUEST", minted);
  const { token, claims } = minted;
  context.header("Cache-Control", "no-store");
  return context.json(
    {
      token,
      id: claims.id,
      role: claims.role,
      cluster_id: claims.cluster,
      broker_ids: claims.brokerIds,
      principal: `User:${claims.principal}`,
      expires_at: new Date(1000 * claims.expiresAt).toISOString(),
    },
    201,
  );
});

const tokenRequestOf = (body: v.InferOutput<typeof TOKEN_REQUEST>): TokenRequest => ({
  role: body.role,
  cluster: body.cluster_id,
  brokerIds: body.broker_ids,
  principal: body.principal,
  lifetimeS: body.expires_in_s,
});
