/**
 * The key that delegation tokens are signed with (KIP-48), which Kafka calls `delegation.token.secret.key`: a secret of
 * the deployment that stands in no log. The HMAC-SHA-512 of a token's id is, in base64, the password that goes with it.
 */
import {
  isReservedUuid,
  utf8Encode,
  uuidFromBytes,
  type DelegationTokenRecord,
  type Uuid,
} from "../../protocol/index.ts";
import { keyedHmac, SHA_512 } from "../../std/sha2.ts";
import type { DelegationTokensImage } from "../image/delegation-tokens-image.ts";

const UUID_BYTES = 16;

/**
 * It remembers the HMACs that it has made, for as long as there is the record: an HMAC is all that a request says of
 * its token, and all tokens are looked through for it. What it answers never depends on what it remembers.
 */
export class DelegationTokenKey {
  readonly #hmac: (message: Uint8Array) => Uint8Array;
  readonly #made = new WeakMap<DelegationTokenRecord, Uint8Array>();

  /** `secret`: the UTF-8 of the text that brokers have. */
  constructor(secret: Uint8Array) {
    this.#hmac = keyedHmac(SHA_512, secret);
  }

  /**
   * An id for a new token, made of one that is `unique`. It tells as little as one that is drawn at random, for nobody
   * makes it who does not have the key. No token's HMAC is made of the same words.
   */
  tokenIdOf(unique: Uuid): Uuid {
    let made = this.hmacOf(`token id ${unique}`);
    for (;;) {
      const id = uuidFromBytes(made.subarray(0, UUID_BYTES));
      // As Kafka's: a leading dash looks like an option to a command line.
      if (!id.startsWith("-") && !isReservedUuid(id)) return id;
      made = this.#hmac(made);
    }
  }

  hmacOf(tokenId: string): Uint8Array {
    // What was read from a log is well-formed, and so is what is drawn.
    return this.#hmac(utf8Encode(tokenId) ?? new Uint8Array());
  }

  /** The token that has this HMAC. */
  tokenOf(tokens: DelegationTokensImage, hmac: Uint8Array): DelegationTokenRecord | undefined {
    for (const token of tokens.values()) if (isSame(this.#remembered(token), hmac)) return token;
    return undefined;
  }

  #remembered(token: DelegationTokenRecord): Uint8Array {
    const made = this.#made.get(token) ?? this.hmacOf(token.tokenId);
    this.#made.set(token, made);
    return made;
  }
}

/** In a time that does not tell where the two differ. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (const [at, byte] of one.entries()) difference |= byte ^ (other[at] ?? 0);
  return difference === 0;
}
