/**
 * How a metadata record stands in the log (KIP-631): frame version 1, the key of its kind and its version, each an
 * unsigned varint, then its body and nothing after it. A broker that meets an unknown kind or version here dies; so
 * none is written, and one that is read is a `DecodeError`.
 */
import { DecodeError, EncodeError, inMessage, within } from "./bytes/errors.ts";
import { Reader } from "./bytes/reader.ts";
import { uvarintSize } from "./bytes/varint.ts";
import { Writer } from "./bytes/writer.ts";
import { recordSchemaByKey, recordSchemas, type MetadataRecord } from "./record-schemas.ts";
import type { RecordSchema } from "./schema/record.ts";

const NAME = "MetadataRecord";
const FRAME_VERSION = 1;

export function encodeMetadataRecord(record: MetadataRecord): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writeRecord(writer, record);
  return writer.bytes();
}

/**
 * Many records as by `encodeMetadataRecord`, as views of one stretch of memory: a small array costs more than what is
 * in it. Null if they are larger than `bytesMax` together; then none is written.
 */
export function encodeMetadataRecords(
  records: readonly MetadataRecord[],
  bytesMax: number,
): readonly Uint8Array[] | null {
  let size = 0;
  for (const record of records) {
    size += metadataRecordSize(record);
    if (size > bytesMax) return null;
  }
  const writer = new Writer(size);
  const ends: number[] = [];
  for (const record of records) {
    writeRecord(writer, record);
    ends.push(writer.at);
  }
  const bytes = writer.bytes();
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}

/** How many bytes `encodeMetadataRecord` gives, without writing them. */
export function metadataRecordSize(record: MetadataRecord): number {
  const { version, data } = record;
  const schema = schemaOf(record);
  const frame = uvarintSize(FRAME_VERSION) + uvarintSize(schema.key) + uvarintSize(version);
  return frame + schema.at(version).size({ ...data });
}

function writeRecord(writer: Writer, record: MetadataRecord): void {
  const { version, data } = record;
  const schema = schemaOf(record);
  writer.uvarint(FRAME_VERSION);
  writer.uvarint(schema.key);
  writer.uvarint(version);
  schema.at(version).write(writer, { ...data });
}

function schemaOf({ type, version }: MetadataRecord): RecordSchema {
  const schema: RecordSchema = recordSchemas[type];
  if (schema.supports(version)) return schema;
  throw new EncodeError("there is no such version", { api: schema.name, version });
}

/** The record in `bytes`, which must be all of them. Fields of type bytes are views. */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes);
  const { schema, version } = readFrame(reader);
  const data = schema.at(version).read(reader);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key has chosen type and schema together
  return { type: schema.type, version, data } as unknown as MetadataRecord;
}

function readFrame(reader: Reader): { schema: RecordSchema; version: number } {
  try {
    const frameVersion = reader.uvarint();
    if (frameVersion !== FRAME_VERSION) {
      throw new DecodeError(`frame version ${frameVersion} is not ${FRAME_VERSION}`, 0);
    }
    const key = reader.uvarint();
    const schema = recordSchemaByKey(key);
    if (schema === undefined) throw new DecodeError(`no record has key ${key}`, reader.at);
    const version = reader.uvarint();
    if (!schema.supports(version)) {
      throw new DecodeError(`${schema.name} has no version ${version}`, reader.at);
    }
    return { schema, version };
  } catch (error) {
    throw inMessage(within(error, "frame"), NAME, FRAME_VERSION);
  }
}
