/** The bytes of a link, from both sides: what is written is read again, and what nobody writes is refused in words. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  controllerGreetingIn,
  envelopeBytes,
  FROM_CONTROLLER,
  FROM_GATEWAY,
  gatewayGreetingIn,
  LinkError,
  readFromController,
  readFromGateway,
  writeMessages,
  type FromController,
  type FromGateway,
} from "../../src/link/index.ts";

const word = fc.nat(0xffff_ffff);
const frame = fc.uint8Array({ maxLength: 200 });
const sentence = fc.string({ unit: "grapheme", maxLength: 200 });
const at = { stream: word, correlation: word };

const offset = fc.maxSafeNat();
const epoch = fc.integer({ min: -1, max: 0x7fff_ffff });

const anyFromGateway: fc.Arbitrary<FromGateway> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const), greeting: sentence }),
  fc.record({
    kind: fc.constant("begin" as const),
    stream: word,
    principal: fc.option(fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 })),
  }),
  fc.record({ kind: fc.constant("end" as const), stream: word }),
  fc.record({ kind: fc.constant("request" as const), ...at, frame }),
  fc.record({ kind: fc.constant("taken" as const), bytes: word }),
  fc.record({
    kind: fc.constant("position" as const),
    stream: word,
    position: fc.record({
      end: fc.option(
        fc.record({ offset: fc.oneof(offset, fc.constant(-1)), epoch, begins: fc.boolean() }),
      ),
      brokers: fc.array(
        fc.record({
          id: epoch,
          directoryId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
          offset,
        }),
        { maxLength: 5 },
      ),
    }),
  }),
);

const anyFromController: fc.Arbitrary<FromController> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const), greeting: sentence }),
  fc.record({ kind: fc.constant("response" as const), ...at, frame }),
  fc.record({ kind: fc.constant("refusal" as const), ...at, sentence }),
  fc.record({
    kind: fc.constant("goaway" as const),
    leaderId: fc.integer({ min: -1, max: 0x7fff_ffff }),
    sentence,
  }),
  fc.record({
    kind: fc.constant("push" as const),
    push: fc.record({
      epoch,
      leader: fc.option(
        fc.record({
          id: fc.nat(),
          host: fc.string({ unit: "grapheme", maxLength: 40 }),
          port: fc.nat(65_535),
        }),
      ),
      highWatermark: fc.option(offset),
      logStartOffset: offset,
      records: fc.option(fc.record({ from: offset, epochBefore: epoch, batches: frame })),
    }),
  }),
);

const SMALL = { bytesMax: 300, loneBytesMax: 1_000, envelopesMax: 4 };

/** `bytes`, where they are not at the beginning of their buffer: as what a socket hands out may lie. */
function shifted(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(bytes.byteLength + 8);
  room.set(bytes, 5);
  return room.subarray(5, 5 + bytes.byteLength);
}

const refusalOf = (message: Uint8Array): string => {
  try {
    readFromGateway(message, SMALL);
  } catch (error) {
    if (error instanceof LinkError) return error.message;
    throw error;
  }
  return "accepted";
};

/** A position with one broker, some of which is something else. */
function positionOf(change: (view: DataView) => void): Uint8Array {
  const broker = { id: 1, directoryId: new Uint8Array(16), offset: 3 };
  const position = { end: { offset: 5, epoch: 1, begins: false }, brokers: [broker] };
  const message = messageOf({ kind: "position", stream: 1, position }).slice();
  change(new DataView(message.buffer));
  return message;
}

const messageOf = (...envelopes: FromGateway[]): Uint8Array =>
  writeMessages(envelopes, FROM_GATEWAY)[0] ?? new Uint8Array();

const pushOf = (change: (view: DataView) => void): Uint8Array => {
  const records = { from: 3, epochBefore: 1, batches: Uint8Array.of(1, 2) };
  const leader = { id: 1, host: "höst", port: 9 };
  const push = { epoch: 1, leader, highWatermark: 5, logStartOffset: 0, records };
  const [message = Uint8Array.of()] = writeMessages([{ kind: "push", push }], FROM_CONTROLLER);
  change(new DataView(message.buffer));
  return message;
};

