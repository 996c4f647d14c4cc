/**
 * Who asks, and whether the route is his to use: before any object is called, in the order in which a question costs
 * least. What his cluster says of his token comes with its entry, later.
 */
import { matchedRoutes } from "hono/route";
import type { MiddlewareHandler } from "hono";
import { UNLOCKED, type Bearer } from "../../durable-objects/bearer.ts";
import { ANY_CLUSTER, type Claims, type Role, type TokenFault } from "../../src/access/index.ts";
import type { Authenticated, Bindings, Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { tokenIn, type CredentialFault } from "./credentials.ts";
import { keysOf } from "./keys.ts";
import { assertTokenMay, countRefusal } from "./limits.ts";
import { assertFromHere } from "./loopback.ts";
import { inPlace } from "./places.ts";
import { PERMISSIONS } from "./permissions.ts";
import { namedPrincipal } from "./principal.ts";
import { verifyOnce } from "./verified.ts";

export const authenticate: MiddlewareHandler<Scope> = async (context, next) => {
  const { env, req } = context;
  if (env.KEDGE_LOOPBACK !== undefined) assertFromHere(req.raw, env.KEDGE_ORIGINS ?? "");
  const roles = rolesOf(context);
  if (roles === null) return next();
  const claims = isUnlocked(env) ? null : await claimsOf(env, req.raw);
  const asker = { claims, bearer: bearerOf(claims, req.raw) };
  assertMay(context, asker, roles);
  context.set("asker", asker);
  return claims === null ? next() : inPlace(claims, req.raw.signal, next);
};

/** Everybody may everything on a loopback that was started so. A deployment would be open to the internet by a slip. */
const isUnlocked = ({ KEDGE_AUTH, KEDGE_LOOPBACK }: Bindings): boolean =>
  KEDGE_AUTH === "none" && KEDGE_LOOPBACK !== undefined;

/** Who may use the route; null where nobody is asked. No route, or one without a row: nobody may. */
function rolesOf(context: ScopedContext): readonly Role[] | null {
  // The first one: where two match, it is the one that answers.
  const route = matchedRoutes(context).find(({ method }) => method !== "ALL");
  const roles = route === undefined ? undefined : PERMISSIONS[`${route.method} ${route.path}`];
  return roles === undefined ? [] : roles;
}

async function claimsOf(env: Bindings, request: Request): Promise<Claims> {
  const { believed } = await keysOf(env);
  const token = tokenIn(request.headers);
  const verified =
    typeof token === "string" ? await verifyOnce(believed, token, Date.now()) : token.fault;
  if (typeof verified !== "string") {
    await assertTokenMay(env, verified);
    return verified;
  }
  await countRefusal(env, request);
  throw new Problem("UNAUTHENTICATED", SENTENCES[verified]);
}

const SENTENCES: Readonly<Record<TokenFault | CredentialFault, string>> = {
  none: "no token came: send Authorization: Bearer <token>",
  "too-long": "what came as Authorization is longer than any token",
  "other-scheme": "Authorization is Bearer <token>, or Basic with the token as password",
  "not-basic": "what came as Basic is not base64 of <name>:<token>",
  malformed: "what came is not a token of kedge",
  "unknown-key":
    "the token was signed with a secret that this deployment does not have, or has no more",
  forged: "the token does not hold: it was changed, or cut",
  expired: "the token has expired",
};

function assertMay(context: ScopedContext, asker: Authenticated, roles: readonly Role[]): void {
  // Where no route is, the router says so; nothing is told of what there is.
  if (roles.length === 0) return;
  demandRole(asker, roles);
  // As it stands in the path: the id of a cluster holds no letter that is encoded there.
  const [, clusterId] = /^\/kafka\/v3\/clusters\/([^/]+)/.exec(context.req.path) ?? [];
  if (clusterId !== undefined) assertClusterMay(asker, clusterId);
}

/** Whether the asker may know of a cluster. */
export const isFor = ({ claims }: Authenticated, clusterId: string): boolean =>
  claims === null || claims.cluster === ANY_CLUSTER || claims.cluster === clusterId;

/** Throws a `Problem` for a token of another cluster. */
export function assertClusterMay(asker: Authenticated, clusterId: string): void {
  if (isFor(asker, clusterId)) return;
  throw new Problem("FORBIDDEN", "the token is for another cluster");
}

/** Throws a `Problem` unless the asker has one of these roles: where more than the route decides. */
export function demandRole({ claims }: Authenticated, roles: readonly Role[]): void {
  if (claims !== null && !roles.includes(claims.role)) throw forbidden(claims, roles);
}

const forbidden = ({ role }: Claims, roles: readonly Role[]): Problem =>
  new Problem("FORBIDDEN", `a token of role "${role}" may not do this; it takes ${listed(roles)}`);

const listed = (roles: readonly Role[]): string =>
  roles.map((role) => `"${role}"`).join(roles.length > 2 ? ", " : " or ");

function bearerOf(claims: Claims | null, request: Request): Bearer {
  const address = request.headers.get("CF-Connecting-IP");
  if (claims === null) return { ...UNLOCKED, client_address: address };
  const named = namedPrincipal(claims, request.headers);
  return {
    role: claims.role,
    broker_ids: claims.brokerIds,
    principal: named ?? claims.principal,
    // What a gateway forwards came from somewhere else.
    client_address: claims.role === "gateway" ? null : address,
    token_id: claims.id,
  };
}
