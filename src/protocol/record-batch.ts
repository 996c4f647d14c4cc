/**
 * Record batches, version 2 (KIP-98), as KRaft uses them: data or control, never both; uncompressed; one timestamp
 * for the whole batch; no producer, no transaction, no headers. What KRaft's own reader would die of is refused here
 * when written and when read. What the records mean is not known here.
 *
 * The checksum covers everything from the attributes on, so base offset and leader epoch lie outside it.
 */
import { crc32c } from "./bytes/crc32c.ts";
import { DecodeError, EncodeError, inMessage, within } from "./bytes/errors.ts";
import { Reader } from "./bytes/reader.ts";
import { uvarintSize, zigzag } from "./bytes/varint.ts";
import { Writer } from "./bytes/writer.ts";
import { decodeControlRecord, encodeControlRecord, type ControlRecord } from "./control-records.ts";

/** Where a batch begins and whose it is. */
export interface BatchPosition {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly timestampMs: number;
}

/** What the header of a batch says, checked against its length and checksum. */
export interface BatchHeader extends BatchPosition {
  readonly lastOffset: number;
  /** How many records, which is also `lastOffset - baseOffset + 1`. */
  readonly count: number;
  /** How many bytes, header included. */
  readonly size: number;
  readonly isControl: boolean;
}

export type RecordBatch = DataBatch | ControlBatch;

export interface DataBatch extends BatchHeader {
  readonly isControl: false;
  readonly values: readonly Uint8Array[];
}

export interface ControlBatch extends BatchHeader {
  readonly isControl: true;
  readonly records: readonly ControlRecord[];
}

/** No batch of Kafka's writers is larger (`KafkaRaftClient.MAX_BATCH_SIZE_BYTES`). */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;
/** What a batch takes before its first record. */
export const BATCH_HEADER_BYTES = 61;

const NAME = "RecordBatch";
const MAGIC = 2;
const CONTROL = 0x20;
const NONE = -1;

/** Positions in a batch. */
const LENGTH_AT = 8;
const CRC_AT = 17;
const CRC_FROM = 21;
/** `batchLength` counts what comes after itself. */
const LENGTH_FROM = 12;

interface RawRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
}

/** A batch of data. A value is never empty, and there is at least one; otherwise an `EncodeError`. */
export function encodeDataBatch(
  position: BatchPosition,
  values: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  return encodeBatch(
    position,
    0,
    values.map((value) => ({ key: null, value })),
  );
}

/** A batch of control records. */
export function encodeControlBatch(
  position: BatchPosition,
  records: readonly ControlRecord[],
): Uint8Array<ArrayBuffer> {
  return encodeBatch(position, CONTROL, records.map(encodeControlRecord));
}

/** Reads one batch, which must be all of `bytes`. The values are views. */
export const decodeRecordBatch = (bytes: Uint8Array): RecordBatch =>
  decodeVerifiedBatch({ ...peekRecordBatch(bytes), bytes });

/** Reads the records of a batch that `recordBatches` has given: its checksum is not computed a second time. */
export function decodeVerifiedBatch({ bytes, ...header }: BatchInRow): RecordBatch {
  return attempt(() => {
    const reader = new Reader(bytes);
    reader.skip(BATCH_HEADER_BYTES);
    const records = readRecords(reader, header);
    return header.isControl
      ? { ...header, isControl: true, records: records.map(controlOf) }
      : { ...header, isControl: false, values: records.map(({ value }) => value) };
  });
}

/** The header of one batch, which must be all of `bytes`; length and checksum are verified, records are not read. */
export function peekRecordBatch(bytes: Uint8Array): BatchHeader {
  return attempt(() => {
    const size = sizeAt(bytes, 0);
    if (size !== bytes.length) {
      throw new DecodeError(`${bytes.length} bytes hold a batch of ${size}`, LENGTH_AT);
    }
    return headerAt(bytes, 0, size);
  });
}

/** A batch that stands among others. */
export interface BatchInRow extends BatchHeader {
  /** Exactly this batch, as a view. */
  readonly bytes: Uint8Array;
}

/**
 * The batches that stand one after the other in `bytes`, each verified as by `peekRecordBatch`, in order and without
 * a gap between their offsets. `tail` says what to do with a last batch that is cut off, as Kafka's Fetch may do.
 */