describe("a message", () => {
  test("carries any envelopes of a gateway, unchanged and in order, within the bounds", () => {
    fc.assert(
      fc.property(fc.array(anyFromGateway, { maxLength: 20 }), (envelopes) => {
        const messages = writeMessages(envelopes, SMALL);
        const read = messages.map((each) => readFromGateway(shifted(each), SMALL));
        expect(read.flat()).toEqual(envelopes);
        for (const each of read) expect(each.length).toBeLessThanOrEqual(SMALL.envelopesMax);
      }),
    );
  });

  test("carries any envelopes of a controller as well", () => {
    fc.assert(
      fc.property(fc.array(anyFromController, { maxLength: 20 }), (envelopes) => {
        const messages = writeMessages(envelopes, SMALL);
        expect(messages.flatMap((each) => readFromController(each, SMALL))).toEqual(envelopes);
      }),
    );
  });

  test("is as long as its envelopes say", () => {
    fc.assert(
      fc.property(anyFromGateway, (envelope) => {
        expect(messageOf(envelope).byteLength).toBe(1 + envelopeBytes(envelope));
      }),
    );
  });

  test("holds one long envelope alone, and never two that are too long together", () => {
    const long = {
      kind: "request" as const,
      stream: 1,
      correlation: 1,
      frame: new Uint8Array(500),
    };
    const sizes = writeMessages([long, long], SMALL).map(({ byteLength }) => byteLength);
    expect(sizes).toEqual([514, 514]);
  });
});

const request = (bytes: number): FromGateway => ({
  kind: "request",
  stream: 7,
  correlation: 9,
  frame: new Uint8Array(bytes),
});

