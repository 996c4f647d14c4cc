/** Whole numbers in the query of a call. */
export interface NumberBounds {
  /** What stands for a parameter that is not there; without it, there must be one. */
  readonly fallback?: number;
  readonly max: number;
}

/** A whole number from 0 to `max`; null when the text is anything else. */
export function numberIn(
  query: URLSearchParams,
  name: string,
  { fallback, max }: NumberBounds,
): number | null {
  const text = query.get(name);
  if (text === null) return fallback ?? null;
  return /^\d{1,16}$/.test(text) && Number(text) <= max ? Number(text) : null;
}
