/**
 * `/tokens`: makes tokens. None is kept, so none is listed: what the answer shows is shown once. The one who asks is an
 * admin already, and there is nothing that his own token would not let him do.
 */
import { Hono } from "hono";
import { randomUuid } from "../../durable-objects/random-uuid.ts";
import {
  isRole,
  LIFETIME_S_MAX,
  mint,
  ROLE_NAMES,
  type TokenRequest,
} from "../../src/access/index.ts";
import { keysOf } from "../access/keys.ts";
import type { Scope } from "../env.ts";
import { parseJson, readText } from "../http/body.ts";
import { Problem } from "../http/errors.ts";
import { arrayAt, integerAt, invalid, objectAt, textAt } from "../http/fields.ts";

const FIELDS = ["role", "cluster_id", "broker_ids", "principal", "expires_in_s"];

export const tokens = new Hono<Scope>();

tokens.post("/", async (context) => {
  const request = tokenRequestOf(parseJson(await readText(context.req.raw)));
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

function tokenRequestOf(body: unknown): TokenRequest {
  const fields = objectAt(body, "", FIELDS);
  const role = textAt(fields["role"], "role");
  if (!isRole(role)) throw invalid("role", `one of ${ROLE_NAMES.join(", ")}`);
  const lifetime = fields["expires_in_s"];
  return {
    role,
    cluster: optionalText(fields["cluster_id"], "cluster_id"),
    brokerIds: brokerIdsOf(fields["broker_ids"]),
    principal: optionalText(fields["principal"], "principal"),
    lifetimeS:
      lifetime === undefined
        ? undefined
        : integerAt(lifetime, "expires_in_s", { min: 1, max: LIFETIME_S_MAX }),
  };
}

const optionalText = (value: unknown, path: string): string | undefined =>
  value === undefined ? undefined : textAt(value, path);

const brokerIdsOf = (value: unknown): readonly number[] | undefined =>
  value === undefined
    ? undefined
    : arrayAt(value, "broker_ids").map((id, at) =>
        integerAt(id, `broker_ids[${at}]`, { min: 0, max: 0x7fffffff }),
      );
