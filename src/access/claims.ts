/** What a token says of its bearer, and the bounds of it. */
import { isRole, type Role } from "./roles.ts";

/** A token for every cluster of the deployment. */
export const ANY_CLUSTER = "*";

export const BROKER_IDS_MAX = 100;
export const PRINCIPAL_CHARACTERS_MAX = 200;
/** Ten years: what is to be valid for longer should be another. */
export const LIFETIME_S_MAX = 10 * 366 * 86_400;

export interface Claims {
  /** Of the form of the claims; another one is refused. */
  readonly version: 1;
  /** Names the token, to people and to a revocation; 22 characters of base64url. */
  readonly id: string;
  readonly role: Role;
  /** A cluster's id, or `*`. */
  readonly cluster: string;
  /** Of a broker's token: the ids that it may speak for, none twice. Empty for every other role. */
  readonly brokerIds: readonly number[];
  /** The name of a Kafka principal of type `User`. */
  readonly principal: string;
  /** Seconds since the Unix epoch. */
  readonly issuedAt: number;
  /** The first second in which it is valid no more. */
  readonly expiresAt: number;
}

/** What is wrong with claims that are to be signed, or null. */
export function faultOfClaims(claims: Claims): string | null {
  const { id, role, cluster, brokerIds, principal, issuedAt, expiresAt } = claims;
  if (!/^[A-Za-z0-9_-]{22}$/.test(id)) return "id: must be 22 characters of base64url";
  if (role === "admin" && cluster !== ANY_CLUSTER)
    return 'cluster_id: a token of role "admin" is for every cluster, "*"';
  if (cluster !== ANY_CLUSTER && !/^[A-Za-z0-9_-]{22}$/.test(cluster))
    return 'cluster_id: must be the id of a cluster, or "*"';
  if (role === "broker" ? brokerIds.length === 0 : brokerIds.length > 0)
    return 'broker_ids: a token of role "broker" names the ids that it speaks for, and no other does';
  if (brokerIds.length > BROKER_IDS_MAX)
    return `broker_ids: at most ${BROKER_IDS_MAX}; for more there is the role "gateway"`;
  if (!brokerIds.every((brokerId) => isCount(brokerId, 0x7fffffff)))
    return "broker_ids: must be ids of brokers, from 0";
  if (new Set(brokerIds).size < brokerIds.length) return "broker_ids: no id twice";
  if (principal === "" || principal.length > PRINCIPAL_CHARACTERS_MAX)
    return `principal: must be a name of 1 to ${PRINCIPAL_CHARACTERS_MAX} characters`;
  // oxlint-disable-next-line no-control-regex -- just those are refused
  if (/[\u0000-\u001f\u007f]/.test(principal) || !principal.isWellFormed())
    return "principal: must have no control characters";
  if (expiresAt <= issuedAt || expiresAt - issuedAt > LIFETIME_S_MAX)
    return `expires_in_s: must be from 1 to ${LIFETIME_S_MAX}`;
  return null;
}

/** Whether a token with these claims is valid no more at `nowMs`. */
export const isExpired = ({ expiresAt }: Claims, nowMs: number): boolean =>
  nowMs >= 1000 * expiresAt;

/** Shorter names, since a token travels with every request. */
interface WrittenClaims {
  readonly v: 1;
  readonly jti: string;
  readonly role: string;
  readonly cluster: string;
  readonly brokers?: readonly number[];
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
}

export function writeClaims(claims: Claims): string {
  const { version, id, role, cluster, brokerIds, principal, issuedAt, expiresAt } = claims;
  const written: WrittenClaims = {
    v: version,
    jti: id,
    role,
    cluster,
    ...(brokerIds.length === 0 ? {} : { brokers: brokerIds }),
    sub: principal,
    iat: issuedAt,
    exp: expiresAt,
  };
  return JSON.stringify(written);
}

/** The claims in `text`; null when they are not of this version, or say what this build would not have signed. */
export function readClaims(text: string): Claims | null {
  const written = parsed(text);
  if (!isWritten(written)) return null;
  const { jti: id, role, cluster, brokers, sub: principal, iat: issuedAt, exp } = written;
  if (!isRole(role)) return null;
  const claims = { version: 1, id, role, cluster, brokerIds: brokers ?? [] } as const;
  const read: Claims = { ...claims, principal, issuedAt, expiresAt: exp };
  return faultOfClaims(read) === null ? read : null;
}

const TEXTS = ["jti", "role", "cluster", "sub"] as const;

function isWritten(value: unknown): value is WrittenClaims {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const brokers = fields.get("brokers");
  return (
    fields.get("v") === 1 &&
    TEXTS.every((name) => typeof fields.get(name) === "string") &&
    [fields.get("iat"), fields.get("exp")].every((at) => isCount(at, Number.MAX_SAFE_INTEGER)) &&
    (brokers === undefined || (Array.isArray(brokers) && brokers.every(Number.isSafeInteger)))
  );
}

const isCount = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return null;
  }
}
