/**
 * What the bodies are made of whose shape is ours (not Kafka's), as valibot schemas: a schema judges a body, and the
 * document of the interface is written from the same one (`scripts/openapi.ts`). Every refusal names the field's path
 * and what was expected of it, and an unknown field is refused rather than ignored. Query parameters are read here too.
 */
import * as v from "valibot";
import { Problem } from "./errors.ts";

export const text = v.string("must be a string");

/** What was found in its place is not repeated: it may be a secret. */
export const base64 = v.pipe(text, v.base64("must be base64"));

export const truth = v.boolean("must be true or false");

export const finite = v.number("must be a number");

export interface NumberBounds {
  readonly min: number;
  readonly max: number;
}

/** A whole number within `[min, max]`. */
export function wholeNumber({ min, max }: NumberBounds) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

/** Of a broker or a partition: an int32 of Kafka's that is not below 0. */
export const IDS = { min: 0, max: 0x7fff_ffff } as const;

export const oneOf = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  v.picklist(words, `must be one of ${words.join(", ")}`);

export const listOf = <const Item extends v.GenericSchema>(item: Item) =>
  v.array(item, "must be an array");

/** An object whose keys are data: each must be as `key` says. */
export function mapOf<const Value extends v.GenericSchema>(
  key: v.GenericSchema<string, string>,
  value: Value,
) {
  return objectsAlone(
    v.record(key, value, "must be an object"),
    isOrdinary,
    "cannot be a name here",
  );
}

/** An object that has no field but those of `entries`. */
export function fieldsOf<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries);
  const schema = v.strictObject(entries, ({ expected, path }) => {
    const missing = expected === "Object" ? undefined : entries[String(path?.at(-1)?.key)];
    return missing === undefined ? "must be an object" : wantedOf(missing);
  });
  const refusal = `unknown field; known are ${known.join(", ")}`;
  return objectsAlone(schema, (key) => known.includes(key), refusal);
}

/** What is expected where nothing was given. */
function wantedOf(schema: object): string {
  if ("wrapped" in schema && typeof schema.wrapped === "object" && schema.wrapped !== null)
    return wantedOf(schema.wrapped);
  const said = "message" in schema && typeof schema.message === "string" ? schema.message : null;
  return said ?? "must be an object";
}

/**
 * Two things that valibot lets pass: an array as an object, and of a map the keys that it holds for dangerous, which
 * would be dropped without a word. And a field too many is named before one that is missing: it is most often the same
 * field, misspelt.
 */
function objectsAlone<const Schema extends v.GenericSchema>(
  schema: Schema,
  isKnown: (key: string) => boolean,
  message: string,
): Schema {
  return {
    ...schema,
    "~run"(dataset, config) {
      const { value } = dataset;
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return schema["~run"]({ value: undefined }, config);
      const stray = Object.entries(value).find(([key]) => !isKnown(key));
      if (stray === undefined) return schema["~run"](dataset, config);
      const [key, found] = stray;
      const at = { type: "object", origin: "key", input: { ...value }, key, value: found } as const;
      v._addIssue(schema, "key", dataset, config, { message, path: [at] });
      return dataset;
    },
  };
}

const isOrdinary = (key: string): boolean =>
  !["__proto__", "constructor", "prototype"].includes(key);

/** What `value` says, as `schema` has it; a `Problem` that names the field otherwise. It lies at `path`. */
export function valueAt<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  path = "",
): v.InferOutput<Schema> {
  // With the first fault it ends: a large body may have millions.
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output;
  const [issue] = issues;
  const place = (issue.path ?? []).reduce((above, { key }) => placeIn(above, key), path);
  throw new Problem("INVALID_REQUEST", `${place === "" ? "the body" : place}: ${issue.message}`);
}

const LETTERS_MAX = 250;

function placeIn(above: string, key: unknown): string {
  if (typeof key === "number") return `${above}[${key}]`;
  const name = String(key).slice(0, LETTERS_MAX);
  if (!/^\w+$/.test(name)) return `${above}["${name}"]`;
  return above === "" ? name : `${above}.${name}`;
}

/** A query parameter that holds a whole number; `undefined` when it is not there. */
export function integerParameter(
  said: string | undefined,
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  if (said === undefined) return undefined;
  return valueAt(wholeNumber(bounds), /^-?\d{1,16}$/.test(said) ? Number(said) : said, name);
}

const MILLISECONDS = /^\d{1,15}$/;
/** ISO 8601 with a time zone: without one it would be a matter of where the reader of this line is. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

/**
 * A query parameter that holds a time of the past, in milliseconds since the Unix epoch or in ISO 8601; `undefined`
 * when it is not there.
 */
export function timeParameter(
  said: string | undefined,
  name: string,
  nowMs: number,
): number | undefined {
  if (said === undefined) return undefined;
  const timeMs = MILLISECONDS.test(said)
    ? Number(said)
    : ISO_TIME.test(said)
      ? Date.parse(said)
      : Number.NaN;
  if (Number.isNaN(timeMs)) {
    throw invalid(
      name,
      "milliseconds since 1970, or ISO 8601 with its zone, as 2026-01-31T08:00:00Z",
    );
  }
  if (timeMs > nowMs) {
    const now = new Date(nowMs).toISOString();
    throw new Problem("OFFSET_IN_FUTURE", `${name}: lies in the future; it is ${now}`);
  }
  return timeMs;
}

/** A time, as seconds since the Unix epoch or in ISO 8601; in milliseconds. */
const TIME = "must be seconds since 1970, or ISO 8601 with its zone, as 2026-01-31T08:00:00Z";
export const moment = v.union(
  [
    v.pipe(
      v.number(TIME),
      v.minValue(0, TIME),
      v.maxValue(Math.floor(Number.MAX_SAFE_INTEGER / 1000), TIME),
      v.transform((seconds) => 1000 * seconds),
    ),
    v.pipe(
      v.string(TIME),
      v.regex(ISO_TIME, TIME),
      v.check((said) => Date.parse(said) >= 0, TIME),
      v.transform((said) => Date.parse(said)),
    ),
  ],
  TIME,
);

/** A refusal of the value at `path`. */
export const invalid = (path: string, expected: string): Problem =>
  new Problem("INVALID_REQUEST", `${path === "" ? "the body" : path}: must be ${expected}`);
