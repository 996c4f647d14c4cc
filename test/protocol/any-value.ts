/**
 * Values of any message at any version, for property tests: every field that exists takes ordinary values, the ends of
 * its range, its default, and null where it may; a field that the version lacks stays at its default.
 */
import * as fc from "fast-check";
import {
  apis,
  covers,
  recordSchemas,
  RequestHeader,
  uuidFromBytes,
  versionsOf,
  type AnyMessage,
} from "../../src/protocol/index.ts";
import { fallbackOf } from "../../src/protocol/schema/fallback.ts";
import type { AnyField, Fields, Primitive, Shape } from "../../src/protocol/schema/field.ts";

/** Every message of the wire: requests, responses, metadata records and the header that has a string of its own. */
export const messages: readonly AnyMessage[] = [
  ...Object.values(apis).flatMap(({ request, response }): AnyMessage[] => [request, response]),
  ...Object.values(recordSchemas),
  RequestHeader,
];

/** Every message at each of its versions, named for a table of tests. */
export const messageVersions: readonly { name: string; message: AnyMessage; version: number }[] =
  messages.flatMap((message) =>
    versionsOf(message.valid).map((version) => ({
      name: `${message.name} v${version}`,
      message,
      version,
    })),
  );

const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0));

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("", "topic", "\uFEFFmark"),
);
const blob = fc.uint8Array({ maxLength: 200 });

const safeInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -1,
    Number.MIN_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
    2 ** 32,
    -(2 ** 32),
    2 ** 31,
  ),
);

const LEAVES: Readonly<Record<Primitive, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: between(-0x80, 0x7f),
  int16: between(-0x8000, 0x7fff),
  uint16: between(0, 0xffff),
  int32: between(-0x8000_0000, 0x7fff_ffff),
  int64: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(0n, 2n ** 63n - 1n),
  ),
  offset: safeInteger,
  timestamp: safeInteger,
  // JSON has one zero only.
  float64: fc.double().map((value) => (value === 0 ? 0 : value)),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => uuidFromBytes(bytes)),
  string: text,
  legacyString: text,
  bytes: blob,
  records: blob,
};

function anyShape(shape: Shape, version: number): fc.Arbitrary<unknown> {
  if (shape.kind === "struct") return anyValue(shape.fields, version);
  if (shape.kind === "array") return fc.array(anyShape(shape.element, version), { maxLength: 3 });
  return LEAVES[shape.kind];
}

function anyField(field: AnyField, version: number): fc.Arbitrary<unknown> {
  const fallback = fc.constant(fallbackOf(field));
  const { versions, nullable } = field.traits;
  if (versions !== undefined && !covers(versions, version)) return fallback;
  const given = fc.oneof(
    { arbitrary: anyShape(field.shape, version), weight: 4 },
    { arbitrary: fallback, weight: 1 },
  );
  if (nullable !== undefined && covers(nullable, version)) return fc.option(given, { nil: null });
  // A default of null belongs to a version in which null may be said.
  return given.filter((value) => value !== null);
}

/** Any value of these fields that `version` can say. */
export const anyValue = (fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, anyField(field, version)]),
    ),
    { noNullPrototype: true },
  );
