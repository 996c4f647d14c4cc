/**
 * Which offset belongs to a time: that of the newest record that was written then or before, by the clock of the leader
 * that wrote it. Clocks of leaders may differ, so the log is not in the order of its times: a record counts although an
 * older one claims to be later.
 */
import { Problem } from "../http/errors.ts";
import type { LogSource } from "./log-source.ts";
import { nextEvent } from "./next-event.ts";
import { RANGE_BYTES_MAX } from "./observed-image.ts";

/**
 * The offset, searched from the newest snapshot of that time or before on; a snapshot's time is that of its last
 * record. Reads the log from there to its end, headers alone. A `Problem` where nothing is kept that is so old.
 */
export async function offsetAt(timeMs: number, source: LogSource): Promise<number> {
  const { snapshots, logStart, unanswered } = await source.offers();
  const snapshot = snapshots.find((each) => each.timestampMs <= timeMs);
  if (snapshot === undefined && logStart !== 0) {
    if (logStart === null)
      throw new Problem(
        "CONTROLLER_UNREACHABLE",
        `no controller answers: ${unanswered.join("; ")}`,
      );
    throw tooEarly(timeMs, snapshots.at(-1)?.timestampMs);
  }
  let found = snapshot === undefined ? -1 : snapshot.endOffset - 1;
  let firstMs: number | undefined;
  for (let fromOffset = found + 1; ;) {
    const range = await source.range({ fromOffset, maxBytes: RANGE_BYTES_MAX, waitMs: 0 });
    firstMs ??= range.batches[0]?.timestampMs;
    const last = range.batches.findLast(({ timestampMs }) => timestampMs <= timeMs);
    if (last !== undefined) found = last.lastOffset;
    fromOffset = range.end;
    if (range.end >= range.highWatermark) break;
    await nextEvent();
  }
  if (found < 0) throw tooEarly(timeMs, firstMs);
  return found;
}

const tooEarly = (timeMs: number, oldestMs: number | undefined): Problem => {
  const oldest = oldestMs === undefined ? "" : `: the oldest that is, is of ${dateText(oldestMs)}`;
  return new Problem("BEYOND_RETENTION", `the state at ${dateText(timeMs)} is not kept${oldest}`, {
    details: oldestMs === undefined ? {} : { oldest_timestamp_ms: oldestMs },
  });
};

const dateText = (timeMs: number): string => new Date(timeMs).toISOString();
