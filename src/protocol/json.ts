/**
 * A message as JSON in Kafka's own form, as its generated `*JsonConverter` classes write it: names with a small first
 * letter, uuids as text, bytes as base64, a tagged field only where it differs from its default. A second reading of
 * the same schemas as the codecs.
 *
 * Reading is stricter than Kafka's, because it is the door for hands and scripts: an unknown field, a field that the
 * version lacks, a wrong type and a number out of range are refused with the path; and more lenient in one thing: a
 * field may be missing if the schema declares its default. Kafka's converters pass over what a version does not know,
 * so that DeleteTopics with the `topicNames` of an older version deletes nothing and succeeds. `ignorable` does not
 * excuse such a field either: it allows a program to fill in one value for all versions, and who writes a field by hand
 * means it. Two departures: record batches are base64 here, where Kafka's tools print a size, and an integer beyond
 * 2^53 - 1 is a decimal string, where JSON numbers are not exact.
 */
/* oxlint-disable typescript/no-unsafe-type-assertion -- the schema says what a value is, as for the codecs */
import { fromBase64, toBase64 } from "./bytes/base64.ts";
import { EncodeError, inMessage, joinPath, show, within } from "./bytes/errors.ts";
import { isUuid } from "./bytes/uuid.ts";
import type { ControlRecord } from "./control-records.ts";
import { controlRecordSchema } from "./control-records.ts";
import { recordSchemas, isMetadataRecordType, type MetadataRecord } from "./record-schemas.ts";
import { fallbackOf, isFallback } from "./schema/fallback.ts";
import type { AnyField, Decoded, Fields, Primitive, Shape } from "./schema/field.ts";
import type { AnyMessage, Message } from "./schema/message.ts";
import type { RecordSchema } from "./schema/record.ts";
import { covers } from "./schema/versions.ts";

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

/** JSON that is not the message it claims to be: `reason` is meant for its sender. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  readonly api: string;
  readonly version: number;
  readonly path: string;
  readonly reason: string;

  constructor(reason: string, place: { api?: string; version?: number; path?: string } = {}) {
    const { api = "", version = -1, path = "" } = place;
    super(path === "" ? reason : `${path}: ${reason}`);
    this.api = api;
    this.version = version;
    this.path = path;
    this.reason = reason;
  }
}

/** `value` as JSON. A value that `version` cannot say is an `EncodeError`, as when writing bytes. */
export function toJson<F extends Fields>(
  message: Message<F>,
  version: number,
  value: Decoded<F>,
): JsonObject {
  try {
    return structToJson(message.fields, version, value);
  } catch (error) {
    throw inMessage(error, message.name, version);
  }
}

/** The value that `json` says, all keys present; `JsonError` if it says none. */
export function fromJson<F extends Fields>(
  message: Message<F>,
  version: number,
  json: unknown,
): Decoded<F> {
  const { name: api } = message;
  if (!message.supports(version)) throw new JsonError(`there is no version ${version}`, { api });
  try {
    return structFromJson(message.fields, version, json) as Decoded<F>;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new JsonError(error.reason, { api, version, path: error.path });
  }
}

/** A record with its kind and version, as kafka-dump-log prints it. */
export interface RecordJson {
  readonly type: string;
  readonly version: number;
  readonly data: JsonObject;
}

export function metadataRecordToJson({ type, version, data }: MetadataRecord): RecordJson {
  const schema: RecordSchema = recordSchemas[type];
  return { type, version, data: toJson<Fields>(schema, version, { ...data }) };
}

/** The record that `json` says; `JsonError` if it is none. */
export function metadataRecordFromJson(json: unknown): MetadataRecord {
  if (!isObject(json)) throw new JsonError(`${nameOf(json)} where a record was expected`);
  const { type, version, data } = json;
  if (typeof type !== "string" || !isMetadataRecordType(type)) {
    throw new JsonError("there is no such record", { path: "type" });
  }
  if (typeof version !== "number")
    throw new JsonError("a number was expected", { path: "version" });
  const schema: RecordSchema = recordSchemas[type];
  return {
    type,
    version,
    data: fromJson<Fields>(schema, version, data),
  } as unknown as MetadataRecord;
}

