/**
 * Bytes that nobody honest sends. Whatever comes, reading ends in a value or in a `DecodeError` that says where, and it
 * never allocates for a length that the bytes cannot bear.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ANONYMOUS,
  BrokerHeartbeat,
  BrokerRegistration,
  decodeMetadataRecord,
  decodePrincipal,
  decodeRecordBatch,
  decodeRequestFrame,
  decodeResponseFrame,
  decodeSnapshot,
  apiByKey,
  CreateTopics,
  crc32c,
  DecodeError,
  DelegationTokenRecord,
  encodeControlBatch,
  encodeDataBatch,
  encodeMetadataRecord,
  encodePrincipal,
  Fetch,
  PartitionRecord,
  Reader,
  recordBatches,
  TopicRecord,
  Writer,
} from "../../src/protocol/index.ts";
import { exchanges, fromHex, type Exchange } from "./fixtures.ts";

/** One exchange of each API and version, of the newest Kafka that spoke it. */
const representatives: readonly Exchange[] = [
  ...new Map(
    exchanges.map((exchange) => [`${exchange.api_key} ${exchange.api_version}`, exchange]),
  ).values(),
];

/** Reading ends in a value or in a `DecodeError` with a place; anything else is a fault of ours. */
function outcome(read: () => unknown): DecodeError | null {
  try {
    read();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    if (!(error instanceof DecodeError)) throw error;
    expect(error.api).not.toBe("");
    expect(error.at).toBeGreaterThanOrEqual(0);
    return error;
  }
}

describe.each(
  representatives.map((exchange) => ({
    name: `${exchange.api_key} v${exchange.api_version}`,
    exchange,
  })),
)("API $name, as a real client and a real server said it", ({ exchange }) => {
  const request = fromHex(exchange.request);
  const response = fromHex(exchange.response);
  const api = apiByKey(exchange.api_key);
  if (api === undefined) throw new Error("an API that is not spoken");
  const readResponse = (bytes: Uint8Array): unknown =>
    decodeResponseFrame(api, exchange.api_version, bytes);

  test("is refused when cut off, wherever", () => {
    for (let size = 0; size < request.length; size++) {
      expect(outcome(() => decodeRequestFrame(request.subarray(0, size)))).not.toBeNull();
    }
    for (let size = 0; size < response.length; size++) {
      expect(outcome(() => readResponse(response.subarray(0, size)))).not.toBeNull();
    }
  });

  test("is refused with one byte too many", () => {
    expect(outcome(() => decodeRequestFrame(Uint8Array.of(...request, 0)))).not.toBeNull();
    expect(outcome(() => readResponse(Uint8Array.of(...response, 0)))).not.toBeNull();
  });

  test("is read or refused with any byte changed", () => {
    for (const change of [0xff, 0x80, 0x01]) {
      for (let at = 8; at < request.length; at++)
        outcome(() => decodeRequestFrame(flipped(request, at, change)));
      for (let at = 4; at < response.length; at++)
        outcome(() => readResponse(flipped(response, at, change)));
    }
  });
});

function flipped(bytes: Uint8Array, at: number, change: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ change;
  return copy;
}

test("noise is read or refused", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(...representatives),
      (noise, exchange) => {
        const head = fromHex(exchange.request).subarray(0, 8);
        outcome(() => decodeRequestFrame(Uint8Array.from(Buffer.concat([head, noise]))));
        outcome(() => decodeMetadataRecord(noise));
        outcome(() => decodeMetadataRecord(Uint8Array.of(1, ...noise)));
        outcome(() => decodeRecordBatch(noise));
        outcome(() => decodePrincipal(noise));
        outcome(() => decodeSnapshot(noise));
      },
    ),
    { numRuns: 2000, seed: 595 },
  );
});

