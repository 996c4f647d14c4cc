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
  Sleep,
} from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { imageOf } from "../raft/node-disk.ts";
import { type Identified, Identities } from "./identities.ts";
import { textOf } from "./relabeling.ts";
import { sleepAtRest } from "./rest.ts";

/**
 * A log, as its last batch with all before it. Two logs that are the same up to some batch share it, so that a prefix
 * is found by identity.
 */
export interface LogEnd extends Identified {
  /** Null before the first batch. */
  readonly before: LogEnd | null;
  readonly entry: Entry;
}

/** The empty log is null. */
export type Log = LogEnd | null;

export interface Stored extends Identified {
  readonly election: ElectionState | null;
  readonly log: Log;
  /** What was known to be committed when something was last stored. */
  readonly highWatermark: number | null;
  /** Where it sleeps; null of one that was awake when it last stored something. */
  readonly sleep: Sleep | null;
  /** How often the replica was booted, this time included. */
  readonly boots: number;
}

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

/** The ids of the newest set of voters in a log; none where it holds no set. The same list for the same set. */
export function votersIn(log: Log): readonly number[] {
  for (let end = log; end !== null; end = end.before) {
    const voters = votersOf(end);
    if (voters !== null) return voters;
  }
  return NONE;
}

const NONE: readonly number[] = [];
const votersByEnd = new WeakMap<LogEnd, readonly number[] | null>();

function votersOf(end: LogEnd): readonly number[] | null {
  const known = votersByEnd.get(end);
  if (known !== undefined) return known;
  const sets = end.entry.control.flatMap((record) =>
    record.kind === "kraft-voters" ? [record.voters.map(({ key }) => key.id)] : [],
  );
  const voters = sets.at(-1) ?? null;
  votersByEnd.set(end, voters);
  return voters;
}

/** Makes what is stored, one object for each. */
export class Storage {
  readonly #known = new Identities<Omit<Stored, keyof Identified>>(
    (stored, names) => `stored ${textOf(stored, names)}`,
  );
  readonly #ends = new Identities<Omit<LogEnd, keyof Identified>>(
    (end, names) => `log ${textOf(end, names)}`,
  );

  /** Of a replica that was never there. */
  readonly none: Stored = this.#known.of({
    election: null,
    log: null,
    highWatermark: null,
    sleep: null,
    boots: 0,
  });

  /** What is stored at the next boot. */
  booted({ election, log, highWatermark, sleep, boots }: Stored): Stored {
    return this.#known.of({ election, log, highWatermark, sleep, boots: boots + 1 });
  }

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
    return this.#known.of({
      election: election ?? stored.election,
      log,
      highWatermark,
      sleep: sleepAfter(stored, persist),
      boots: stored.boots,
    });
  }
}

function sleepAfter(stored: Stored, { sleep }: PersistEffect): Sleep | null {
  if (sleep === null) return stored.sleep;
  return sleep === "over" ? null : sleepAtRest(sleep);
}

export const bootImage = ({ election, log, highWatermark, sleep }: Stored): DurableImage => ({
  ...imageOf(election, entriesOf(log), highWatermark),
  sleep,
});

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