export function controlRecordToJson({ type, data }: ControlRecord): RecordJson {
  const schema: AnyMessage = controlRecordSchema(type);
  return { type, version: 0, data: toJson<Fields>(schema, 0, { ...data }) };
}

type Values = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const existsAt = ({ traits }: AnyField, version: number): boolean =>
  traits.versions === undefined || covers(traits.versions, version);

const isNullable = ({ traits }: AnyField, version: number): boolean =>
  traits.nullable !== undefined && covers(traits.nullable, version);

function structToJson(fields: Fields, version: number, values: Values): JsonObject {
  const out: Record<string, JsonValue> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name] === undefined ? fallbackOf(field) : values[name];
    if (!existsAt(field, version)) {
      refuseLoss(name, field, value);
    } else if (field.traits.tag === undefined || !isFallback(field, value)) {
      try {
        out[name] = shapeToJson(field.shape, version, value);
      } catch (error) {
        throw within(error, name);
      }
    }
  }
  return out;
}

/** A value that the version has no field for may be dropped only if the schema says so. */
function refuseLoss(name: string, field: AnyField, value: unknown): void {
  if (field.traits.ignorable === true || isFallback(field, value)) return;
  throw new EncodeError("this version has no such field, and it may not be dropped").within(name);
}

function shapeToJson(shape: Shape, version: number, value: unknown): JsonValue {
  if (value === null) return null;
  if (shape.kind === "struct") return structToJson(shape.fields, version, value as Values);
  if (shape.kind === "array") {
    return (value as readonly unknown[]).map((item) => shapeToJson(shape.element, version, item));
  }
  if (value instanceof Uint8Array) return toBase64(value);
  if (typeof value === "bigint") return int64ToJson(value);
  // JSON has no word for three of the float64; Kafka writes their names.
  if (typeof value === "number" && !Number.isFinite(value)) return show(value);
  return value as JsonValue;
}

const int64ToJson = (value: bigint): JsonValue =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();

function structFromJson(fields: Fields, version: number, json: unknown): Values {
  if (!isObject(json)) throw new JsonError(`${nameOf(json)} where an object was expected`);
  // What is said and cannot be meant is named before what is missing: it is most often the same thing.
  for (const name of Object.keys(json)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) throw new JsonError("there is no such field", { path: name });
    if (!existsAt(field, version)) at(name, () => refuseSaying(field, version, json[name]));
  }
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const given = Object.hasOwn(json, name) ? json[name] : undefined;
    out[name] = at(name, () => fieldFromJson(field, version, given));
  }
  return out;
}

function fieldFromJson(field: AnyField, version: number, json: unknown): unknown {
  const { tag, fallback } = field.traits;
  if (!existsAt(field, version)) return fallbackOf(field);
  if (json === undefined) {
    if (tag !== undefined || fallback !== undefined) return fallbackOf(field);
    throw new JsonError("the field is missing");
  }
  if (json !== null) return shapeFromJson(field.shape, version, json);
  if (!isNullable(field, version)) throw new JsonError("null is not allowed here");
  return null;
}

/** Refuses to lose what `json` says in a field that the version lacks. */
function refuseSaying(field: AnyField, version: number, json: unknown): void {
  if (saysNothing(field, version, json)) return;
  const { versions } = field.traits;
  throw new JsonError(`version ${version} has no such field; versions ${versions} have it`);
}

/** Whether `json` is the default of the field, so that nothing is lost with it. */
function saysNothing(field: AnyField, version: number, json: unknown): boolean {
  try {
    const value = json === null ? null : shapeFromJson(field.shape, version, json);
    return isFallback(field, value);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return false;
  }
}

