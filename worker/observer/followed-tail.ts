/**
 * The newest lines of a log as an isolate shares them among its followers, and where each of those goes on in them.
 */
import { Problem } from "../http/errors.ts";
import type { CommittedRange } from "./committed-log.ts";
import { logLines, type LogLine } from "./log-lines.ts";

/** Where a reader stands: the next offset, and the epoch of the record before it where that is known. */
export interface Place {
  readonly offset: number;
  readonly epoch: number | undefined;
}

/** What a controller says of its log with a range. */
type Told = Pick<CommittedRange, "highWatermark" | "logStart" | "confirmedMs">;

/** What comes next for a reader. */
export interface FollowedRange extends Told {
  readonly lines: Iterable<LogLine>;
  /** Where to go on. */
  readonly end: Place;
}

/** The newest lines, without a gap: one for each offset. */
export interface Tail extends Told {
  /** The first place that it has lines from. */
  readonly start: Place;
  readonly end: Place;
  readonly lines: readonly LogLine[];
  readonly characters: number;
}

/** Of the lines that one cluster's tail keeps: what a reader may be behind without asking for itself. */
const TAIL_CHARACTERS_MAX = 1_048_576;
/** Of what is handed to a reader at once. */
const SHARED_CHARACTERS = 262_144;
/** A tail without lines. */
export const tailAt = (place: Place, told: Told): Tail => ({
  ...toldBy(told),
  start: place,
  end: place,
  lines: [],
  characters: 0,
});

const toldBy = ({ highWatermark, logStart, confirmedMs }: Told): Told => ({
  highWatermark,
  logStart,
  confirmedMs,
});

/** A range that was asked for by one reader. */
export const rangeAlone = (range: CommittedRange, from: Place): FollowedRange => ({
  ...toldBy(range),
  lines: logLines(range.batches, from.offset, range.causes),
  end: { offset: range.end, epoch: range.batches.at(-1)?.leaderEpoch ?? from.epoch },
});

/** The tail with a range after it. One that is too large for it begins anew at the range's end. */
export function lengthened(tail: Tail, range: CommittedRange): Tail {
  const told = toldBy(range);
  const last = range.batches.at(-1);
  if (last === undefined || last.lastOffset < tail.end.offset) return { ...tail, ...told };
  const end: Place = { offset: last.lastOffset + 1, epoch: last.leaderEpoch };
  const lines = [...tail.lines];
  let { start, characters } = tail;
  let added = 0;
  for (const line of logLines(range.batches, tail.end.offset, range.causes)) {
    added += line.text.length;
    if (added > TAIL_CHARACTERS_MAX) return tailAt(end, range);
    lines.push(line);
  }
  characters += added;
  let dropped = 0;
  for (const line of lines) {
    if (characters <= TAIL_CHARACTERS_MAX) break;
    characters -= line.text.length;
    start = { offset: line.offset + 1, epoch: line.leaderEpoch };
    dropped += 1;
  }
  return { ...told, start, end, lines: lines.slice(dropped), characters };
}

/** Lines of the tail from `offset` on, as many as are handed out at once. */
export function sharedOf(tail: Tail, offset: number): FollowedRange {
  const { lines } = tail;
  const first = offset - tail.start.offset;
  let characters = 0;
  let at = first;
  while (at < lines.length && (at === first || characters < SHARED_CHARACTERS)) {
    characters += lines[at]?.text.length ?? 0;
    at += 1;
  }
  const last = lines[at - 1];
  return {
    ...toldBy(tail),
    lines: lines.slice(first, at),
    end: last === undefined ? tail.end : { offset: last.offset + 1, epoch: last.leaderEpoch },
  };
}

/** Of a reader for whom nothing has come. */
export const nothingAt = (tail: Tail, place: Place): FollowedRange => ({
  ...toldBy(tail),
  lines: [],
  end: place,
});

/** Throws a `Problem` where the record before that place is of another epoch. */
export function assertSameLog(tail: Tail, { offset, epoch }: Place): void {
  if (epoch === undefined || offset > tail.end.offset) return;
  const known =
    offset === tail.start.offset
      ? tail.start.epoch
      : tail.lines[offset - 1 - tail.start.offset]?.leaderEpoch;
  if (known === undefined || known === epoch) return;
  throw new Problem(
    "LOG_DIVERGED",
    `offset ${offset - 1} is of epoch ${known} and not of ${epoch}: it was read from another log`,
  );
}
