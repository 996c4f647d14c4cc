/**
 * What a message is made of, as data: a field has a shape and the versions in which it exists. Nothing here reads or
 * writes. Codecs (`codec.ts`), defaults (`fallback.ts`), JSON (`../json.ts`) and the parity test are readings of the
 * same data, so they cannot disagree about it.
 *
 * A schema is also a type. From
 *
 *     { brokerId: int32(), rack: string().nullable(), logDirs: array(uuid()).versions("2+") }
 *
 * the compiler infers two types of value. `Decoded` is what reading gives and what the cores handle: every key is
 * there, whatever the version, because a field that a version lacks has its default. `Encodable` is what writing takes:
 * a key may be left out where the schema says what its absence means, so here `logDirs` alone.
 *
 * To carry these types a field has three properties that exist for the compiler only (`declare`, never assigned), with
 * a tilde in front so that they are not taken for data, as in valibot and zod:
 *
 * - `~out`: the type that reading gives;
 * - `~in`: the type that writing takes. It differs from `~out` where a struct is involved, since keys may be left out
 *   at any depth;
 * - `~opt`: whether the key as a whole may be left out. It is a type and no value, because only the compiler asks.
 */
import type { Uuid } from "../bytes/uuid.ts";
import type { Range } from "./versions.ts";

/** The kinds of value that are not made of others. Kafka's names, but for `offset`, `timestamp` and `legacyString`. */
export type Primitive =
  | "bool"
  | "int8"
  | "int16"
  | "uint16"
  | "int32"
  | "int64"
  | "offset"
  | "timestamp"
  | "float64"
  | "uuid"
  | "string"
  | "legacyString"
  | "bytes"
  | "records";

/** What a value looks like, without regard to versions: the part of a field that an element of an array has too. */
export type Shape =
  | { readonly kind: Primitive }
  | { readonly kind: "struct"; readonly fields: Fields }
  | { readonly kind: "array"; readonly element: Shape };

/**
 * The tag of what controllers of this project say to each other in a message of Kafka's. Kafka numbers its tags from 0
 * on, and who does not know one skips it (KIP-482): this one is far beyond what any message will have.
 */
export const PRIVATE_TAG = 10_000;

/** When a field is there, and what stands in for it when it is not. Kafka's JSON definitions say the same by name. */
export interface Traits {
  /** The versions in which the field exists; absent: in all of its struct's. */
  readonly versions?: Range;
  /** The versions in which the field may be null. */
  readonly nullable?: Range;
  /** The field's number in the tagged section; absent: the field has its place among the others. */
  readonly tag?: number;
  /** Whether a value may be dropped silently in a version that lacks the field. */
  readonly ignorable?: true;
  /** The declared default; absent: the zero of the shape. */
  readonly fallback?: unknown;
}

/**
 * A field. Immutable: each of the methods gives another field, so one that several messages share can be refined in one
 * of them without a trace in the others. The methods may come in any order; the last word on a trait counts.
 */
export class Field<Out, In = Out, Opt extends boolean = false> {
  declare readonly "~out": Out;
  declare readonly "~in": In;
  declare readonly "~opt": Opt;
  readonly shape: Shape;
  readonly traits: Traits;

  constructor(shape: Shape, traits: Traits = {}) {
    this.shape = shape;
    this.traits = traits;
  }

  /** Exists in these versions only. */
  versions(versions: Range): Field<Out, In, true> {
    return new Field(this.shape, { ...this.traits, versions });
  }
  /** Exists in these versions only, in the tagged section; at its default it takes no bytes. */
  tagged(tag: number, versions: Range): Field<Out, In, true> {
    return new Field(this.shape, { ...this.traits, tag, versions });
  }
  /** May be null in these versions; its default stays what it was. */
  nullable(nullable: Range = "0+"): Field<Out | null, In | null, Opt> {
    return new Field(this.shape, { ...this.traits, nullable });
  }
  /** What the field is when it is absent from the version, or was left out. Kafka's own default, or parity breaks. */
  default(fallback: Out): Field<Out, In, true> {
    return new Field(this.shape, { ...this.traits, fallback });
  }
  /** In a version that lacks the field, a value other than the default is dropped instead of refused. */
  ignorable(): Field<Out, In, Opt> {
    return new Field(this.shape, { ...this.traits, ignorable: true });
  }
}

