/** A key for delegation tokens, as a deployment has one. */
import { delegationTokenKey } from "../../durable-objects/delegation-token-key.ts";

/** What brokers would have as `delegation.token.secret.key`. */
export const TOKEN_SECRET = "a secret that signs tokens, with an ö in it";

export const TOKEN_KEY = delegationTokenKey(TOKEN_SECRET);
