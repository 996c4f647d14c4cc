/**
 * What a replica has stored: written by the `persist` of a step alone, whole, and all that a boot knows. Snapshots have
 * no part in these models.
 */
import type {
  DurableImage,
  ElectionState,
  Entry,
  PersistEffect,
  Reply,
  Response,
} from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { imageOf } from "../raft/node-disk.ts";
import { type Identified, Identities } from "./identities.ts";
import { textOf } from "./relabeling.ts";

/**
 * A log, as its last batch with all before it. Two logs that are the same up to some batch share it, so that a prefix is
 * found by identity.
 */
export interface LogEnd extends Identified {
  /** Null before the first batch. */
  readonly before: LogEnd | null;
  readonly entry: Entry;
}

/** The empty log is null. */
export type Log = LogEnd | null;

export interface Stored {
  readonly election: ElectionState | null;
  readonly log: Log;
  /** What was known to be committed when something was last stored. */
  readonly highWatermark: number | null;
  /** How often the replica was booted, this time included. */
  readonly boots: number;
}

export const NOTHING_STORED: Stored = {
  election: null,
  log: null,
  highWatermark: null,
  boots: 0,
};

export const endOf = (log: Log): number => (log === null ? 0 : log.entry.lastOffset + 1);

/** Where a batch of `log` ends at `offset`: the log up to there; undefined where none does. */
export function upTo(log: Log, offset: number): Log | undefined {
  let end = log;
  while (end !== null && endOf(end) > offset) end = end.before;
  return endOf(end) === offset ? end : undefined;
}

/** Whether `log` begins with all of `prefix`. */
export const holds = (log: Log, prefix: Log): boolean => upTo(log, endOf(prefix)) === prefix;

/** From the first batch on. */
export function entriesOf(log: Log): readonly Entry[] {
  const entries: Entry[] = [];
  for (let end = log; end !== null; end = end.before) entries.push(end.entry);
  return entries.toReversed();
}

/** Makes logs, one object for each. */
export class Logs {
  readonly #ends = new Identities<Omit<LogEnd, keyof Identified>>(
    (end, names) => `log ${textOf(end, names)}`,
  );

  /** What is stored after a step that asked for it. */
  write(stored: Stored, persist: PersistEffect): Stored {
    const { election, truncateTo, append, highWatermark } = persist;
    const { snapshot, chunk, install, logStart } = persist;
    const isPlain = [snapshot, chunk, install, logStart].every((part) => part === null);
    assert(isPlain, "there are no snapshots here");
    const kept = truncateTo === null ? stored.log : upTo(stored.log, truncateTo);
    assert(kept !== undefined, `no batch ends at ${truncateTo}, where the log is truncated`);
    let log: Log = kept;
    for (const entry of append) {
      assert(endOf(log) === entry.baseOffset, `a batch at ${entry.baseOffset} of ${endOf(log)}`);
      log = this.#ends.of({ before: log, entry });
    }
    return { ...stored, election: election ?? stored.election, log, highWatermark };
  }
}

export const bootImage = ({ election, log, highWatermark }: Stored): DurableImage =>
  imageOf(election, entriesOf(log), highWatermark);

/** Reads the records that a reply only names. */
export function withRecords(reply: Reply, log: Log): Response {
  assert(reply.api !== "fetch-snapshot", "there are no snapshots here");
  if (reply.api !== "fetch") return reply;
  const { records: range } = reply;
  if (range === null) return { ...reply, records: [] };
  const isAsked = ({ baseOffset, lastOffset }: Entry): boolean =>
    lastOffset >= range.from && baseOffset < range.upTo;
  return { ...reply, records: entriesOf(log).filter(isAsked) };
}
