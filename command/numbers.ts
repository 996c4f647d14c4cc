/** Numbers as they are typed. */
import { UsageError } from "./usage-error.ts";

/** A whole number from `min` to `max`; throws a `UsageError` that names the option. */
export function numberOf(
  option: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`${option} must be a number from ${min} to ${max}`);
  return value;
}
