/**
 * The key that signs tokens, derived from a deployment's secret (HKDF, RFC 5869), and the short name under which a
 * token says which key that was, so that one secret can follow another.
 */

/** A secret is drawn and never thought up: 256 bits, in whatever spelling, come to at least so many characters. */
export const SECRET_CHARACTERS_MIN = 32;

/** WebCrypto's key, by whatever name the platform at hand has for it. */
type HmacKey = Parameters<typeof crypto.subtle.verify>[1];

export interface SigningKey {
  /** Eight digits of base 16. They tell nothing of the key. */
  readonly id: string;
  readonly hmac: HmacKey;
}

const SALT = new TextEncoder().encode("kedge tokens, version 1");
const ID_BYTES = 4;
const KEY_BYTES = 32;

/** Throws a `RangeError` for a secret that is too short. */
export async function signingKey(secret: string): Promise<SigningKey> {
  if (secret.length < SECRET_CHARACTERS_MIN)
    throw new RangeError(`the secret has fewer than ${SECRET_CHARACTERS_MIN} characters`);
  const material = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    "HKDF",
    false,
    ["deriveBits"],
  );
  const derive = (purpose: string, bytes: number): Promise<ArrayBuffer> => {
    const info = new TextEncoder().encode(purpose);
    return crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: SALT, info },
      material,
      8 * bytes,
    );
  };
  const id = new Uint8Array(await derive("key id", ID_BYTES));
  const hmac = await crypto.subtle.importKey(
    "raw",
    await derive("signature", KEY_BYTES),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign", "verify"],
  );
  return { id: Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join(""), hmac };
}
