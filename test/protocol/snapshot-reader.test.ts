/**
 * A snapshot that arrives in pieces: how it is cut makes no difference, and nothing that is wrong with it goes unseen.
 */
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BATCH_BYTES_MAX,
  DecodeError,
  decodeMetadataRecord,
  decodeSnapshot,
  SnapshotReader,
  snapshotEncoder,
  type SnapshotFrame,
} from "../../src/protocol/index.ts";
import { FRAMED_VOTERS } from "./framed-voters.ts";

const frame: SnapshotFrame = {
  epoch: 7,
  lastContainedLogTimestampMs: 1_700_000_000_000,
  timestampMs: 1_700_000_000_000,
  voters: FRAMED_VOTERS,
};

/** A snapshot whose data is `batches`, lists of values. */
function snapshotOf(batches: readonly (readonly Uint8Array[])[], of = frame): Uint8Array {
  const encoder = snapshotEncoder(of);
  const pieces = [encoder.header(), ...batches.map((values) => encoder.data(values))];
  return Uint8Array.from(Buffer.concat([...pieces, encoder.footer()]));
}

const batchesOf = fc.array(
  fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }),
  { maxLength: 6 },
);

/** Reads pieces; answers what they held, or the fault that was found. */
function read(pieces: readonly Uint8Array[]): unknown {
  const reader = new SnapshotReader();
  try {
    const batches = pieces.flatMap((piece) => reader.push(piece).map(({ values }) => [...values]));
    return { frame: reader.end(), batches };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error;
  }
}

/** `bytes` in pieces: each cut is a fraction of what there is. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const places = cuts.map((cut) => Math.floor(cut * bytes.length)).toSorted((a, b) => a - b);
  return [0, ...places].map((from, at) =>
    // A copy of its own, which the reader must not need any more when the next one comes.
    Uint8Array.from(bytes.subarray(from, places[at] ?? bytes.length)),
  );
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe("a snapshot", () => {
  test("says the same however it is cut", () => {
    fc.assert(
      fc.property(batchesOf, fc.array(fraction, { maxLength: 12 }), (batches, cuts) => {
        expect(read(cutAt(snapshotOf(batches), cuts))).toEqual({ frame, batches });
      }),
      { seed: 630 },
    );
  });

  test("says the same byte by byte, and its batches come as soon as they are whole", () => {
    const bytes = snapshotOf([[Uint8Array.of(1)], [Uint8Array.of(2, 3)]]);
    const reader = new SnapshotReader();
    const found: [number, number][] = [];
    for (const [at, byte] of bytes.entries())
      for (const { baseOffset } of reader.push(Uint8Array.of(byte)))
        found.push([at + 1, baseOffset]);
    const header = snapshotEncoder(frame).header().length;
    const size = 61 + 7;
    expect(found).toEqual([
      [header + size + 1, 3],
      [header + size + 1 + size + 2, 4],
    ]);
    expect(reader.end()).toEqual(frame);
    expect(reader.position).toBe(bytes.length);
  });

  test("with any bit changed is refused, at a byte of the snapshot", () => {
    const bytes = snapshotOf([[Uint8Array.of(1), Uint8Array.of(2)], [Uint8Array.of(3)]]);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const error = read([flipped]);
      expect(error, `bit ${bit}`).toBeInstanceOf(DecodeError);
      expect(error).toMatchObject({ api: expect.stringMatching(/Snapshot|RecordBatch|Control/) });
      if (error instanceof DecodeError) expect(error.at).toBeLessThanOrEqual(bytes.length);
    }
  });

  test("that breaks off is refused, wherever it is cut", () => {
    const bytes = snapshotOf([[Uint8Array.of(1)]]);
    for (let size = 0; size < bytes.length; size += 1)
      expect(read([bytes.subarray(0, size)]), `${size} bytes`).toBeInstanceOf(DecodeError);
  });

  test("is refused with bytes after its footer, in the same piece or the next", () => {
    const bytes = snapshotOf([[Uint8Array.of(1)]]);
    const refused = { reason: "there are bytes after the footer", at: bytes.length };
    expect(read([Uint8Array.of(...bytes, 0)])).toMatchObject(refused);
    expect(read([bytes, Uint8Array.of(0)])).toMatchObject(refused);
    expect(read([bytes, new Uint8Array(0)])).toMatchObject({ frame });
  });

  test("whose batches are of several epochs, or leave offsets out, is refused", () => {
    const one = snapshotOf([[Uint8Array.of(1)]]);
    const other = snapshotOf([[Uint8Array.of(1)]], { ...frame, epoch: 8 });
    const header = snapshotEncoder(frame).header().length;
    const joined = Uint8Array.of(...one.subarray(0, header), ...other.subarray(header));
    const epochs = { reason: "a batch of epoch 8 in a snapshot of 7", at: header };
    expect(read([joined])).toMatchObject(epochs);
    const hole = Uint8Array.of(...one.subarray(0, header), ...one.subarray(header + 69));
    const offsets = { reason: "a batch begins at 4 and not at 3", at: header };
    expect(read([hole])).toMatchObject(offsets);
  });

  test("that says of a batch that it is larger than any is refused before its bytes come", () => {
    const bytes = snapshotOf([]);
    new DataView(bytes.buffer).setInt32(8, BATCH_BYTES_MAX);
    const refused = { reason: `a batch of ${BATCH_BYTES_MAX + 12} bytes`, at: 0 };
    expect(read([bytes.subarray(0, 12)])).toMatchObject(refused);
  });

  test("names no voters at kraft.version 0", () => {
    const given = { ...frame, voters: null };
    expect(decodeSnapshot(snapshotOf([], given)).frame).toEqual(given);
  });
});

describe.each(["4.0.2", "4.1.2", "4.3.1"])("a checkpoint of Kafka %s", (release) => {
  /** Read byte by byte: what it says of itself, and the types of its records. */
  const readBack = (name: string) => {
    const path = `test/fixtures/protocol/checkpoints/kafka-${release}-${name}.checkpoint`;
    const reader = new SnapshotReader();
    const batches = [...readFileSync(path)].flatMap((byte) => reader.push(Uint8Array.of(byte)));
    const records = batches.flatMap(({ values }) => values.map(decodeMetadataRecord));
    return { frame: reader.end(), types: new Set(records.map(({ type }) => type)) };
  };
  const voters = {
    version: { kRaftVersion: 1 },
    set: { voters: [{ voterId: 1, endpoints: [{ name: "CONTROLLER", port: 19_093 }] }] },
  };

  test("that its format tool wrote is read", () => {
    const { frame: bootstrap, types } = readBack("bootstrap");
    expect(bootstrap).toMatchObject({ epoch: 0, voters: null });
    expect(types).toEqual(new Set(["FEATURE_LEVEL_RECORD", "USER_SCRAM_CREDENTIAL_RECORD"]));
    expect(readBack("0-0")).toMatchObject({ frame: { epoch: 0, voters }, types: new Set() });
  });

  test("that its controller made of its log is read", () => {
    const { frame: made, types } = readBack("made");
    expect(made).toMatchObject({ epoch: 1, voters });
    expect(made.lastContainedLogTimestampMs).toBeGreaterThan(1_700_000_000_000);
    expect(types).toContain("REGISTER_CONTROLLER_RECORD");
  });
});