export function* recordBatches(
  bytes: Uint8Array,
  tail: "refuse" | "ignore" = "refuse",
): Generator<BatchInRow, void, undefined> {
  let next: number | undefined;
  for (let at = 0; at < bytes.length;) {
    if (tail === "ignore" && isCutOff(bytes, at)) return;
    const start = at;
    const header = attempt(() => headerAt(bytes, start, sizeAt(bytes, start)));
    if (next !== undefined && header.baseOffset !== next) {
      const reason = `a batch begins at ${header.baseOffset}, the one before ended before ${next}`;
      throw new DecodeError(reason, start, { api: NAME, version: MAGIC, path: "baseOffset" });
    }
    yield { ...header, bytes: bytes.subarray(at, at + header.size) };
    next = header.lastOffset + 1;
    at += header.size;
  }
}

/** How many bytes a record of data takes in a batch: its value, and what says where it stands and how long it is. */
export const dataRecordBytes = (valueBytes: number, offsetDelta: number): number =>
  framed(bodyBytes({ keySize: NONE, valueSize: valueBytes }, offsetDelta));

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw inMessage(error, NAME, MAGIC);
  }
}

function isCutOff(bytes: Uint8Array, at: number): boolean {
  const left = bytes.length - at;
  if (left < LENGTH_FROM) return true;
  const reader = new Reader(bytes.subarray(at, at + LENGTH_FROM));
  reader.skip(LENGTH_AT);
  return LENGTH_FROM + reader.int32() > left;
}

/**
 * The size of the batch that begins at `at`: it has room for a header, lies wholly within `bytes`, and is not over the
 * limit.
 */
function sizeAt(bytes: Uint8Array, at: number): number {
  const reader = new Reader(bytes);
  reader.skip(at + LENGTH_AT);
  const size = LENGTH_FROM + reader.int32();
  if (size < BATCH_HEADER_BYTES || size > bytes.length - at) {
    throw new DecodeError(`a batch of ${size} bytes in ${bytes.length - at}`, at + LENGTH_AT);
  }
  if (size > BATCH_BYTES_MAX) {
    const reason = `a batch of ${size} bytes; the limit is ${BATCH_BYTES_MAX}`;
    throw new DecodeError(reason, at + LENGTH_AT);
  }
  return size;
}

function headerAt(bytes: Uint8Array, at: number, size: number): BatchHeader {
  const reader = new Reader(bytes);
  reader.skip(at);
  const baseOffset = reader.offset();
  reader.skip(4);
  const leaderEpoch = reader.int32();
  expect(reader, "magic", reader.int8(), MAGIC);
  expect(reader, "crc", reader.uint32(), crc32c(bytes, at + CRC_FROM, at + size));
  const attributes = reader.int16();
  const isControl = attributes === CONTROL;
  if (!isControl) expect(reader, "attributes", attributes, 0);
  const lastOffsetDelta = reader.int32();
  const timestampMs = reader.offset();
  expect(reader, "maxTimestamp", reader.offset(), timestampMs);
  expect(reader, "producerId", reader.offset(), NONE);
  expect(reader, "producerEpoch", reader.int16(), NONE);
  expect(reader, "baseSequence", reader.int32(), NONE);
  const count = reader.int32();
  expect(reader, "lastOffsetDelta", lastOffsetDelta, count - 1);
  if (count < 1 || baseOffset < 0) throw new DecodeError("a batch holds no record", reader.at);
  const lastOffset = baseOffset + lastOffsetDelta;
  return { baseOffset, leaderEpoch, timestampMs, lastOffset, count, size, isControl };
}

function expect(reader: Reader, field: string, found: number, wanted: number): void {
  if (found === wanted) return;
  throw new DecodeError(`${found} where ${wanted} was expected`, reader.at).within(field);
}

/** The least a record takes: its length, attributes, two deltas, two lengths and the count of headers. */
const RECORD_BYTES_MIN = 7;

function readRecords(reader: Reader, { count, isControl }: BatchHeader): RawRecord[] {
  if (count * RECORD_BYTES_MIN > reader.remaining) {
    throw new DecodeError(`${count} records cannot be in ${reader.remaining} bytes`, reader.at);
  }
  const records: RawRecord[] = [];
  try {
    while (records.length < count) records.push(readRecord(reader, records.length, isControl));
  } catch (error) {
    throw within(error, `records[${records.length}]`);
  }
  reader.expectEnd();
  return records;
}

