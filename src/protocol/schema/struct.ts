/**
 * The codec of a struct: its fields in order and, in flexible versions, the tagged section that closes it (KIP-482).
 * A tagged field at its default takes no bytes; an unknown tag is skipped; tags ascend, and a tag that comes twice or
 * out of order is refused, since two readers could take it for different values.
 *
 * What becomes of a field at a version is decided once, in `slotsOf`, and there are four ways:
 *
 *     in the version, without a tag   →  plain: read and written in its place
 *     in the version, with a tag      →  tagged: in the section at the end, if it says anything
 *     not in the version              →  refused: writing anything but its default is an error
 *     not in the version, ignorable   →  gone: it is never looked at
 *
 * "Refused" is what keeps a request from meaning less on the wire than its writer meant: a pre-vote written at a
 * version without `preVote` would arrive as a vote. Kafka's generated classes throw `UnsupportedVersionException`.
 */
/* oxlint-disable typescript/no-unsafe-type-assertion -- types are inferred from the schema; inside, a value is what its shape says */
import { DecodeError, EncodeError, show, within } from "../bytes/errors.ts";
import type { Reader } from "../bytes/reader.ts";
import { uvarintSize } from "../bytes/varint.ts";
import type { Writer } from "../bytes/writer.ts";
import { fallbackOf, fallbacksOf, given, isFallback } from "./fallback.ts";
import type { AnyField, Fields, Shape } from "./field.ts";
import { covers } from "./versions.ts";

/**
 * `minimum` is the least number of bytes a value takes; only a struct may take none. `size` is what `write` makes of a
 * value that it takes; of any other it gives some number, and leaves the refusal to `write`.
 */
export interface Codec {
  readonly minimum: number;
  write(writer: Writer, value: unknown): void;
  read(reader: Reader): unknown;
  size(value: unknown): number;
}

/** All that the codec of a shape depends on besides the shape. */
export interface Setting {
  readonly version: number;
  readonly flexible: boolean;
  readonly nullable: boolean;
}

/** How the codec of a field is found: given, because it leads back here. */
type Build = (shape: Shape, setting: Setting) => Codec;

/** A field that exists at this version, with all that the hot path needs of it. */
interface Slot {
  readonly name: string;
  readonly field: AnyField;
  readonly fallback: unknown;
  readonly codec: Codec;
}
interface TaggedSlot extends Slot {
  readonly tag: number;
}

/** A struct as its codec sees it. */
type Values = Record<string, unknown>;

/** Reading begins with a struct of defaults, so that every key is there in one order, whatever the version. */
export function structCodec(fields: Fields, setting: Setting, build: Build): Codec {
  const { version, flexible } = setting;
  const { plain, tagged, refused } = slotsOf(fields, setting, build);
  const fallbacks = fallbacksOf(fields);
  const minimum = plain.reduce((sum, { codec }) => sum + codec.minimum, flexible ? 1 : 0);
  return {
    // A struct without a field, in a version without tags, takes no bytes; no message has an array of such.
    minimum,
    write(writer, value) {
      if (typeof value !== "object" || value === null) {
        throw new EncodeError(`${show(value)} is not an object`);
      }
      const values = value as Values;
      for (const absent of refused) refuseValue(absent, values, version);
      writePlain(writer, plain, values);
      if (flexible) writeTagged(writer, tagged, values);
    },
    read(reader) {
      const values: Values = { ...fallbacks };
      readPlain(reader, plain, values);
      if (flexible) readTagged(reader, tagged, values);
      return values;
    },
    size(value) {
      if (typeof value !== "object" || value === null) return minimum;
      const values = value as Values;
      const bytes = plainSize(plain, values);
      return flexible ? bytes + taggedSize(tagged, values) : bytes;
    },
  };
}

