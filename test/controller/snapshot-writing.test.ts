/**
 * A snapshot is written from an image in slices and read back in chunks: the same records come out, and neither way of
 * cutting shows in the bytes.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { snapshotVoters } from "../../durable-objects/replica/entries.ts";
import { StoredRecords } from "../../durable-objects/snapshots/stored-records.ts";
import { imageToRecords } from "../../src/metadata/index.ts";
import {
  ConfigRecord,
  decodeSnapshot,
  FeatureLevelRecord,
  recordBatches,
  RegisterBrokerRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { recordStream, uuidOf } from "../metadata/record-streams.ts";
import { checkpointOf, imageOf, VOTERS } from "./snapshot-parts.ts";

/** Reads a checkpoint back in chunks of `chunkBytes`, `recordsMax` records at a time. */
function readBack(
  bytes: Uint8Array,
  { chunkBytes = 1_048_576, recordsMax = 2_000, size = bytes.length } = {},
): readonly MetadataRecord[] {
  const records = new StoredRecords(size);
  const found: MetadataRecord[] = [];
  while (!records.isAtEnd) {
    const at = records.wanted;
    if (at !== null) records.feed(bytes.subarray(at, at + chunkBytes));
    found.push(...records.take(recordsMax));
  }
  return found;
}

/** Configs of so many topics, each with a value of so many characters. */
const configs = (count: number, length: number): readonly MetadataRecord[] =>
  Array.from({ length: count }, (_, at) =>
    ConfigRecord.of(0, {
      resourceType: 2,
      resourceName: `t${at}`,
      name: "a",
      value: "x".repeat(length),
    }),
  );

const small = fc.integer({ min: 1, max: 50 });

describe("a snapshot of an image", () => {
  test("gives back its records, however it is written and read", () => {
    fc.assert(
      fc.property(recordStream(25), small, small, (log, recordsMax, chunkBytes) => {
        const image = imageOf(log);
        const { bytes, stored } = checkpointOf(image, { recordsMax });
        expect(Buffer.from(bytes).equals(checkpointOf(image).bytes)).toBe(true);
        expect(readBack(bytes, { chunkBytes, recordsMax })).toEqual([...imageToRecords(image)]);
        expect(stored).toEqual({
          endOffset: 100,
          epoch: 3,
          size: bytes.length,
          timestampMs: 1_700_000_000_000,
        });
      }),
      { numRuns: 50 },
    );
  });

  test("names the voters, and has no time but that of its last record", () => {
    const { bytes } = checkpointOf(imageOf(configs(3, 1)));
    const { frame } = decodeSnapshot(bytes);
    expect(snapshotVoters(frame)).toEqual(VOTERS);
    expect(frame).toMatchObject({
      epoch: 3,
      lastContainedLogTimestampMs: 1_700_000_000_000,
      voters: { version: { kRaftVersion: 1 } },
    });
    expect(new Set([...recordBatches(bytes)].map(({ timestampMs }) => timestampMs))).toEqual(
      new Set([1_700_000_000_000]),
    );
  });

  test("fills batches up to a mebibyte, and a record that is larger has one of its own", () => {
    const broker = RegisterBrokerRecord.of(3, {
      brokerId: 1,
      incarnationId: uuidOf(1),
      brokerEpoch: 7,
      endPoints: [],
      features: [],
      rack: null,
      logDirs: Array.from({ length: 70_000 }, (_, at) => uuidOf(at)),
    });
    const level = FeatureLevelRecord.of(0, { name: "metadata.version", featureLevel: 25 });
    const { bytes } = checkpointOf(imageOf([level, broker, ...configs(300, 10_000)]));
    const sizes = [...recordBatches(bytes)].slice(1, -1).map(({ size }) => size);
    expect(sizes.filter((size) => size > 1_048_576)).toHaveLength(1);
    expect(sizes.filter((size) => size > 900_000 && size <= 1_048_576).length).toBeGreaterThan(1);
  });
});

describe("a stored snapshot that is not sound", () => {
  const { bytes } = checkpointOf(imageOf(configs(20, 100)));

  test("is found out where a chunk has changed", () => {
    const records = new StoredRecords(bytes.length);
    records.feed(bytes.subarray(0, 100));
    expect(() => records.feed(null)).toThrow("a chunk has changed since it was stored (byte 100)");
  });

  test.each([
    ["shorter", bytes.length - 1],
    ["longer", bytes.length + 1],
    ["empty", 0],
  ])("is found out where it should be %s", (_, size) => {
    expect(() => readBack(bytes, { size, chunkBytes: 64 })).toThrow(
      expect.objectContaining({ name: "DecodeError" }),
    );
  });

  test("never says that it is at its end before its footer is there", () => {
    const records = new StoredRecords(bytes.length);
    records.feed(bytes.subarray(0, -1));
    records.take(1_000);
    expect(records.isAtEnd).toBe(false);
    records.feed(bytes.subarray(-1));
    expect(records.isAtEnd).toBe(true);
  });
});
