/**
 * The key of the deployment's delegation tokens, from its secret: the text that brokers have as
 * `delegation.token.secret.key`.
 */
import { DelegationTokenKey } from "../src/metadata/index.ts";

/** Null where delegation tokens are disabled. Locally the runtime says null of what is not set. */
export function delegationTokenKey(secret: string | null | undefined): DelegationTokenKey | null {
  const isSet = secret !== undefined && secret !== null && secret !== "";
  return isSet ? new DelegationTokenKey(new TextEncoder().encode(secret)) : null;
}
