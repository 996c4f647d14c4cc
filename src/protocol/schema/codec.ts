/**
 * From a shape to the functions that read and write it at one version. All decisions about versions, flexibility and
 * nullability are taken here, once, when a codec is built; what is left for the hot path is a list of closures.
 * Flexible encodings and tagged fields: KIP-482.
 *
 * *Bounds before allocation.* A length on the wire is a claim of the sender's, and four bytes can claim two billion. It
 * is believed only after it was held against the bytes that remain: for strings and bytes the reader does that when it
 * takes them, for arrays the codec does, by the least that an element of this shape can take (`minimum`). So a frame
 * costs memory in proportion to its own size, whatever it says, and a claim that cannot be true is refused at the byte
 * where it stands, before the first element is read.
 *
 * *Strict where Kafka's readers are lenient and its writers are not.* A length below -1, null where the schema has
 * none, ill-formed UTF-8: no Kafka writes these, so nothing is lost by refusing them, and two readers cannot disagree
 * about what they mean.
 */
/* oxlint-disable typescript/no-unsafe-type-assertion -- types are inferred from the schema; inside, a value is what its shape says */
import { assert } from "../../std/assert.ts";
import { DecodeError, EncodeError, show, within } from "../bytes/errors.ts";
import type { Reader } from "../bytes/reader.ts";
import { utf8Size } from "../bytes/utf8.ts";
import { uvarintSize } from "../bytes/varint.ts";
import { utf8OrRefuse, type Writer } from "../bytes/writer.ts";
import type { Primitive, Shape } from "./field.ts";
import { structCodec, type Codec, type Setting } from "./struct.ts";

/** Kafka's own limit, in both encodings: a length must fit an int16. */
const STRING_BYTES_MAX = 0x7fff;

/** The codec of a value of fixed size. The setting is ignored: a number is written alike in all versions. */
const scalar =
  <T>(minimum: number, write: (w: Writer, v: T) => void, read: (r: Reader) => T) =>
  (): Codec => ({
    minimum,
    write: (writer, value) => write(writer, value as T),
    read,
    size: () => minimum,
  });

const LEAVES: Readonly<Record<Primitive, (setting: Setting) => Codec>> = {
  bool: scalar<boolean>(
    1,
    (w, v) => w.int8(bit(v)),
    (r) => r.int8() !== 0,
  ),
  int8: scalar<number>(
    1,
    (w, v) => w.int8(v),
    (r) => r.int8(),
  ),
  int16: scalar<number>(
    2,
    (w, v) => w.int16(v),
    (r) => r.int16(),
  ),
  uint16: scalar<number>(
    2,
    (w, v) => w.uint16(v),
    (r) => r.uint16(),
  ),
  int32: scalar<number>(
    4,
    (w, v) => w.int32(v),
    (r) => r.int32(),
  ),
  int64: scalar<bigint>(
    8,
    (w, v) => w.int64(v),
    (r) => r.int64(),
  ),
  offset: scalar<number>(
    8,
    (w, v) => w.offset(v),
    (r) => r.offset(),
  ),
  timestamp: scalar<number>(
    8,
    (w, v) => w.offset(v),
    (r) => r.timestamp(),
  ),
  float64: scalar<number>(
    8,
    (w, v) => w.float64(v),
    (r) => r.float64(),
  ),
  uuid: scalar<string>(
    16,
    (w, v) => w.uuid(v),
    (r) => r.uuid(),
  ),
  string: stringCodec,
  legacyString: (setting) => stringCodec({ ...setting, flexible: false }),
  bytes: bytesCodec,
  records: bytesCodec,
};

/** The codec of a shape. Structs lead back here for their fields, and are given this function to do so. */
export function codecOf(shape: Shape, setting: Setting): Codec {
  if (shape.kind === "struct") return structCodec(shape.fields, setting, codecOf);
  if (shape.kind === "array") return arrayCodec(shape.element, setting);
  return LEAVES[shape.kind](setting);
}

// Any truthy value could become a byte of 1. It is refused: a caller who passes text here means something else.
function bit(value: boolean): number {
  if (typeof value !== "boolean") throw new EncodeError(`${show(value)} is not a boolean`);
  return value ? 1 : 0;
}

/** How a length, or null as -1, is put before what it measures. `minimum` is the least that this takes, in bytes. */
interface Length {
  readonly minimum: number;
  write(writer: Writer, length: number): void;
  read(reader: Reader): number;
  size(length: number): number;
}
// A compact length is one higher than it says, so that null fits an unsigned varint as 0.
const COMPACT: Length = {
  minimum: 1,
  write: (w, length) => w.uvarint(length + 1),
  read: (r) => r.compactLength(),
  size: (length) => uvarintSize(length + 1),
};
const INT16: Length = {
  minimum: 2,
  write: (w, n) => w.int16(n),
  read: (r) => r.int16(),
  size: () => 2,
};
const INT32: Length = {
  minimum: 4,
  write: (w, n) => w.int32(n),
  read: (r) => r.int32(),
  size: () => 4,
};