describe("a length that cannot be true", () => {
  const codec = CreateTopics.request;

  test.each([
    ["an array of 2^31 - 1", 2, "7fffffff"],
    ["a compact array of 2^31 - 1", 7, "8080808008"],
    ["a compact array of 2^32 - 1", 7, "ffffffff0f"],
    ["a varint of six bytes", 7, "808080808001"],
    ["a varint beyond 32 bits", 7, "ffffffff1f"],
    ["a null array that may not be null", 7, "00"],
    ["a length of -2", 2, "fffffffe"],
  ])("of %s is refused before anything is allocated", (_, version, hex) => {
    const error = outcome(() => codec.at(version).decode(fromHex(`${hex}00000000`)));
    expect(error).toMatchObject({ api: "CreateTopicsRequest", version, path: "topics", at: 0 });
  });

  test("of a string is refused before anything is allocated", () => {
    const long = outcome(() => codec.at(2).decode(fromHex("000000017fff" + "00".repeat(40))));
    expect(long).toMatchObject({ path: "topics[0].name", at: 6 });
  });

  test("of many elements that take a byte each is bounded by the bytes there are", () => {
    // Fetch v12: each forgotten partition takes four bytes, so 100 of them are not in 399.
    const body = Fetch.request.fill({ forgottenTopicsData: [{ topic: "t", partitions: [] }] });
    const bytes = Fetch.request.at(12).encode(body);
    const at = bytes.length - 4;
    const hostile = Uint8Array.from([...bytes.subarray(0, at), 101, ...new Uint8Array(396)]);
    expect(outcome(() => Fetch.request.at(12).decode(hostile))).toMatchObject({
      path: "forgottenTopicsData[0].partitions",
    });
  });
});

describe("the tagged section", () => {
  const head = `00000001${"00".repeat(16)}0000`;
  const read = (tags: string): unknown =>
    BrokerHeartbeat.request.at(2).decode(fromHex(head + tags));
  const filled = { ...BrokerHeartbeat.request.fill({ brokerId: 1, brokerEpoch: 0 }) };

  test("may hold tags that nobody knows yet: they are skipped", () => {
    expect(read("02 0b03aabbcc 630100")).toEqual(filled);
    expect(read("02 000101 630100")).toEqual(filled);
  });

  test.each([
    ["twice the same tag", "02 000101 000101"],
    ["tags out of order", "02 630100 000101"],
    ["a tag that is longer than its value", "01 00020100"],
    ["a tag that is shorter than its value", "01 00010200"],
    ["a tag that is longer than the frame", "01 630900"],
    ["more tags than there are", "02 630100"],
    ["a value that says null where null may not be", "01 000100"],
  ])("with %s is refused", (_, tags) => {
    expect(outcome(() => read(tags))).not.toBeNull();
  });

  test("names the tag that is at fault", () => {
    expect(outcome(() => read("01 00020100"))).toMatchObject({ path: "offlineLogDirs" });
  });
});

