/** The words of a relay: what is written is read again, and nothing else is. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ASK_BYTES_MAX,
  LinkError,
  observerGreetingIn,
  readFromObserver,
  readFromRelay,
  relayMessage,
  type FromObserver,
  type FromRelay,
} from "../../src/link/index.ts";

const correlation = fc.integer({ min: 0, max: 0xffff_ffff });
const frame = fc.uint8Array({ maxLength: 300 });
const address = fc.record({
  host: fc.stringMatching(/^[a-z0-9.:-]{1,60}$/),
  port: fc.integer({ min: 0, max: 65_535 }),
});

const fromObserver: fc.Arbitrary<FromObserver> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const), greeting: fc.string({ unit: "grapheme" }) }),
  fc.record({
    kind: fc.constant("ask" as const),
    correlation,
    to: fc.option(address, { nil: null }),
    frame,
  }),
  fc.record({ kind: fc.constant("drop" as const), correlation }),
);
const fromRelay: fc.Arbitrary<FromRelay> = fc.oneof(
  fc.record({ kind: fc.constant("answer" as const), correlation, frame }),
  fc.record({
    kind: fc.constant("failed" as const),
    correlation,
    sentence: fc.string({ maxLength: 200 }),
  }),
);

describe("what is written is read again", () => {
  test("of a controller's", () => {
    fc.assert(
      fc.property(fromObserver, (each) => {
        expect(readFromObserver(relayMessage(each))).toEqual(each);
      }),
    );
  });

  test("of a gateway's", () => {
    fc.assert(
      fc.property(fromRelay, (each) => {
        expect(readFromRelay(relayMessage(each))).toEqual(each);
      }),
    );
  });

  test("a sentence that is too long is cut between two characters", () => {
    const message = relayMessage({ kind: "failed", correlation: 1, sentence: "😀".repeat(1_000) });
    const read = readFromRelay(message);
    expect(read.kind === "failed" && /^(?:😀)+\uFFFD?$/u.test(read.sentence)).toBe(true);
  });
});

describe("what is no message is refused in words, whatever it holds", () => {
  test("by both", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const read of [readFromObserver, readFromRelay]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(LinkError);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  const bad: readonly (readonly [string, () => unknown])[] = [
    ["a message of 5 bytes", () => readFromRelay(new Uint8Array(5))],
    [
      "a message of version 2; this relay speaks 1",
      () => readFromRelay(Uint8Array.of(2, 4, 0, 0, 0, 0)),
    ],
    [
      "an envelope of kind 4 is not for a controller to send",
      () =>
        readFromObserver(relayMessage({ kind: "answer", correlation: 1, frame: new Uint8Array() })),
    ],
    [
      "an envelope of kind 3 is not for a gateway to send",
      () => readFromRelay(relayMessage({ kind: "drop", correlation: 1 })),
    ],
    [
      "an ask ends within its address",
      () => readFromObserver(Uint8Array.of(1, 2, 0, 0, 0, 0, 9, 9, 4, 65)),
    ],
    ["a drop has 1 bytes more", () => readFromObserver(Uint8Array.of(1, 3, 0, 0, 0, 0, 7))],
    [
      `a message of ${ASK_BYTES_MAX + 7} bytes`,
      () => readFromObserver(new Uint8Array(ASK_BYTES_MAX + 7)),
    ],
  ];
  test.each(bad)("%s", (sentence, read) => {
    expect(read).toThrow(new LinkError(sentence));
  });
});

test("a greeting names a cluster and a node, or is none", () => {
  expect(observerGreetingIn('{"cluster_id":"c","node_id":9000,"more":1}')).toEqual({
    cluster_id: "c",
    node_id: 9_000,
  });
  for (const text of ["", "null", "[]", '{"cluster_id":1,"node_id":2}', '{"cluster_id":"c"}'])
    expect(observerGreetingIn(text)).toBeNull();
});
