/** A new token, from what is asked for: by whoever mints, over HTTP or on his own machine. */
import { ANY_CLUSTER, faultOfClaims, type Claims } from "./claims.ts";
import type { Role } from "./roles.ts";
import type { SigningKey } from "./signing-key.ts";
import { signToken } from "./token.ts";

/** Ninety days: long enough to forget when it ends, so that it should be short enough to be practised. */
const LIFETIME_S_DEFAULT = 90 * 86_400;

export interface TokenRequest {
  readonly role: Role;
  /** The id of a cluster or `*`; every cluster for an admin, and to be given for any other role. */
  readonly cluster?: string | undefined;
  /** Of a broker's token, and of no other. */
  readonly brokerIds?: readonly number[] | undefined;
  /** `broker-7` for a broker's token of one id; else the token's own id. */
  readonly principal?: string | undefined;
  /** Seconds; ninety days. */
  readonly lifetimeS?: number | undefined;
}

/** What only the outside knows. */
export interface Minting {
  readonly nowMs: number;
  /** Drawn: 22 characters of base64url. */
  readonly id: string;
}

export interface Minted {
  readonly token: string;
  /** What it says. */
  readonly claims: Claims;
}

/** The token, or a sentence that begins with the field that will not do. */
export async function mint(
  key: SigningKey,
  request: TokenRequest,
  minting: Minting,
): Promise<Minted | string> {
  const claims = claimsFor(request, minting);
  return typeof claims === "string" ? claims : { token: await signToken(key, claims), claims };
}

function claimsFor(request: TokenRequest, { nowMs, id }: Minting): Claims | string {
  const { role, brokerIds = [] } = request;
  const cluster = request.cluster ?? (role === "admin" ? ANY_CLUSTER : undefined);
  if (cluster === undefined) return `cluster_id: must be given for a token of role "${role}"`;
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
