/**
 * Reading JSON bodies and query parameters whose shape is ours (not Kafka's): every refusal names the field's
 * path and what was expected of it, and an unknown field is refused rather than ignored.
 */
import { Problem } from "./errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** `value` as an object that has no field outside `known`. */
export function objectAt(value: unknown, path: string, known: readonly string[]): JsonObject {
  if (!isObject(value)) throw invalid(path, "an object");
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new Problem(
        "INVALID_REQUEST",
        `${path === "" ? key : `${path}.${key}`}: unknown field; known are ${known.join(", ")}`,
      );
    }
  }
  return value;
}

/** `value` as an object whose keys are data. */
export function mapAt(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw invalid(path, "an object");
  return value;
}

export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(path, "an array");
  return value;
}

export function textAt(value: unknown, path: string): string {
  if (typeof value !== "string") throw invalid(path, "a string");
  return value;
}

/** Base64. What was found in its place is not repeated: it may be a secret. */
export function bytesAt(value: unknown, path: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(textAt(value, path)), (letter) => letter.charCodeAt(0));
  } catch {
    throw invalid(path, "base64");
  }
}

export function booleanAt(value: unknown, path: string): boolean {
  if (typeof value !== "boolean") throw invalid(path, "true or false");
  return value;
}

/** Of a broker or a partition: an int32 of Kafka's that is not below 0. */
export const IDS = { min: 0, max: 0x7fff_ffff } as const;

/** A whole number within `[min, max]`. */
export function integerAt(
  value: unknown,
  path: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw invalid(path, `a whole number from ${min} to ${max}`);
  }
  return value;
}

/** A query parameter that holds a whole number; `undefined` when it is not there. */
export function integerParameter(
  text: string | undefined,
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  return integerAt(/^-?\d{1,16}$/.test(text) ? Number(text) : text, name, bounds);
}

const MILLISECONDS = /^\d{1,15}$/;
/** ISO 8601 with a time zone: without one it would be a matter of where the reader of this line is. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/;

/**
 * A query parameter that holds a time of the past, in milliseconds since the Unix epoch or in ISO 8601; `undefined`
 * when it is not there.
 */
export function timeParameter(
  text: string | undefined,
  name: string,
  nowMs: number,
): number | undefined {
  if (text === undefined) return undefined;
  const timeMs = MILLISECONDS.test(text)
    ? Number(text)
    : ISO_TIME.test(text)
      ? Date.parse(text)
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
export function timeAt(value: unknown, path: string): number {
  const timeMs =
    typeof value === "number"
      ? 1000 * value
      : typeof value === "string" && ISO_TIME.test(value)
        ? Date.parse(value)
        : Number.NaN;
  if (timeMs >= 0 && timeMs <= Number.MAX_SAFE_INTEGER) return timeMs;
  throw invalid(path, "seconds since 1970, or ISO 8601 with its zone, as 2026-01-31T08:00:00Z");
}

/** A refusal of the value at `path`. */
export const invalid = (path: string, expected: string): Problem =>
  new Problem("INVALID_REQUEST", `${path === "" ? "the body" : path}: must be ${expected}`);

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