describe("a value on the wire", () => {
  test("that is no UTF-8 is refused, with its path", () => {
    const good = CreateTopics.request
      .at(7)
      .encode(CreateTopics.request.fill({ topics: [{ name: "ab" }] }));
    const bad = Uint8Array.from(good);
    bad[2] = 0xc0;
    expect(outcome(() => CreateTopics.request.at(7).decode(bad))).toMatchObject({
      path: "topics[0].name",
      at: 2,
    });
  });

  test("that is a string of more than 32767 bytes is refused, even where its length could say it", () => {
    const name = "a".repeat(0x7fff);
    const good = CreateTopics.request
      .at(7)
      .encode(CreateTopics.request.fill({ topics: [{ name }] }));
    expect(CreateTopics.request.at(7).decode(good).topics[0]?.name).toBe(name);
    // One more letter, and the length that says so: 0x8000 + 1 as a varint.
    const long = Uint8Array.from([2, 0x81, 0x80, 0x02, 0x61, ...good.subarray(4)]);
    expect(outcome(() => CreateTopics.request.at(7).decode(long))).toMatchObject({
      path: "topics[0].name",
      at: 1,
    });
  });

  test("that is a long string of no UTF-8 is refused too", () => {
    const name = "a".repeat(100);
    const good = CreateTopics.request
      .at(7)
      .encode(CreateTopics.request.fill({ topics: [{ name }] }));
    const bad = Uint8Array.from(good);
    bad[60] = 0xff;
    expect(outcome(() => CreateTopics.request.at(7).decode(bad))).toMatchObject({
      path: "topics[0].name",
    });
  });

  test("that is an epoch beyond 2^53 - 1 is refused, with its path", () => {
    const bytes = BrokerHeartbeat.request.at(0).encode(BrokerHeartbeat.request.fill({}));
    bytes.set(fromHex("7fffffffffffffff"), 4);
    expect(outcome(() => BrokerHeartbeat.request.at(0).decode(bytes))).toMatchObject({
      path: "brokerEpoch",
      at: 4,
    });
  });

  test("that is not zero is true, as Java reads it", () => {
    const bytes = BrokerHeartbeat.request.at(0).encode(BrokerHeartbeat.request.fill({}));
    bytes[20] = 2;
    expect(BrokerHeartbeat.request.at(0).decode(bytes).wantFence).toBe(true);
  });
});

