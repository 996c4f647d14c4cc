/** The hashes, against those of the platform that may wait, and the examples of their standards. */
import { createHash, createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hmac, SHA_256, SHA_512, type Hash } from "../../src/std/sha2.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

const HASHES: readonly (readonly [string, Hash])[] = [
  ["sha256", SHA_256],
  ["sha512", SHA_512],
];

describe.each(HASHES)("%s", (name, hash) => {
  test("of every length around its blocks is the platform's", () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 151 + length) % 256);
      expect(hex(hash.digest(bytes))).toBe(createHash(name).update(bytes).digest("hex"));
    }
  });

  test("after a block that is hashed once is that of the whole", () => {
    const block = fc.uint8Array({ minLength: hash.blockBytes, maxLength: hash.blockBytes });
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 });
    fc.assert(
      fc.property(block, messages, (first, all) => {
        const after = hash.after(first);
        for (const message of all) {
          const whole = createHash(name).update(first).update(message).digest("hex");
          expect(hex(after(message))).toBe(whole);
        }
      }),
    );
  });

  test("makes the platform's HMAC, whatever the key", () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, bytes, (key, message) => {
        const theirs = createHmac(name, key).update(message).digest("hex");
        expect(hex(hmac(hash, key, message))).toBe(theirs);
      }),
      { numRuns: 300 },
    );
  });
});

test("FIPS 180-4: SHA-256 of abc", () => {
  expect(hex(SHA_256.digest(text("abc")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("FIPS 180-4: SHA-512 of abc", () => {
  expect(hex(SHA_512.digest(text("abc")))).toBe(
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  );
});