/** The bytes of what is written behind its length, and of that length. */
const measured = (length: Length, bytes: number): number => length.size(bytes) + bytes;

/** Reads a length; -1 is null, and null only where the schema allows it. */
function lengthOrNull(reader: Reader, length: Length, nullable: boolean): number {
  const at = reader.at;
  const read = length.read(reader);
  if (read >= 0 || (read === -1 && nullable)) return read;
  throw new DecodeError(read === -1 ? "null is not allowed here" : `${read} is no length`, at);
}

/** Writes null, unless the schema has none in this version. */
function writeNull(writer: Writer, length: Length, nullable: boolean): void {
  if (!nullable) throw new EncodeError("null is not allowed here");
  length.write(writer, -1);
}

/** Text: its length in bytes of UTF-8, then the bytes. What UTF-8 cannot say (half a surrogate pair) is refused. */
function stringCodec({ flexible, nullable }: Setting): Codec {
  const length = flexible ? COMPACT : INT16;
  return {
    minimum: length.minimum,
    write(writer, value) {
      if (value === null) return writeNull(writer, length, nullable);
      const utf8 = utf8OrRefuse(value as string);
      if (utf8.length > STRING_BYTES_MAX) {
        throw new EncodeError(`a string of ${utf8.length} bytes; the limit is ${STRING_BYTES_MAX}`);
      }
      length.write(writer, utf8.length);
      writer.raw(utf8);
    },
    read(reader) {
      const at = reader.at;
      const size = lengthOrNull(reader, length, nullable);
      if (size < 0) return null;
      if (size > STRING_BYTES_MAX) throw new DecodeError(`a string of ${size} bytes`, at);
      return reader.utf8(size);
    },
    size: (value) =>
      typeof value === "string" ? measured(length, utf8Size(value)) : length.size(-1),
  };
}

/**
 * Bytes, and record batches, which are bytes to a message. Reading gives a view of the frame, since a fetch response
 * is nearly all batches and would be copied for nothing; code that keeps a view beyond the frame copies it.
 */
function bytesCodec({ flexible, nullable }: Setting): Codec {
  const length = flexible ? COMPACT : INT32;
  return {
    minimum: length.minimum,
    write(writer, value) {
      if (value === null) return writeNull(writer, length, nullable);
      if (!(value instanceof Uint8Array)) throw new EncodeError(`${show(value)} is not bytes`);
      length.write(writer, value.length);
      writer.raw(value);
    },
    read(reader) {
      const size = lengthOrNull(reader, length, nullable);
      return size < 0 ? null : reader.take(size);
    },
    size: (value) =>
      value instanceof Uint8Array ? measured(length, value.length) : length.size(-1),
  };
}

/** An array: how many, then one after the other. The index of a bad element is in the path of the fault. */
function arrayCodec(element: Shape, { version, flexible, nullable }: Setting): Codec {
  const length = flexible ? COMPACT : INT32;
  // Kafka's message format has no nullable elements and no arrays of arrays.
  const item = codecOf(element, { version, flexible, nullable: false });
  assert(item.minimum > 0, "an element of an array takes at least one byte");
  return {
    minimum: length.minimum,
    write(writer, value) {
      if (value === null) return writeNull(writer, length, nullable);
      if (!Array.isArray(value)) throw new EncodeError(`${show(value)} is not an array`);
      length.write(writer, value.length);
      let at = 0;
      try {
        for (; at < value.length; at++) item.write(writer, value[at]);
      } catch (error) {
        throw within(error, `[${at}]`);
      }
    },
    read(reader) {
      const start = reader.at;
      const count = lengthOrNull(reader, length, nullable);
      if (count < 0) return null;
      // Every element takes bytes, so a count that cannot be true is known before anything is allocated.
      if (count * item.minimum > reader.remaining) {
        throw new DecodeError(`${count} elements cannot be in ${reader.remaining} bytes`, start);
      }
      const out: unknown[] = [];
      try {
        while (out.length < count) out.push(item.read(reader));
      } catch (error) {
        throw within(error, `[${out.length}]`);
      }
      return out;
    },
    size(value) {
      if (!Array.isArray(value)) return length.size(-1);
      let bytes = length.size(value.length);
      for (const each of value) bytes += item.size(each);
      return bytes;
    },
  };
}