describe("a metadata record", () => {
  test.each([
    ["7fffffffffffffff", Number.MAX_SAFE_INTEGER],
    ["0020000000000000", Number.MAX_SAFE_INTEGER],
    ["001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["001ffffffffffffe", Number.MAX_SAFE_INTEGER - 1],
    ["8000000000000000", Number.MIN_SAFE_INTEGER],
    ["ffffffffffffffff", -1],
  ])("of a token with the time %s is read, as %i: a cluster's own settings make it", (hex, ms) => {
    const marks = { issueTimestamp: 1, maxTimestamp: 0x0102_0304_0506, expirationTimestamp: 2 };
    const token = { owner: "User:a", requester: "User:a", renewers: [], tokenId: "t", ...marks };
    const written = encodeMetadataRecord(DelegationTokenRecord.of(0, token));
    const at = Buffer.from(written).indexOf(Buffer.from("0000010203040506", "hex"));
    written.set(fromHex(hex), at);
    const { data } = decodeMetadataRecord(written);
    expect(data).toEqual({ ...token, maxTimestamp: ms });
  });

  const bytes = encodeMetadataRecord(
    PartitionRecord.of(2, { replicas: [1, 2], eligibleLeaderReplicas: [3] }),
  );

  test.each([
    ["frame version 0", [0, 2, 0], "frame"],
    ["frame version 2", [2, 2, 0], "frame"],
    ["an unknown kind", [1, 6, 0], "frame"],
    ["an unknown version", [1, 2, 1], "frame"],
    ["nothing at all", [], "frame"],
  ])("with %s is refused", (_, head, path) => {
    expect(outcome(() => decodeMetadataRecord(Uint8Array.from(head)))).toMatchObject({ path });
  });

  test("is refused when cut off or followed by anything", () => {
    for (let size = 0; size < bytes.length; size++) {
      expect(outcome(() => decodeMetadataRecord(bytes.subarray(0, size)))).not.toBeNull();
    }
    expect(outcome(() => decodeMetadataRecord(Uint8Array.of(...bytes, 0)))).not.toBeNull();
  });

  test("of a version that does not exist is not written", () => {
    expect(() => encodeMetadataRecord(TopicRecord.of(1, { name: "t" }))).toThrow(
      expect.objectContaining({ name: "EncodeError", api: "TopicRecord", version: 1 }),
    );
  });
});

describe("a batch", () => {
  const position = { baseOffset: 5, leaderEpoch: 2, timestampMs: 1_700_000_000_000 };
  const good = encodeDataBatch(position, [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);

  /** The batch with bytes replaced and the checksum made good, so that only the fault in question is left. */
  function forged(at: number, hex: string, from: Uint8Array = good): Uint8Array {
    const copy = Uint8Array.from(from);
    copy.set(fromHex(hex), at);
    new DataView(copy.buffer).setUint32(17, crc32c(copy, 21));
    return copy;
  }

  test("is refused with any byte changed that its checksum covers", () => {
    for (let at = 12; at < good.length; at++) {
      if (at >= 12 && at < 16) continue;
      expect(outcome(() => decodeRecordBatch(flipped(good, at, 0x40)))).not.toBeNull();
    }
  });

  test("is refused when cut off, or followed by anything", () => {
    for (let size = 0; size < good.length; size++) {
      expect(outcome(() => decodeRecordBatch(good.subarray(0, size)))).not.toBeNull();
      if (size > 0)
        expect(outcome(() => [...recordBatches(good.subarray(0, size))])).not.toBeNull();
    }
    expect(outcome(() => decodeRecordBatch(Uint8Array.of(...good, 0)))).not.toBeNull();
    expect(outcome(() => [...recordBatches(Uint8Array.of(...good, 0))])).not.toBeNull();
  });

  test.each([
    ["another magic", 16, "01", "magic"],
    ["compression", 21, "0001", "attributes"],
    ["log append time", 21, "0008", "attributes"],
    ["a transaction", 21, "0010", "attributes"],
    ["a last offset that does not fit its count", 23, "00000002", "lastOffsetDelta"],
    ["two timestamps", 35, "0000000000000001", "maxTimestamp"],
    ["a producer", 43, "0000000000000001", "producerId"],
    ["a producer epoch", 51, "0000", "producerEpoch"],
    ["a sequence", 53, "00000000", "baseSequence"],
    ["a count of none", 57, "00000000", "lastOffsetDelta"],
    ["a negative base offset", 0, "ffffffffffffffff", ""],
    ["a record with attributes", 62, "01", "records[0].attributes"],
    ["a record with a time of its own", 63, "02", "records[0].timestampDelta"],
    ["a record out of its place", 64, "02", "records[0].offsetDelta"],
    ["a record that is longer than it is", 61, "14", "records[0]"],
    ["a record that is shorter than it is", 61, "10", "records[0]"],
    ["a record with an empty value", 66, "00", "records[0]"],
    ["a record with a negative value", 66, "01", "records[0]"],
    ["a record with headers", 70, "02", "records[0].headers"],
    ["a key in data", 65, "00", "records[0]"],
    ["a control mark on data", 21, "0020", "records[0]"],
  ])("with %s is refused", (_, at, hex, path) => {
    expect(outcome(() => decodeRecordBatch(forged(at, hex)))).toMatchObject({
      api: "RecordBatch",
      path,
    });
  });

  test("with a count that its bytes cannot bear is refused before anything is allocated", () => {
    const copy = Uint8Array.from(good);
    copy.set(fromHex("7ffffffe"), 23);
    expect(outcome(() => decodeRecordBatch(forged(57, "7fffffff", copy)))).toMatchObject({
      path: "",
      at: 61,
    });
  });

  test("that ends before its header does is refused, though its checksum of nothing be right", () => {
    const copy = Uint8Array.from(good);
    copy.set(fromHex("00000009"), 8);
    copy.set(fromHex("00000000"), 17);
    expect(outcome(() => [...recordBatches(copy)])).toMatchObject({ path: "", at: 8 });
  });

  test("with a length below its header is refused", () => {
    expect(outcome(() => decodeRecordBatch(forged(8, "00000000")))).not.toBeNull();
    expect(outcome(() => decodeRecordBatch(forged(8, "ffffffff")))).not.toBeNull();
    expect(outcome(() => [...recordBatches(forged(8, "80000000"), "ignore")])).not.toBeNull();
  });

  test("that does not follow the one before it is refused", () => {
    const row = Uint8Array.from(Buffer.concat([good, good]));
    expect(outcome(() => [...recordBatches(row)])).toMatchObject({
      path: "baseOffset",
      at: good.length,
    });
  });

  test.each([
    ["an ABORT marker", "00000000"],
    ["an unknown type", "00000007"],
    ["an unknown version", "00010002"],
  ])("of control records with %s is refused", (_, key) => {
    const bytes = encodeControlBatch(position, [{ type: "SNAPSHOT_FOOTER", data: { version: 0 } }]);
    const error = outcome(() => decodeRecordBatch(forged(66, key, bytes)));
    expect(error).toMatchObject({ path: "records[0].key" });
  });
});

test("a principal of another version is refused", () => {
  const bytes = encodePrincipal(ANONYMOUS);
  expect(outcome(() => decodePrincipal(bytes))).toBeNull();
  bytes[1] = 1;
  expect(outcome(() => decodePrincipal(bytes))).toMatchObject({ path: "version" });
});

describe("a reader", () => {
  test.each([
    ["a varint beyond 32 bits", "ffffffff1f", (reader: Reader): unknown => reader.uvarint()],
    ["a varint of six bytes", "808080808001", (reader: Reader): unknown => reader.uvarint()],
    ["a length beyond 2^31 - 1", "8180808008", (reader: Reader): unknown => reader.compactLength()],
    ["a negative length", "00000000", (reader: Reader): unknown => reader.take(-1)],
    ["a fence of negative length", "00000000", (reader: Reader): unknown => reader.fence(-1)],
  ])("refuses %s", (_, hex, read) => {
    expect(outcome(() => read(new Reader(fromHex(hex))))).toMatchObject({ at: expect.any(Number) });
  });

  test("refuses to go beyond a fence", () => {
    const reader = new Reader(new Uint8Array(8));
    reader.fence(3);
    expect(outcome(() => reader.int32())).toMatchObject({ at: 0 });
  });

  test("refuses to leave a fence with something unread inside", () => {
    const reader = new Reader(new Uint8Array(8));
    const outer = reader.fence(3);
    reader.int8();
    expect(outcome(() => reader.unfence(outer))).toMatchObject({ at: 1 });
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 21 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1])(
    "reads the varint %i that a writer wrote",
    (value) => {
      const writer = new Writer(1);
      writer.uvarint(value);
      expect(new Reader(writer.bytes()).uvarint()).toBe(value);
    },
  );

  test.each([0, -1, 1, 63, -64, 64, -(2 ** 31), 2 ** 31 - 1])(
    "reads the signed varint %i",
    (value) => {
      const writer = new Writer(1);
      writer.varint(value);
      expect(new Reader(writer.bytes()).varint()).toBe(value);
    },
  );

  test.each([0, 1, 126, 127, 128, 129, 16_383, 16_384, 20_000])(
    "finds a stretch of %i bytes whole behind its size",
    (size) => {
      const writer = new Writer(1);
      writer.int8(7);
      const start = writer.begin();
      writer.raw(new Uint8Array(size).fill(5));
      writer.end(start);
      writer.int8(9);
      const reader = new Reader(writer.bytes());
      expect(reader.int8()).toBe(7);
      expect(reader.take(reader.uvarint())).toEqual(new Uint8Array(size).fill(5));
      expect(reader.int8()).toBe(9);
      reader.expectEnd();
    },
  );
});

test("a registration with a length byte changed anywhere names its path", () => {
  const value = BrokerRegistration.request.fill({
    clusterId: "c",
    listeners: [{ name: "L", host: "h", port: 1 }],
    features: [{ name: "f" }],
    rack: null,
  });
  const bytes = BrokerRegistration.request.at(4).encode(value);
  const paths = new Set<string>();
  for (let at = 0; at < bytes.length; at++) {
    const error = outcome(() => BrokerRegistration.request.at(4).decode(flipped(bytes, at, 0x7f)));
    if (error !== null) paths.add(error.path);
  }
  expect([...paths]).toEqual(
    expect.arrayContaining(["clusterId", "listeners", "listeners[0].host", "features[0].name"]),
  );
});
