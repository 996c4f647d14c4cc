/**
 * Defaults: what a field is when it is absent. A declared default, or else the zero of the shape, which for a struct
 * is the default of each of its fields. Kafka's rule, and its surprise: the default of a nullable field is not null
 * unless the schema says so.
 *
 * *Absent is `undefined`, and null is a value.* A broker without a rack says null, and that must reach the wire as
 * null, while a caller who leaves the key out means the default, which may be something else. So `??`, which takes the
 * two for one, is wrong throughout this folder; `given` is what it says instead.
 *
 * Defaults do three things. They fill what a version does not carry when it is read. They stand in for what a caller
 * leaves out when it is written. And they decide what need not be written at all: a tagged field at its default takes
 * no bytes, and a field that the version lacks may be passed over if its default is all it says.
 */
/* oxlint-disable typescript/no-unsafe-type-assertion -- types are inferred from the schema; inside, a value is what its shape says */
import { ZERO_UUID } from "../bytes/uuid.ts";
import type { AnyField, Fields, Primitive, Shape } from "./field.ts";

// One value each, shared by all messages. Sharing is safe while values are readonly, which the types say and freezing
// enforces where it can: a typed array with elements cannot be frozen, and one without has nothing to change.
const NO_BYTES = new Uint8Array(0);
const NOTHING: readonly unknown[] = Object.freeze([]);

const ZEROS: Readonly<Record<Primitive, unknown>> = {
  bool: false,
  int8: 0,
  int16: 0,
  uint16: 0,
  int32: 0,
  int64: 0n,
  offset: 0,
  timestamp: 0,
  float64: 0,
  uuid: ZERO_UUID,
  string: "",
  legacyString: "",
  bytes: NO_BYTES,
  records: NO_BYTES,
};

/** The default of a field; shared and frozen, since values are readonly. */
export function fallbackOf({ shape, traits }: AnyField): unknown {
  return traits.fallback === undefined ? zeroOf(shape) : traits.fallback;
}

/** Absent is `undefined`; null is a value of its own, so `??` would be wrong here. */
export const given = (value: unknown, fallback: unknown): unknown =>
  value === undefined ? fallback : value;

/** A struct of defaults alone: what a decoded struct begins as, before what the version carries is read over it. */
export function fallbacksOf(fields: Fields): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([name, field]) => [name, fallbackOf(field)] as const);
  return Object.freeze(Object.fromEntries(entries));
}

function zeroOf(shape: Shape): unknown {
  if (shape.kind === "struct") return fallbacksOf(shape.fields);
  return shape.kind === "array" ? NOTHING : ZEROS[shape.kind];
}

/**
 * `value` with every absent key filled in, through structs and arrays of structs. This is how a rule answers without
 * naming fields that do not concern it: `response.fill({ errorCode })`. It takes what the compiler has checked to be a
 * part of the value, so a key of no field is not looked for; it would be dropped.
 */
export function filled(shape: Shape, value: unknown): unknown {
  if (value === null) return null;
  if (shape.kind === "array" && shape.element.kind === "struct") {
    const { element } = shape;
    return (value as readonly unknown[]).map((item) => filled(element, item));
  }
  if (shape.kind !== "struct") return value;
  const from = value as Readonly<Record<string, unknown>>;
  const entries = Object.entries(shape.fields).map(([name, field]) => {
    const part = from[name];
    return [name, part === undefined ? fallbackOf(field) : filled(field.shape, part)] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether `value` says nothing that the absence of the field would not say. */
export function isFallback(field: AnyField, value: unknown): boolean {
  return same(field.shape, value, fallbackOf(field));
}

/** Equality, for as much as a default can be: structs by their fields, and nothing that is not empty in the rest. */
function same(shape: Shape, value: unknown, fallback: unknown): boolean {
  if (value === fallback) return true;
  if (value === null || fallback === null) return false;
  // Only the empty array and no bytes are ever a default of these.
  if (shape.kind === "array") return (value as readonly unknown[]).length === 0;
  if (shape.kind === "bytes" || shape.kind === "records") return (value as Uint8Array).length === 0;
  if (shape.kind !== "struct") return false;
  const from = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape.fields).every(([name, field]) =>
    isFallback(field, given(from[name], fallbackOf(field))),
  );
}
