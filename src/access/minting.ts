/** The claims of a new token, from what is asked for: by whoever mints, over HTTP or on his own machine. */
import { ANY_CLUSTER, faultOfClaims, type Claims } from "./claims.ts";
import type { Role } from "./roles.ts";

/** Ninety days: long enough to forget when it ends, so that it should be short enough to be practised. */
export const LIFETIME_S_DEFAULT = 90 * 86_400;

/** What is left open, is as `claimsFor` says. */
export interface TokenRequest {
  readonly role: Role;
  /** The id of a cluster or `*`; every cluster for an admin, and to be given for any other role. */
  readonly cluster: string | null;
  readonly brokerIds: readonly number[];
  /** `broker-7` for a broker's token of one id; else the token's own id. */
  readonly principal: string | null;
  /** Seconds; ninety days. */
  readonly lifetimeS: number | null;
}

/** What only the outside knows. */
export interface Minting {
  readonly nowMs: number;
  /** Drawn: 22 characters of base64url. */
  readonly id: string;
}

/** The claims, or a sentence that begins with the field that will not do. */
export function claimsFor(request: TokenRequest, { nowMs, id }: Minting): Claims | string {
  const { role, brokerIds } = request;
  const cluster = request.cluster ?? (role === "admin" ? ANY_CLUSTER : null);
  if (cluster === null) return `cluster_id: must be given for a token of role "${role}"`;
  const [brokerId] = brokerIds;
  const ownName = brokerId === undefined || brokerIds.length > 1 ? id : `broker-${brokerId}`;
  const issuedAt = Math.floor(nowMs / 1000);
  const claims: Claims = {
    version: 1,
    id,
    role,
    cluster,
    brokerIds,
    principal: request.principal ?? ownName,
    issuedAt,
    expiresAt: issuedAt + (request.lifetimeS ?? LIFETIME_S_DEFAULT),
  };
  return faultOfClaims(claims) ?? claims;
}
