/** Which measurement a share of all of them does not exceed. */

/** The smallest of `values` that at least `share` of them, above 0 and up to 1, do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}
