/**
 * What is written is what is read: every message, at every version, with any value that the version can say, in bytes
 * and in JSON; and batches, snapshots and control records around them.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  apis,
  BATCH_BYTES_MAX,
  BATCH_HEADER_BYTES,
  BrokerHeartbeat,
  BrokerRegistration,
  CreateTopics,
  dataRecordBytes,
  decodeMetadataRecord,
  decodeRecordBatch,
  decodeRequestFrame,
  decodeResponseFrame,
  decodeSnapshot,
  DescribeCluster,
  encodeDataBatch,
  encodeMetadataRecord,
  encodeMetadataRecords,
  EncodeError,
  Fetch,
  fromJson,
  metadataRecordSize,
  PartitionChangeRecord,
  peekRecordBatch,
  peekRequest,
  recordBatches,
  recordSchemas,
  requestFrame,
  responseFrame,
  snapshotEncoder,
  toJson,
  TopicRecord,
  UNASSIGNED_DIRECTORY,
  versionsOf,
  ZERO_UUID,
  type AnyMessage,
  type Api,
  type Encodable,
  type Fields,
} from "../../src/protocol/index.ts";
import { FRAMED_VOTERS } from "./framed-voters.ts";
import { anyValue, messages, messageVersions } from "./any-value.ts";

const RUNS = { numRuns: 25, seed: 20_26 };

describe.each(messageVersions)("$name", ({ message, version }) => {
  test("reads what it has written", () => {
    const codec = message.at(version);
    fc.assert(
      fc.property(anyValue(message.fields, version), (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value);
      }),
      RUNS,
    );
  });

  test("knows its size without writing", () => {
    const codec = message.at(version);
    fc.assert(
      fc.property(anyValue(message.fields, version), (value) => {
        expect(codec.size(value)).toBe(codec.encode(value).byteLength);
      }),
      RUNS,
    );
  });

  test("says the same in JSON", () => {
    fc.assert(
      fc.property(anyValue(message.fields, version), (value) => {
        const json = JSON.parse(JSON.stringify(toJson(message, version, value)));
        expect(message.at(version).encode(fromJson(message, version, json))).toEqual(
          message.at(version).encode(value),
        );
      }),
      RUNS,
    );
  });

  test("takes a filled nothing for a value, unless null is due", () => {
    const codec = message.at(version);
    const nothing: Encodable<Fields> = message.fill({});
    expect(codec.decode(codec.encode(nothing))).toEqual(nothing);
  });
});

test("every message has a codec of its own at each version, built once", () => {
  for (const message of messages) {
    for (const { version } of messageVersions.filter((row) => row.message === message)) {
      expect(message.at(version)).toBe(message.at(version));
    }
  }
});

describe("a value", () => {
  test("that a version has no field for is refused, with its path", () => {
    const value = BrokerHeartbeat.request.fill({ cordonedLogDirs: [ZERO_UUID] });
    const refusal = new EncodeError("version 1 has no such field, and it may not be dropped", {
      api: "BrokerHeartbeatRequest",
      version: 1,
      path: "cordonedLogDirs",
    });
    expect(() => BrokerHeartbeat.request.at(1).encode(value)).toThrow(refusal);
    expect(() => toJson(BrokerHeartbeat.request, 1, value)).toThrow(EncodeError);
  });

  test("that a version has no field for is dropped where the schema lets it", () => {
    const value = BrokerRegistration.request.fill({ previousBrokerEpoch: 7 });
    const codec = BrokerRegistration.request.at(2);
    expect(codec.decode(codec.encode(value)).previousBrokerEpoch).toBe(-1);
    expect(toJson(BrokerRegistration.request, 2, value)).not.toHaveProperty("previousBrokerEpoch");
  });

  test("at its default takes no bytes among the tags", () => {
    const silent = PartitionChangeRecord.fill({ partitionId: 1, topicId: ZERO_UUID });
    expect(PartitionChangeRecord.at(2).encode(silent).length).toBe(4 + 16 + 1);
    expect(PartitionChangeRecord.at(2).encode({ ...silent, leader: 3 }).length).toBe(
      4 + 16 + 1 + 6,
    );
  });

  test("may be an empty array where the default is null, and the two stay apart", () => {
    const codec = PartitionChangeRecord.at(2);
    const emptied = PartitionChangeRecord.fill({ isr: [], removingReplicas: [] });
    expect(codec.decode(codec.encode(emptied))).toEqual(emptied);
    expect(PartitionChangeRecord.fill({}).isr).toBeNull();
  });

  test("may be null where the default is not", () => {
    const codec = BrokerRegistration.request.at(4);
    const nowhere = BrokerRegistration.request.fill({ rack: null });
    expect(codec.decode(codec.encode(nowhere)).rack).toBeNull();
    expect(BrokerRegistration.request.fill({}).rack).toBe("");
  });

  test.each([
    ["a number out of range", { brokerId: 2 ** 31 }, "brokerId"],
    ["a fraction", { brokerId: 0.5 }, "brokerId"],
    ["not a number", { brokerId: Number.NaN }, "brokerId"],
    ["an epoch beyond 2^53 - 1", { brokerEpoch: 2 ** 53 }, "brokerEpoch"],
    ["no uuid", { offlineLogDirs: [ZERO_UUID, "AAAAAAAAAAAAAAAAAAAAAB"] }, "offlineLogDirs[1]"],
    ["a short uuid", { offlineLogDirs: ["AAAA"] }, "offlineLogDirs[0]"],
  ])("that is %s is refused, with its path", (_, parts, path) => {
    const message: AnyMessage = BrokerHeartbeat.request;
    const value = { ...message.fill({}), ...parts };
    const write = (): unknown => message.at(2).encode(value);
    expect(write).toThrow(expect.objectContaining({ name: "EncodeError", path }));
  });

  test.each([
    ["a lone surrogate", "\uD800"],
    ["a string of more than 32767 bytes", "x".repeat(32_768)],
  ])("with %s is refused", (_, name) => {
    const value = CreateTopics.request.fill({ topics: [{}, { name }] });
    for (const version of [2, 7]) {
      expect(() => CreateTopics.request.at(version).encode(value)).toThrow(
        expect.objectContaining({ name: "EncodeError", path: "topics[1].name" }),
      );
    }
  });

  test("is filled through structs and arrays", () => {
    const filled = Fetch.request.fill({ topics: [{ partitions: [{ fetchOffset: 9 }] }] });
    expect(filled.topics[0]?.partitions[0]).toEqual({
      partition: 0,
      currentLeaderEpoch: -1,
      fetchOffset: 9,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: 0,
      replicaDirectoryId: ZERO_UUID,
      highWatermark: 2n ** 63n - 1n,
      maySleep: false,
    });
    expect(filled.replicaState).toEqual({ replicaId: -1, replicaEpoch: -1 });
    expect(filled.topics[0]?.topicId).toBe(ZERO_UUID);
  });
});

describe("a frame", () => {
  const header = { correlationId: -7, clientId: "a client" };

  test.each(Object.values(apis).map((api: Api) => [api.name, api] as const))(
    "of %s carries its request and its response at every version",
    (_, api) => {
      for (const { version: apiVersion } of messageVersions.filter(
        (row) => row.message === api.request,
      )) {
        const body = api.request.fill({});
        const frame = requestFrame(api, { ...header, apiVersion }, body);
        const prefix = { apiKey: api.key, apiVersion, correlationId: -7 };
        expect(peekRequest(frame)).toEqual(prefix);
        expect(decodeRequestFrame(frame)).toEqual({
          name: api.name,
          ...prefix,
          clientId: "a client",
          body,
        });
        const answer = responseFrame(api, { ...header, apiVersion }, api.response.fill({}));
        expect(decodeResponseFrame(api, apiVersion, answer)).toEqual({
          correlationId: -7,
          body: api.response.fill({}),
        });
      }
    },
  );

  test("may come without a client id", () => {
    const frame = requestFrame(
      DescribeCluster,
      { apiVersion: 1, correlationId: 1, clientId: null },
      {
        includeClusterAuthorizedOperations: false,
      },
    );
    expect(decodeRequestFrame(frame)).toMatchObject({ name: "DescribeCluster", clientId: null });
  });

  test.each([
    ["an API that is not spoken", "000300090000002a"],
    ["a version that is not spoken", "001200090000002a0"],
  ])("of %s tells its prefix and no more", (_, hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex.padEnd(40, "0"), "hex"));
    expect(decodeRequestFrame(bytes)).toEqual({ name: null, ...peekRequest(bytes) });
  });
});

const sizeOf = (given: readonly Uint8Array[]): number =>
  given.reduce((sum, { length }, at) => sum + dataRecordBytes(length, at), BATCH_HEADER_BYTES);

describe("a batch", () => {
  const position = { baseOffset: 2 ** 40, leaderEpoch: 3, timestampMs: 1_700_000_000_123 };
  const values = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), {
    minLength: 1,
    maxLength: 200,
  });

  test("gives back the values it was given", () => {
    fc.assert(
      fc.property(values, (given) => {
        const batch = decodeRecordBatch(encodeDataBatch(position, given));
        expect(batch).toMatchObject({ ...position, count: given.length, isControl: false });
        expect(batch.lastOffset).toBe(position.baseOffset + given.length - 1);
        expect(batch.isControl ? [] : batch.values).toEqual(given);
      }),
      RUNS,
    );
  });

  test("is found again among others", () => {
    const row = [[1], [2, 3], [4, 5, 6]].map((bytes) => bytes.map((byte) => Uint8Array.of(byte)));
    let baseOffset = 10;
    const batches = row.map((given) => {
      const bytes = encodeDataBatch({ ...position, baseOffset }, given);
      baseOffset += given.length;
      return bytes;
    });
    const all = Uint8Array.from(Buffer.concat(batches));
    const found = [...recordBatches(all)];
    expect(found.map((batch) => [batch.baseOffset, batch.lastOffset])).toEqual([
      [10, 10],
      [11, 12],
      [13, 15],
    ]);
    expect(found.map(({ bytes }) => bytes)).toEqual(batches);
    expect([...recordBatches(all.subarray(0, -1), "ignore")].length).toBe(2);
    expect([...recordBatches(all.subarray(0, -70), "ignore")].length).toBe(2);
  });

  test("without a record, or with an empty value, is refused", () => {
    expect(() => encodeDataBatch(position, [])).toThrow(EncodeError);
    expect(() => encodeDataBatch(position, [Uint8Array.of(1), new Uint8Array()])).toThrow(
      expect.objectContaining({ name: "EncodeError", path: "records[1]" }),
    );
  });

  test("takes its header and what each record takes where it stands", () => {
    fc.assert(
      fc.property(values, (given) => {
        expect(encodeDataBatch(position, given).byteLength).toBe(sizeOf(given));
      }),
      RUNS,
    );
    // Where offset and length take one byte more: at 64, 8,192 and 1,048,576.
    for (const length of [57, 58, 8_180, 8_181, 8_192, 1_048_570, 1_048_576]) {
      const given = [new Uint8Array(length)];
      expect(encodeDataBatch(position, given).byteLength).toBe(sizeOf(given));
    }
    const many = Array.from({ length: 9_000 }, () => Uint8Array.of(1));
    expect(encodeDataBatch(position, many).byteLength).toBe(sizeOf(many));
  });

  test("of 8 MiB is written, and one byte more is refused", () => {
    const room = BATCH_BYTES_MAX - BATCH_HEADER_BYTES;
    const length = room - (dataRecordBytes(room, 0) - room);
    const batch = encodeDataBatch(position, [new Uint8Array(length)]);
    expect(batch.byteLength).toBe(BATCH_BYTES_MAX);
    expect(decodeRecordBatch(batch)).toMatchObject({ count: 1, size: BATCH_BYTES_MAX });
    expect(() => encodeDataBatch(position, [new Uint8Array(length + 1)])).toThrow(
      new EncodeError(`a batch of ${BATCH_BYTES_MAX + 1} bytes; the limit is ${BATCH_BYTES_MAX}`, {
        api: "RecordBatch",
      }),
    );
  });

  test("of more than 8 MiB is not read, wherever it comes from", () => {
    const bytes = new Uint8Array(BATCH_BYTES_MAX + 1);
    new DataView(bytes.buffer).setInt32(8, bytes.length - 12);
    const refused = `a batch of ${bytes.length} bytes; the limit is ${BATCH_BYTES_MAX}`;
    expect(() => peekRecordBatch(bytes)).toThrow(refused);
    expect(() => [...recordBatches(bytes)]).toThrow(refused);
    expect(() => [...recordBatches(bytes, "ignore")]).toThrow(refused);
  });
});

const record = (name: string): Uint8Array =>
  encodeMetadataRecord(TopicRecord.of(0, { name, topicId: UNASSIGNED_DIRECTORY }));

describe("metadata records", () => {
  const records = Object.values(recordSchemas).flatMap((schema) =>
    versionsOf(schema.valid).map((version) => schema.of(version, {})),
  );

  test("are the same bytes together as one by one, and of the size that was told", () => {
    const together = encodeMetadataRecords(records, 1_000_000) ?? [];
    expect(together).toEqual(records.map(encodeMetadataRecord));
    expect(together.map(({ byteLength }) => byteLength)).toEqual(records.map(metadataRecordSize));
  });

  test("that are too large together are none", () => {
    const size = records.reduce((sum, one) => sum + metadataRecordSize(one), 0);
    expect(encodeMetadataRecords(records, size)).toHaveLength(records.length);
    expect(encodeMetadataRecords(records, size - 1)).toBeNull();
  });
});

describe("a snapshot", () => {
  const frame = {
    epoch: 4,
    lastContainedLogTimestampMs: 1_700_000_000_000,
    timestampMs: 1_700_000_000_500,
    voters: FRAMED_VOTERS,
  };

  test.each([
    ["with voters", frame],
    ["without voters, as at kraft.version 0", { ...frame, voters: null }],
  ])("%s gives back what was put into it", (_, given) => {
    const encoder = snapshotEncoder(given);
    const pieces = [
      encoder.header(),
      encoder.data([record("a"), record("b")]),
      encoder.data([record("c")]),
      encoder.footer(),
    ];
    const bytes = Uint8Array.from(Buffer.concat(pieces));
    const snapshot = decodeSnapshot(bytes);
    expect(snapshot.frame).toEqual(given);
    expect(snapshot.values.map(decodeMetadataRecord)).toMatchObject([
      { type: "TOPIC_RECORD", data: { name: "a" } },
      { type: "TOPIC_RECORD", data: { name: "b" } },
      { type: "TOPIC_RECORD", data: { name: "c" } },
    ]);
    const offsets = [...recordBatches(bytes)].map(({ baseOffset, leaderEpoch }) => [
      baseOffset,
      leaderEpoch,
    ]);
    const first = given.voters === null ? 1 : 3;
    expect(offsets).toEqual([
      [0, 4],
      [first, 4],
      [first + 2, 4],
      [first + 3, 4],
    ]);
  });

  test.each([
    ["nothing", (): Uint8Array[] => []],
    ["a header alone", (): Uint8Array[] => [snapshotEncoder(frame).header()]],
    [
      "data without a header",
      (): Uint8Array[] => {
        const encoder = snapshotEncoder(frame);
        return [encoder.data([record("a")]), encoder.footer()];
      },
    ],
    [
      "a header among the data",
      (): Uint8Array[] => {
        const encoder = snapshotEncoder(frame);
        return [encoder.header(), encoder.header(), encoder.footer()];
      },
    ],
  ])("of %s is refused", (_, pieces) => {
    expect(() => decodeSnapshot(Uint8Array.from(Buffer.concat(pieces())))).toThrow(
      expect.objectContaining({ name: "DecodeError" }),
    );
  });
});