/** A field of which nothing is known to the compiler: what code that treats all fields alike takes. */
export type AnyField = Field<unknown, unknown, boolean>;
export type Fields = Readonly<Record<string, AnyField>>;
/** Makes the compiler print an intersection as the one object type that it is. */
type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** Every key present: what a version lacks has its default. */
export type Decoded<F extends Fields> = Simplify<{ readonly [K in keyof F]: F[K]["~out"] }>;

/**
 * The keys with an `Opt` of true. The condition reads `true extends …`, not the reverse: an unknown field, whose `Opt`
 * is `boolean`, then counts as one that may be left out, and code over `AnyField` can be written at all.
 */
type Omittable<F extends Fields> = {
  [K in keyof F]: true extends F[K]["~opt"] ? K : never;
}[keyof F];

/** What encoding takes: keys with a meaning of their own when absent may be absent. */
export type Encodable<F extends Fields> = Simplify<
  { readonly [K in Exclude<keyof F, Omittable<F>>]: F[K]["~in"] } & {
    readonly [K in Omittable<F>]?: F[K]["~in"] | undefined;
  }
>;

/** Where `Partially` stops: what has no parts. */
type Leaf = string | number | bigint | boolean | null | Uint8Array;

/** A value of which any part may be left to its default, however deep. */
export type Partially<T> = T extends Leaf
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Partially<Element>[]
    : { readonly [K in keyof T]?: Partially<T[K]> | undefined };

/** A constructor is a function and not a constant, so that a schema reads as Kafka's table of fields does. */
const primitive =
  <T>(kind: Primitive) =>
  (): Field<T> =>
    new Field<T>({ kind });

export const bool: () => Field<boolean> = primitive("bool");
export const int8: () => Field<number> = primitive("int8");
export const int16: () => Field<number> = primitive("int16");
export const uint16: () => Field<number> = primitive("uint16");
export const int32: () => Field<number> = primitive("int32");
/** All 64 bits, as a bigint: for the one field whose default lies beyond 2^53 - 1. */
export const int64: () => Field<bigint> = primitive("int64");
/** An int64 on the wire and a number in memory: offsets, epochs, milliseconds. Beyond 2^53 - 1 it is refused. */
export const offset: () => Field<number> = primitive("offset");
/**
 * Milliseconds since the Unix epoch, likewise. What lies beyond 2^53 - 1 is read as that bound: it is a time that never
 * comes, and a log that holds one can still be read. Nothing is written beyond it.
 */
export const timestamp: () => Field<number> = primitive("timestamp");
export const float64: () => Field<number> = primitive("float64");
export const uuid: () => Field<Uuid> = primitive("uuid");
export const string: () => Field<string> = primitive("string");
/** A string that keeps its int16 length in flexible versions too: the client id of a request header. */
export const legacyString: () => Field<string> = primitive("legacyString");
/** Decodes to a view of the frame; code that keeps the value beyond the frame copies it. */
export const bytes: () => Field<Uint8Array> = primitive("bytes");
/** Record batches, opaque here; a view, as `bytes`. */
export const records: () => Field<Uint8Array> = primitive("records");

/**
 * A struct in place, with fields of its own. `const F` keeps the literal types of what it is given: without it the
 * compiler would widen the ranges to strings and the keys to an index signature.
 */
export const struct = <const F extends Fields>(fields: F): Field<Decoded<F>, Encodable<F>> =>
  new Field({ kind: "struct", fields });

/** An array of a field, or of structs when given their fields. */
export function array<const F extends Fields>(
  element: F,
): Field<readonly Decoded<F>[], readonly Encodable<F>[]>;
export function array<Out, In>(
  element: Field<Out, In, boolean>,
): Field<readonly Out[], readonly In[]>;
export function array(element: Fields | AnyField): AnyField {
  const shape: Shape =
    element instanceof Field ? element.shape : { kind: "struct", fields: element };
  return new Field({ kind: "array", element: shape });
}