describe("what is refused", () => {
  test("a message cut anywhere, whole: not one of its envelopes counts", () => {
    fc.assert(
      fc.property(fc.array(anyFromGateway, { minLength: 1, maxLength: 4 }), (envelopes) => {
        const whole = messageOf(...envelopes);
        // A cut between two envelopes is a shorter message.
        const ends = new Set(
          envelopes.map((_, index) =>
            envelopes.slice(0, index).reduce((sum, each) => sum + envelopeBytes(each), 1),
          ),
        );
        ends.delete(1);
        for (let end = 0; end < whole.byteLength; end++) {
          if (ends.has(end)) continue;
          expect(() => readFromGateway(whole.subarray(0, end), FROM_GATEWAY)).toThrow(LinkError);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("any bytes: they are read, or refused with a sentence, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, versioned) => {
        const message = versioned ? Uint8Array.of(1, ...bytes) : bytes;
        for (const read of [readFromGateway, readFromController]) {
          try {
            read(message, SMALL);
          } catch (error) {
            expect(error).toBeInstanceOf(LinkError);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["nothing", new Uint8Array(), "a message of no bytes"],
    ["a version and no more", Uint8Array.of(1), "a message without an envelope"],
    ["another version", Uint8Array.of(2), "a message of version 2; this link speaks 1"],
    [
      "half a header",
      Uint8Array.of(1, 3, 0, 0),
      "the message ends 3 bytes into the header of an envelope",
    ],
    [
      "a length of 4 GiB",
      Uint8Array.of(1, 3, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 1, 42),
      "an envelope says that it has 4294967295 bytes, and 1 are there",
    ],
    [
      "an unknown kind",
      Uint8Array.of(1, 99, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1),
      "an envelope of kind 99 is not for a gateway to send",
    ],
    [
      "what only a controller says",
      writeMessages([{ kind: "goaway", leaderId: 1, sentence: "" }], SMALL)[0] ?? Uint8Array.of(),
      "an envelope of kind 5 is not for a gateway to send",
    ],
    [
      "a position without a head",
      Uint8Array.of(1, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1),
      "a position of 1 bytes holds no whole number of brokers",
    ],
    [
      "a position that begins otherwise",
      positionOf((view) => view.setUint8(14, 3)),
      "a position begins with 3, not with 0, 1 or 2",
    ],
    [
      "a position beyond any log",
      positionOf((view) => view.setBigInt64(15, 2n ** 60n)),
      "1152921504606846976 is no offset",
    ],
    [
      "a broker that is nowhere",
      positionOf((view) => view.setBigInt64(47, -1n)),
      "a position does not say where a broker is",
    ],
    [
      "more envelopes than the bound",
      messageOf(...Array(5).fill(request(1))),
      "more than 4 envelopes in a message",
    ],
    [
      "more bytes than the bound",
      messageOf(request(990)),
      "a message of 1004 bytes; at most 1000 are accepted",
    ],
    [
      "too much in several envelopes",
      messageOf(request(200), request(200)),
      "a message of 427 bytes; only one with a single envelope may have more than 300",
    ],
    [
      "a stream that neither begins nor ends",
      Uint8Array.of(1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 2),
      "a stream begins with 2, not with 0 or 1",
    ],
    [
      "a principal that is no text",
      Uint8Array.of(1, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0xff),
      "the principal of a stream is no UTF-8",
    ],
    [
      "a principal of two kilobytes",
      writeMessages(
        [{ kind: "begin", stream: 1, principal: "x".repeat(2_000) }],
        FROM_GATEWAY,
      )[0]?.subarray(0) ?? Uint8Array.of(),
      "a message of 2015 bytes; at most 1000 are accepted",
    ],
  ])("%s", (_, message, sentenceOfRefusal) => {
    expect(refusalOf(message)).toBe(sentenceOfRefusal);
  });

  test("a principal that is longer than any by HTTP", () => {
    const [message = Uint8Array.of()] = writeMessages(
      [{ kind: "begin", stream: 1, principal: "x".repeat(1_025) }],
      FROM_GATEWAY,
    );
    expect(() => readFromGateway(message, FROM_GATEWAY)).toThrow(
      "the principal of a stream has 1025 bytes; at most 1024 are accepted",
    );
  });

  test.each<[string, (view: DataView) => void, string]>([
    ["no offset", (view) => view.setBigInt64(14, -2n), "-2 is no offset"],
    [
      "batches that begin nowhere",
      (view) => view.setBigInt64(30, -1n),
      "a push has batches, and does not say where they begin",
    ],
    [
      "a host that is longer than the push",
      (view) => view.setUint16(54, 9),
      "a push names a host of 9 bytes",
    ],
    ["a host that is no text", (view) => view.setUint8(56, 0xff), "the host of a push is no UTF-8"],
  ])("a push with %s", (_, change, sentenceOfRefusal) => {
    expect(() => readFromController(pushOf(change), FROM_CONTROLLER)).toThrow(sentenceOfRefusal);
  });

  test("half a push", () => {
    const message = Uint8Array.of(1, 7, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1);
    expect(() => readFromController(message, FROM_CONTROLLER)).toThrow(
      "a push of 2 bytes; its head has 42",
    );
  });

  test("what only a gateway says, from a controller", () => {
    const [message = Uint8Array.of()] = writeMessages(
      [{ kind: "end", stream: 1 }],
      FROM_CONTROLLER,
    );
    expect(() => readFromController(message, FROM_CONTROLLER)).toThrow(
      "an envelope of kind 2 is not for a controller to send",
    );
  });
});

describe("a sentence", () => {
  test("that is too long arrives cut, and as text", () => {
    const long = "🦔".repeat(3_000);
    const refusal = { kind: "refusal" as const, stream: 1, correlation: 1, sentence: long };
    const [message = Uint8Array.of()] = writeMessages([refusal], FROM_CONTROLLER);
    const [read] = readFromController(message, FROM_CONTROLLER);
    expect(read).toMatchObject({ kind: "refusal" });
    expect(read?.kind === "refusal" && long.startsWith(read.sentence)).toBe(true);
  });
});

describe("a greeting", () => {
  const greeting = {
    cluster_id: "abcdefghijklmnopqrstuv",
    node_id: 3000,
    incarnation: "one",
    requests_max: 1,
    streams_max: 2,
    fetch_bytes_max: 3,
  };

  test("is read with what is known of it, and what a later build adds is passed over", () => {
    expect(controllerGreetingIn(JSON.stringify({ ...greeting, more: true }))).toEqual(greeting);
    const { fetch_bytes_max: _, ...earlier } = greeting;
    expect(controllerGreetingIn(JSON.stringify(earlier))).toEqual({
      ...greeting,
      fetch_bytes_max: null,
    });
    expect(gatewayGreetingIn(JSON.stringify({ incarnation: "one" }))).toEqual({
      incarnation: "one",
    });
  });

  test.each([
    "",
    "null",
    "[]",
    "{}",
    '{"incarnation": 1}',
    JSON.stringify({ ...greeting, node_id: -1 }),
  ])("is not %j", (text) => {
    expect(controllerGreetingIn(text)).toBeNull();
  });

  test("of a gateway is not an incarnation that is no text", () => {
    expect(gatewayGreetingIn('{"incarnation": 1}')).toBeNull();
  });
});
