/**
 * How far the log of a cluster is known here to be committed: the highest high watermark that any controller has told
 * this isolate. It never is less than that again, and may be more.
 */
import { Recent } from "../recent.ts";

/** A number for each cluster; more clusters than one isolate serves. */
const KNOWN_MAX = 10_000;

const ends = new Recent<number>(KNOWN_MAX);

/** Exclusive; 0 where nobody has told. */
export const committedOf = (key: string): number => ends.get(key) ?? 0;

export function noteCommitted(key: string, highWatermark: number): void {
  if (highWatermark > committedOf(key)) ends.set(key, highWatermark);
}
