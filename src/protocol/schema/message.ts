/**
 * A message: named fields, the versions it exists in, and one codec for each of them. One value type serves all
 * versions, as Kafka's generated classes do: handlers never see `undefined`, and no version has a file of its own.
 *
 * The promise of `at(version)` is that versions are looked at once. The first call for a version filters the fields by
 * it, settles for each whether it is nullable, tagged or flexible there, and closes over what is left; every later call
 * is a map lookup, and the codec it gives tests no version while it reads or writes. Kafka generates Java for each
 * message instead. Generating JavaScript at run time is not open to us, since Workers forbid `new Function`, and
 * generated files are files to read and to keep in step.
 *
 * What a codec promises:
 *
 * - reading gives a whole value or throws a `DecodeError` that names message, version, field and byte; `read` and
 *   `decode` also refuse bytes that are left over;
 * - writing gives the bytes or throws an `EncodeError` that names the field; it never cuts a number, mends a string, or
 *   drops what a version cannot carry unless the schema calls it ignorable;
 * - what was read and is written again at the same version is the same bytes.
 *
 * The casts here and in the files beside it have one reason: a codec handles values of every shape, so to it they are
 * `unknown`; that a value fits its schema was checked where types are known, at the edges of this file. Each cast says
 * nothing but "this value is what its shape says", and a value that is not (a caller in plain JavaScript) ends in an
 * `EncodeError` of a leaf. The fixtures read and written in the tests are what holds the inferred types to the codecs.
 */
/* oxlint-disable typescript/no-unsafe-type-assertion -- types are inferred from the schema; inside, a value is what its shape says */
import { inMessage } from "../bytes/errors.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import { codecOf } from "./codec.ts";
import { filled } from "./fallback.ts";
import type { Decoded, Encodable, Fields, Partially, Shape } from "./field.ts";
import type { Codec } from "./struct.ts";
import { boundsOf, covers, type Range } from "./versions.ts";

/** Reading and writing at one version. Faults are `DecodeError` and `EncodeError`, with the message's name. */
export interface MessageCodec<Out, In> {
  /** Reads one value and leaves what follows. */
  readPart(reader: Reader): Out;
  /** Reads one value, which must be all that the reader has left. */
  read(reader: Reader): Out;
  /** As `read`, over whole bytes; bytes fields are views of them. */
  decode(bytes: Uint8Array): Out;
  write(writer: Writer, value: In): void;
  encode(value: In): Uint8Array<ArrayBuffer>;
  /**
   * How many bytes `write` makes of a value that it does not refuse; of any other, some number. Cheaper than writing.
   */
  size(value: In): number;
}

/** A message as declared, and what can be done with it. */
export interface Message<F extends Fields> {
  readonly name: string;
  readonly valid: Range;
  readonly flexible: Range | "none";
  readonly fields: F;
  supports(version: number): boolean;
  isFlexible(version: number): boolean;
  /** The codec of a version that `supports` affirms; any other is a fault of the caller (`RangeError`). */
  at(version: number): MessageCodec<Decoded<F>, Encodable<F>>;
  /** A whole value from the parts that differ from their defaults, however deep. */
  fill(parts: Partially<Decoded<F>>): Decoded<F>;
}

/** What a message is called, and its versions: Kafka's `validVersions` and `flexibleVersions`. */
export interface MessageHeader {
  readonly name: string;
  readonly valid: Range;
  readonly flexible: Range | "none";
}

/** A message of any fields: what code that treats all messages alike takes. */
export type AnyMessage = Message<Fields>;
/** The value of a message. */
export type ValueOf<M extends { readonly fields: Fields }> = Decoded<M["fields"]>;
/** What a message's `at(version).write` takes. */
export type InputOf<M extends { readonly fields: Fields }> = Encodable<M["fields"]>;

/** Declares a message. Nothing is built yet: most processes speak few of the versions of few of the messages. */
export function message<const F extends Fields>(header: MessageHeader, fields: F): Message<F> {
  const { name, valid, flexible } = header;
  const { low, high } = boundsOf(valid);
  const shape: Shape = { kind: "struct", fields };
  const codecs = new Map<number, MessageCodec<Decoded<F>, Encodable<F>>>();
  const supports = (version: number): boolean =>
    Number.isInteger(version) && low <= version && version <= high;
  const isFlexible = (version: number): boolean => flexible !== "none" && covers(flexible, version);
  return {
    name,
    valid,
    flexible,
    fields,
    supports,
    isFlexible,
    at(version) {
      const known = codecs.get(version);
      if (known !== undefined) return known;
      if (!supports(version)) throw new RangeError(`${name} has no version ${version}`);
      const codec = codecOf(shape, { version, flexible: isFlexible(version), nullable: false });
      const built = messageCodec<Decoded<F>, Encodable<F>>(name, version, codec);
      codecs.set(version, built);
      return built;
    },
    fill: (parts) => filled(shape, parts) as Decoded<F>,
  };
}

function messageCodec<Out, In>(name: string, version: number, codec: Codec): MessageCodec<Out, In> {
  // A fault gathers its path on the way out, field by field; the message's name is the last thing it learns.
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw inMessage(error, name, version);
    }
  };
  const readWhole = (reader: Reader): Out => {
    const value = codec.read(reader) as Out;
    reader.expectEnd();
    return value;
  };
  return {
    readPart: (reader) => attempt(() => codec.read(reader) as Out),
    read: (reader) => attempt(() => readWhole(reader)),
    decode: (bytes) => attempt(() => readWhole(new Reader(bytes))),
    write: (writer, value) => attempt(() => codec.write(writer, value)),
    encode(value) {
      const writer = new Writer();
      attempt(() => codec.write(writer, value));
      return writer.bytes();
    },
    size: (value) => codec.size(value),
  };
}
