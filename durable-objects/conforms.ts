/**
 * Whether JSON that came from elsewhere is what its type says: a check for every field. The two sides of a call may be
 * of different builds, so nothing is believed because it was sent.
 */
export type Check = (value: unknown) => boolean;

/** A check for every field, so that a field that is added to the type is checked too. */
export type Checks<T> = Readonly<Record<keyof T, Check>>;

export const isText: Check = (value) => typeof value === "string";
export const isInteger: Check = (value) => Number.isInteger(value);

export function conforms(value: unknown, checks: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return Object.entries(checks).every(([name, check]) => check(fields[name]));
}
