/**
 * Version ranges in Kafka's own notation, so that a schema can be read beside Kafka's JSON: "3" is one version,
 * "0-14" both ends included, "12+" has no end.
 */
export type Range = `${number}` | `${number}-${number}` | `${number}+`;

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export function boundsOf(range: Range): Bounds {
  const [low, high] = range.split(/[-+]/);
  if (range.endsWith("+")) return { low: Number(low), high: Number.POSITIVE_INFINITY };
  return { low: Number(low), high: Number(high ?? low) };
}

export function covers(range: Range, version: number): boolean {
  const { low, high } = boundsOf(range);
  return low <= version && version <= high;
}

/** Every version of a range that has an end. */
export function versionsOf(range: Range): readonly number[] {
  const { low, high } = boundsOf(range);
  return Array.from({ length: high - low + 1 }, (_, at) => low + at);
}
