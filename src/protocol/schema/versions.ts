/**
 * Version ranges in Kafka's own notation, so that a schema can be read beside Kafka's JSON: "3" is one version,
 * "0-14" both ends included, "12+" has no end. The compiler checks the notation, as far as a template type can: that
 * "14-0" holds no version is seen by the parity test. A range of a field is Kafka's too and may begin before its
 * message does; a field of "0+" in a message of "4-18" is in all of its versions.
 *
 * Ranges are text, and are parsed when a codec is built, never while one reads or writes.
 */
export type Range = `${number}` | `${number}-${number}` | `${number}+`;

/** The ends of a range, both included; `high` is infinite where the range has no end. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export function boundsOf(range: Range): Bounds {
  const [low, high] = range.split(/[-+]/);
  if (range.endsWith("+")) return { low: Number(low), high: Number.POSITIVE_INFINITY };
  return { low: Number(low), high: Number(high ?? low) };
}

/** Whether a version is in a range. */
export function covers(range: Range, version: number): boolean {
  const { low, high } = boundsOf(range);
  return low <= version && version <= high;
}

/** Every version of a range that has an end. */
export function versionsOf(range: Range): readonly number[] {
  const { low, high } = boundsOf(range);
  return Array.from({ length: high - low + 1 }, (_, at) => low + at);
}