/** Sorts the fields by what becomes of them at `version`; an ignorable field that is absent is in none. */
function slotsOf(
  fields: Fields,
  { version, flexible }: Setting,
  build: Build,
): { plain: Slot[]; tagged: TaggedSlot[]; refused: Omit<Slot, "codec">[] } {
  const plain: Slot[] = [];
  const tagged: TaggedSlot[] = [];
  const refused: Omit<Slot, "codec">[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const { versions, nullable: nulls, tag, ignorable } = field.traits;
    const fallback = fallbackOf(field);
    if (versions === undefined || covers(versions, version)) {
      const nullable = nulls !== undefined && covers(nulls, version);
      const codec = build(field.shape, { version, flexible, nullable });
      if (tag === undefined) plain.push({ name, field, fallback, codec });
      else tagged.push({ name, field, fallback, codec, tag });
    } else if (ignorable === undefined) {
      refused.push({ name, field, fallback });
    }
  }
  tagged.sort((a, b) => a.tag - b.tag);
  return { plain, tagged, refused };
}

/** A value that the version cannot carry may be there only if it says no more than its absence would. */
function refuseValue(
  { name, field, fallback }: Omit<Slot, "codec">,
  values: Values,
  version: number,
): void {
  if (isFallback(field, given(values[name], fallback))) return;
  throw new EncodeError(`version ${version} has no such field, and it may not be dropped`).within(
    name,
  );
}

// One try around all fields instead of one for each: the name of the field at work is kept in a variable, and the hot
// path pays an assignment for it.
function writePlain(writer: Writer, slots: readonly Slot[], values: Values): void {
  let doing = "";
  try {
    for (const { name, codec, fallback } of slots) {
      doing = name;
      codec.write(writer, given(values[name], fallback));
    }
  } catch (error) {
    throw within(error, doing);
  }
}

function plainSize(slots: readonly Slot[], values: Values): number {
  let bytes = 0;
  for (const { name, codec, fallback } of slots) bytes += codec.size(given(values[name], fallback));
  return bytes;
}

/** Whether a tagged field is said: one at its default is no tag at all. */
const isSaid = ({ name, field, fallback }: TaggedSlot, values: Values): boolean =>
  !isFallback(field, given(values[name], fallback));

/** Number of tags, then for each its tag, its size and its value. */
function writeTagged(writer: Writer, slots: readonly TaggedSlot[], values: Values): void {
  if (slots.length === 0) return writer.uvarint(0);
  const said = slots.filter((slot) => isSaid(slot, values));
  writer.uvarint(said.length);
  for (const { name, codec, tag } of said) {
    writer.uvarint(tag);
    const start = writer.begin();
    try {
      codec.write(writer, values[name]);
    } catch (error) {
      throw within(error, name);
    }
    writer.end(start);
  }
}

function taggedSize(slots: readonly TaggedSlot[], values: Values): number {
  let count = 0;
  let bytes = 0;
  for (const slot of slots) {
    if (!isSaid(slot, values)) continue;
    const size = slot.codec.size(values[slot.name]);
    bytes += uvarintSize(slot.tag) + uvarintSize(size) + size;
    count += 1;
  }
  return uvarintSize(count) + bytes;
}

function readPlain(reader: Reader, slots: readonly Slot[], values: Values): void {
  let doing = "";
  try {
    for (const { name, codec } of slots) {
      doing = name;
      values[name] = codec.read(reader);
    }
  } catch (error) {
    throw within(error, doing);
  }
}

/** An unknown tag is skipped by its size: that is how a field can be added without a new version (KIP-482). */
function readTagged(reader: Reader, slots: readonly TaggedSlot[], values: Values): void {
  const count = reader.uvarint();
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    const tag = reader.uvarint();
    if (tag <= previous) throw new DecodeError(`tag ${tag} comes after tag ${previous}`, at);
    previous = tag;
    const size = reader.uvarint();
    const slot = slots.find((known) => known.tag === tag);
    if (slot === undefined) reader.skip(size);
    else readTag(reader, size, slot, values);
  }
}

/** A known tag must fill exactly the bytes that were announced for it. */
function readTag(reader: Reader, size: number, { name, codec }: TaggedSlot, values: Values): void {
  try {
    const outer = reader.fence(size);
    values[name] = codec.read(reader);
    reader.unfence(outer);
  } catch (error) {
    throw within(error, name);
  }
}
