/**
 * How far an answer reaches into a cluster's log, and how far this isolate has shown anyone. A later read from the
 * same isolate reaches at least as far: whoever wrote here reads their write here, and nobody is shown an older
 * pair of (epoch, offset) after a newer one.
 */
import { Recent } from "../recent.ts";

/** The last committed record that an answer reflects, and its leader epoch. */
export interface Position {
  /** -1 before the first record. */
  readonly offset: number;
  readonly epoch: number;
}

export const OFFSET_HEADER = "Kafka-Metadata-Offset";
export const EPOCH_HEADER = "Kafka-Metadata-Epoch";

/** The position that an answer's headers carry, if they do. */
export function positionOf(response: Response): Position | undefined {
  const offset = response.headers.get(OFFSET_HEADER);
  const epoch = response.headers.get(EPOCH_HEADER);
  if (offset === null || epoch === null) return undefined;
  return { offset: Number(offset), epoch: Number(epoch) };
}

/** Two numbers a cluster: more than one isolate will meet. */
const SEEN_MAX = 10_000;

const seen = new Recent<Position>(SEEN_MAX);

/** The furthest position shown of that cluster; before everything when none was. */
export const seenOf = (key: string): Position => seen.get(key) ?? { offset: -1, epoch: 0 };

/** Notes that `position` was shown. Committed positions only ever grow, so the furthest stands for all. */
export function noteSeen(key: string, position: Position): void {
  if (position.offset > seenOf(key).offset) seen.set(key, position);
}