function readRecord(reader: Reader, offsetDelta: number, isControl: boolean): RawRecord {
  const outer = reader.fence(reader.varint());
  expect(reader, "attributes", reader.int8(), 0);
  // A varlong; zero, the only value allowed, is one zero byte.
  expect(reader, "timestampDelta", reader.int8(), 0);
  expect(reader, "offsetDelta", reader.varint(), offsetDelta);
  const keySize = reader.varint();
  const key = keySize === NONE ? null : reader.take(keySize);
  if ((key !== null) !== isControl) {
    throw new DecodeError(
      isControl ? "a control record without key" : "data with a key",
      reader.at,
    );
  }
  const valueSize = reader.varint();
  if (valueSize < 1) throw new DecodeError("a record without value", reader.at);
  const value = reader.take(valueSize);
  expect(reader, "headers", reader.int8(), 0);
  reader.unfence(outer);
  return { key, value };
}

function controlOf({ key, value }: RawRecord, at: number): ControlRecord {
  try {
    return decodeControlRecord({ key: key ?? value, value });
  } catch (error) {
    throw within(error, `records[${at}]`);
  }
}

function encodeBatch(
  { baseOffset, leaderEpoch, timestampMs }: BatchPosition,
  attributes: number,
  records: readonly RawRecord[],
): Uint8Array<ArrayBuffer> {
  if (records.length === 0) throw new EncodeError("a batch without record", { api: NAME });
  const size = records.reduce(
    (sum, record, at) => sum + framed(bodyBytes(sizesOf(record), at)),
    BATCH_HEADER_BYTES,
  );
  if (size > BATCH_BYTES_MAX) {
    throw new EncodeError(`a batch of ${size} bytes; the limit is ${BATCH_BYTES_MAX}`, {
      api: NAME,
    });
  }
  const writer = new Writer(size);
  writer.offset(baseOffset);
  writer.int32(0);
  writer.int32(leaderEpoch);
  writer.int8(MAGIC);
  writer.int32(0);
  writer.int16(attributes);
  writer.int32(records.length - 1);
  writer.offset(timestampMs);
  writer.offset(timestampMs);
  writer.offset(NONE);
  writer.int16(NONE);
  writer.int32(NONE);
  writer.int32(records.length);
  for (const [at, record] of records.entries()) writeRecord(writer, record, at);
  writer.patchInt32(LENGTH_AT, writer.at - LENGTH_FROM);
  writer.patchInt32(CRC_AT, crc32c(writer.written(), CRC_FROM) | 0);
  return writer.bytes();
}

function writeRecord(writer: Writer, record: RawRecord, offsetDelta: number): void {
  const { key, value } = record;
  if (value.length === 0) {
    throw new EncodeError("a record without value", { api: NAME, path: `records[${offsetDelta}]` });
  }
  const sizes = sizesOf(record);
  writer.varint(bodyBytes(sizes, offsetDelta));
  // Attributes and timestamp delta.
  writer.int8(0);
  writer.int8(0);
  writer.varint(offsetDelta);
  writer.varint(sizes.keySize);
  if (key !== null) writer.raw(key);
  writer.varint(sizes.valueSize);
  writer.raw(value);
  // The count of headers.
  writer.int8(0);
}

/** The sizes of a record's key, -1 where it has none, and of its value. */
interface RecordSizes {
  readonly keySize: number;
  readonly valueSize: number;
}

const sizesOf = ({ key, value }: RawRecord): RecordSizes => ({
  keySize: key === null ? NONE : key.length,
  valueSize: value.length,
});

/** A record without its length: the three single bytes, offset delta, key and value with their lengths. */
const bodyBytes = ({ keySize, valueSize }: RecordSizes, offsetDelta: number): number =>
  3 +
  varintSize(offsetDelta) +
  varintSize(keySize) +
  Math.max(keySize, 0) +
  varintSize(valueSize) +
  valueSize;

const framed = (body: number): number => varintSize(body) + body;

const varintSize = (value: number): number => uvarintSize(zigzag(value));
