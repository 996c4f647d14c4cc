/**
 * Which tokens are revoked, as the directory keeps it and says it to the nodes of a cluster. Each keeps it beside its
 * entry, so that a cluster's own controllers know it when the directory does not answer.
 */
import { REVOKED_MAX, type Revocations, type RevokedToken } from "../src/access/index.ts";
import { conforms, isInteger, isText, type Check, type Checks } from "./conforms.ts";

/** To a node: what is revoked in its cluster. `created_ms` tells that cluster from a later one of the same id. */
export interface AccessRequest {
  readonly created_ms: number;
  readonly access: Revocations;
}

const REVOKED_TOKEN = { id: isText, expires_at: isInteger } satisfies Checks<RevokedToken>;

/** Of a cluster and of its deployment together. */
const isRevokedList: Check = (value) =>
  Array.isArray(value) &&
  value.length <= 2 * REVOKED_MAX &&
  value.every((token) => conforms(token, REVOKED_TOKEN));

const REVOCATIONS = {
  version: isInteger,
  not_before: isInteger,
  revoked: isRevokedList,
} satisfies Checks<Revocations>;

export const isRevocations: Check = (value) => conforms(value, REVOCATIONS);

const ACCESS_REQUEST = {
  created_ms: isInteger,
  access: isRevocations,
} satisfies Checks<AccessRequest>;

export const isAccessRequest = (value: unknown): value is AccessRequest =>
  conforms(value, ACCESS_REQUEST);
