/** The keys of this deployment, from its secrets: what it signs with, and what it still believes. */
import { SECRET_CHARACTERS_MIN, signingKey, type SigningKey } from "../../src/access/index.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";

export interface Keys {
  readonly current: SigningKey;
  /** The current one, and the one before it while that is set. */
  readonly believed: readonly SigningKey[];
}

/** Deriving takes longer than verifying; there are two secrets at most, and a deploy changes them. */
const derived = new Recent<SigningKey>(4);

/** A `Problem` while the deployment has no secret: nobody is let in then. */
export async function keysOf({ KEDGE_KEY, KEDGE_KEY_PREVIOUS }: Bindings): Promise<Keys> {
  if (KEDGE_KEY === undefined || KEDGE_KEY === "") {
    throw new Problem(
      "LOCKED",
      `this deployment has no secret, so it lets nobody in: set KEDGE_KEY (wrangler secret put KEDGE_KEY) to at least ${SECRET_CHARACTERS_MIN} random characters`,
    );
  }
  const current = await keyOf("KEDGE_KEY", KEDGE_KEY);
  if (KEDGE_KEY_PREVIOUS === undefined || KEDGE_KEY_PREVIOUS === "")
    return { current, believed: [current] };
  const previous = await keyOf("KEDGE_KEY_PREVIOUS", KEDGE_KEY_PREVIOUS);
  return { current, believed: [current, previous] };
}

async function keyOf(name: string, secret: string): Promise<SigningKey> {
  if (secret.length < SECRET_CHARACTERS_MIN) {
    throw new Problem(
      "LOCKED",
      `${name} has fewer than ${SECRET_CHARACTERS_MIN} characters, so this deployment lets nobody in: draw a longer one`,
    );
  }
  const known = derived.get(secret);
  if (known !== undefined) return known;
  const key = await signingKey(secret);
  derived.set(secret, key);
  return key;
}