function shapeFromJson(shape: Shape, version: number, json: unknown): unknown {
  if (shape.kind === "struct") return structFromJson(shape.fields, version, json);
  if (shape.kind !== "array") return SCALARS[shape.kind](json);
  if (!Array.isArray(json)) throw new JsonError(`${nameOf(json)} where an array was expected`);
  return json.map((item: unknown, index) =>
    at(`[${index}]`, () => shapeFromJson(shape.element, version, item)),
  );
}

/** Runs `work`; a fault in it lies at `segment`. */
function at<T>(segment: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new JsonError(error.reason, { path: joinPath(segment, error.path) });
  }
}

const SCALARS: Readonly<Record<Primitive, (json: unknown) => unknown>> = {
  bool: (json) => (typeof json === "boolean" ? json : refuse(json, "true or false")),
  int8: (json) => integer(json, -0x80, 0x7f),
  int16: (json) => integer(json, -0x8000, 0x7fff),
  uint16: (json) => integer(json, 0, 0xffff),
  int32: (json) => integer(json, -0x8000_0000, 0x7fff_ffff),
  offset: (json) => integer(json, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  timestamp: (json) => integer(json, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  int64: int64FromJson,
  float64: float64FromJson,
  uuid: (json) => (typeof json === "string" && isUuid(json) ? json : refuse(json, "a uuid")),
  string: textFromJson,
  legacyString: textFromJson,
  bytes: bytesFromJson,
  records: bytesFromJson,
};

function integer(json: unknown, low: number, high: number): number {
  if (typeof json === "number" && Number.isInteger(json) && low <= json && json <= high) {
    // -0 is an integer to JSON, and 0 to everybody else.
    return json === 0 ? 0 : json;
  }
  return refuse(json, `an integer from ${low} to ${high}`);
}

function int64FromJson(json: unknown): bigint {
  if (typeof json === "number" && Number.isSafeInteger(json)) return BigInt(json);
  if (typeof json === "string" && /^-?\d{1,19}$/.test(json)) {
    const value = BigInt(json);
    if (BigInt.asIntN(64, value) === value) return value;
  }
  return refuse(json, "a 64-bit integer");
}

const NOT_FINITE = new Map(["NaN", "Infinity", "-Infinity"].map((name) => [name, Number(name)]));

function float64FromJson(json: unknown): number {
  if (typeof json === "number") return json;
  return (typeof json === "string" ? NOT_FINITE.get(json) : undefined) ?? refuse(json, "a number");
}

// What stands where a text or bytes should may be a secret, such as a password of digits or the salt of a credential:
// its kind is named, and it is not repeated.

function textFromJson(json: unknown): string {
  return typeof json === "string" && json.isWellFormed() ? json : refuseKind(json, "a string");
}

function bytesFromJson(json: unknown): Uint8Array {
  return (typeof json === "string" ? fromBase64(json) : null) ?? refuseKind(json, "base64");
}

/** How much of a wrong value is repeated in the message about it. */
const QUOTED_LETTERS_MAX = 40;

function refuse(json: unknown, wanted: string): never {
  const shown =
    typeof json === "string"
      ? JSON.stringify(json.slice(0, QUOTED_LETTERS_MAX).toWellFormed())
      : nameOf(json);
  throw new JsonError(`${shown} where ${wanted} was expected`);
}

function refuseKind(json: unknown, wanted: string): never {
  const kind =
    typeof json === "number"
      ? "a number"
      : typeof json === "string" && !json.isWellFormed()
        ? "a string with half a character"
        : nameOf(json);
  throw new JsonError(`${kind} where ${wanted} was expected`);
}

function nameOf(json: unknown): string {
  if (json === undefined) return "nothing";
  if (json === null || typeof json === "boolean" || typeof json === "number") return String(json);
  if (typeof json === "string") return "a string";
  return Array.isArray(json) ? "an array" : "an object";
}
