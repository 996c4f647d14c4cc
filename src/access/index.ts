/** The only door of access: what a token is, and what the roles that it gives may do. */
export { fromBase64url, toBase64url } from "./base64url.ts";
export {
  ANY_CLUSTER,
  BROKER_IDS_MAX,
  faultOfClaims,
  isExpired,
  LIFETIME_S_MAX,
  PRINCIPAL_CHARACTERS_MAX,
  type Claims,
} from "./claims.ts";
export { mint, type Minted, type TokenRequest } from "./minting.ts";
export {
  isRevoked,
  NOTHING_REVOKED,
  REVOKED_MAX,
  revoke,
  together,
  type Revocation,
  type Revocations,
  type RevokedToken,
} from "./revocation.ts";
export { API_ROLES, from, isRole, mayCall, ROLE_NAMES, ROLES, type Role } from "./roles.ts";
export { SECRET_CHARACTERS_MIN, signingKey, type SigningKey } from "./signing-key.ts";
export {
  signToken,
  statedClaims,
  TOKEN_CHARACTERS_MAX,
  verifyToken,
  type TokenFault,
} from "./token.ts";
