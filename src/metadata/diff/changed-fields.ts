/**
 * Which fields of a plain value changed: texts, numbers, lists and records of them, compared by what they say.
 */

/** A field as it was and as it is; null where there was none, or is none any more. */
export interface FieldChange {
  readonly name: string;
  readonly from: unknown;
  readonly to: unknown;
}

type Value = Readonly<Record<string, unknown>>;

/** The fields that differ, in the order of the value's; all of them where there is only one value. */
export function changedFields(
  before: object | undefined,
  after: object | undefined,
): readonly FieldChange[] {
  const old: Value = { ...before };
  const now: Value = { ...after };
  const isOne = before === undefined || after === undefined;
  return Object.keys(after ?? before ?? {})
    .map((name) => ({ name, from: old[name] ?? null, to: now[name] ?? null }))
    .filter(({ from, to }) => isOne || !isSame(from, to));
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => isSame(item, other[at]));
  }
  if (!isRecord(one) || !isRecord(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => isSame(one[name], other[name]))
  );
}

const isRecord = (value: unknown): value is Value =>
  typeof value === "object" && value !== null && !Array.isArray(value);
