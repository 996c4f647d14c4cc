/**
 * The workspace of one step: the state as it changes, and what has been asked of the shell so far. It lives for
 * one call of `step` and never escapes; states themselves stay readonly values.
 *
 * What must be stored is not listed by the rules but found by comparison at the end: `endTurn` compares the
 * election state with the stored one and gathers what was appended and truncated. So no rule can forget to
 * persist a vote, and everything stored precedes everything said (D-1). Kafka's implementation writes its
 * quorum-state file inside each transition, and each transition must remember to.
 *
 * A batch is appended, truncated and committed through this file alone, and so is a snapshot listed and installed and
 * the log cut. That is where the guarantees of `Entry`, of snapshots and of the high watermark are asserted, whichever
 * rule asks.
 */
import { assert } from "../std/assert.ts";
import { nextInt } from "../std/random.ts";
import type { Effect, ElectionState, PersistEffect, Sleep, SnapshotChunk } from "./effects.ts";
import {
  appendToLog,
  cutLog,
  epochBefore,
  listSnapshot,
  logAfter,
  truncateLog,
} from "./log-summary.ts";
import type { VoterSet } from "./membership/voter-history.ts";
import { cutVoters, recordVoters, truncateVoters, voterSet } from "./membership/voter-history.ts";
import type {
  ControlRecord,
  Entry,
  Milliseconds,
  Offset,
  Reply,
  RequestId,
  StoredSnapshot,
} from "./messages.ts";
import type { State } from "./state.ts";
import { isSoleVoter } from "./state.ts";

export interface Turn {
  /** What storage holds; null when it holds no election state. */
  readonly stored: ElectionState | null;
  /** The sleep that storage holds. */
  readonly storedSleep: Sleep | null;
  state: State;
  /** Everything to do after `persist`, in order. */
  readonly effects: Effect[];
  readonly appended: Entry[];
  truncatedTo: Offset | null;
  made: StoredSnapshot | null;
  chunk: SnapshotChunk | null;
  installed: StoredSnapshot | null;
  cutAt: Offset | null;
  joined: boolean;
  fence: boolean;
}

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const beginTurn = (
  state: State,
  stored: ElectionState | null,
  storedSleep: Sleep | null = state.asleep,
): Turn => ({
  stored,
  storedSleep,
  state,
  effects: [],
  appended: [],
  truncatedTo: null,
  made: null,
  chunk: null,
  installed: null,
  cutAt: null,
  joined: false,
  fence: false,
});

/** Closes the turn: the difference to what is stored becomes its one `persist`, ahead of all else. */
export function endTurn(turn: Turn): Step {
  const { state, effects } = turn;
  const persist = persistOf(turn);
  return { state, effects: isEmpty(persist) ? effects : [persist, ...effects] };
}

/** Whether this step, as far as it has come, will store something. */
export const willPersist = (turn: Turn): boolean => !isEmpty(persistOf(turn));

function persistOf(turn: Turn): PersistEffect {
  const { state, stored } = turn;
  return {
    kind: "persist",
    election: isSameElection(state.election, stored) ? null : state.election,
    snapshot: turn.made,
    chunk: turn.chunk,
    install: turn.installed,
    logStart: turn.cutAt,
    truncateTo: turn.truncatedTo,
    append: turn.appended,
    joined: turn.joined,
    fence: turn.fence,
    sleep: state.asleep === turn.storedSleep ? null : (state.asleep ?? "over"),
    highWatermark: state.committed,
  };
}

/** Whether there is nothing to store. The high watermark goes along with other things, and is no reason by itself. */
function isEmpty(persist: PersistEffect): boolean {
  const { election, snapshot, chunk, install, logStart, truncateTo: end, append } = persist;
  const parts = [election, snapshot, chunk, install, logStart, end, persist.sleep];
  const isNothing = append.length === 0 && !persist.joined && !persist.fence;
  return isNothing && parts.every((part) => part === null);
}

/**
 * The initial election state counts as stored: a quorum that has never held an election has nothing to write.
 */
function isSameElection(now: ElectionState, stored: ElectionState | null): boolean {
  if (stored === null) return now.epoch === 0 && now.leaderId === null && now.votedKey === null;
  return (
    now.epoch === stored.epoch &&
    now.leaderId === stored.leaderId &&
    now.votedKey?.id === stored.votedKey?.id &&
    now.votedKey?.directoryId === stored.votedKey?.directoryId
  );
}

export function update(turn: Turn, change: Partial<State>): void {
  turn.state = { ...turn.state, ...change };
}

export function reply(turn: Turn, to: RequestId, response: Reply): void {
  turn.effects.push({ kind: "reply", to, response });
}

/**
 * Appends one batch, and lets a voter set in it take effect at once, committed or not (M-1). A set that waited
 * for its commit would leave open which majority is to commit it. Asserts what `Entry` guarantees: a follower
 * has asked `isNext` before, a leader has made the batch itself.
 */
export function appendEntry(turn: Turn, entry: Entry): void {
  const { log, voters, election } = turn.state;
  assert(
    entry.epoch > 0 && entry.epoch <= election.epoch,
    `a batch of epoch ${entry.epoch} cannot be appended in epoch ${election.epoch}`,
  );
  let history = voters;
  for (const [at, record] of entry.control.entries()) {
    if (record.kind !== "kraft-voters") continue;
    const set = voterSet(record.voters);
    assert(set !== null && set.length > 0, `the voters record at ${entry.baseOffset} is no set`);
    history = recordVoters(history, { offset: entry.baseOffset + at, voters: set });
  }
  update(turn, { log: appendToLog(log, entry), voters: history });
  turn.appended.push(entry);
}

/**
 * Removes everything at or above `offset`. What is known to be committed is never removed (L-1, I-5): a leader
 * that asks for it proves that a committed record is not in its log, and so that some voter has lost its
 * storage. A step that truncates does so before it appends, for they are stored in that order (L-2).
 */
export function truncateTo(turn: Turn, offset: Offset): void {
  const { log, voters, committed } = turn.state;
  assert(turn.appended.length === 0, "a step that has appended cannot truncate");
  assert(
    offset >= (committed ?? 0),
    `told to truncate to ${offset}, though everything below ${committed} is committed`,
  );
  update(turn, { log: truncateLog(log, offset), voters: truncateVoters(voters, offset) });
  turn.truncatedTo = offset;
}

/**
 * Notes that everything below `offset` is committed: never less than before, never more than is in this log
 * (I-4).
 */
export function commitUpTo(turn: Turn, offset: Offset): void {
  const { committed, log } = turn.state;
  assert(offset > (committed ?? -1), `the high watermark falls from ${committed} to ${offset}`);
  assert(
    offset <= log.endOffset,
    `the high watermark ${offset} is beyond the end ${log.endOffset}`,
  );
  update(turn, { committed: offset });
  turn.effects.push({ kind: "commit", highWatermark: offset });
}

/**
 * Lists a snapshot that this replica has made (N-2): of what is committed, up to a place that its log can name. That
 * a batch ends there is for its maker to see to, since the core knows no batches (KAFKA-14619).
 */
export function addSnapshot(turn: Turn, snapshot: StoredSnapshot): void {
  const { log, committed } = turn.state;
  const { endOffset, epoch, size } = snapshot;
  assert(
    endOffset <= (committed ?? 0),
    `a snapshot ends at ${endOffset}, though only what lies below ${committed} is committed`,
  );
  const written = epochBefore(log, endOffset);
  assert(
    epoch === written && size > 0,
    `a snapshot ${endOffset}@${epoch} of ${size} bytes, where the log has epoch ${written}`,
  );
  update(turn, { log: listSnapshot(log, snapshot) });
  turn.made = snapshot;
}

/** Stores the next bytes of the snapshot that is being fetched. */
export function storeChunk(turn: Turn, chunk: SnapshotChunk): void {
  assert(turn.chunk === null, "a step stores one range");
  turn.chunk = chunk;
}

/**
 * Replaces the log by a snapshot that was fetched. State and storage change in one step: summary, voter sets and what
 * is known to be committed. Whether the log may be dropped is SN-1's to say.
 */
export function installSnapshot(turn: Turn, snapshot: StoredSnapshot, voters: VoterSet): void {
  const { endOffset } = snapshot;
  assert(turn.appended.length === 0, "a step that has appended cannot install");
  const isNamed = voters.length > 0;
  const { observesOnly } = turn.state.config;
  assert(isNamed || observesOnly === true, `the snapshot at ${endOffset} knows no voters`);
  const records = isNamed ? [{ offset: endOffset - 1, voters }] : [];
  update(turn, { log: logAfter(snapshot), voters: { ...turn.state.voters, records } });
  turn.installed = snapshot;
  turn.effects.push({ kind: "snapshot-installed", snapshot });
  commitUpTo(turn, endOffset);
}

/** Cuts the log at the end of a listed snapshot (N-5): never without one that stands for what is gone (I-9). */
export function cutAt(turn: Turn, offset: Offset): void {
  const { log, voters } = turn.state;
  assert(
    offset >= log.startOffset && log.snapshots.some(({ endOffset }) => endOffset === offset),
    `the log ${log.startOffset}..${log.endOffset} cannot be cut at ${offset}: no snapshot ends there`,
  );
  update(turn, { log: cutLog(log, offset), voters: cutVoters(voters, offset) });
  turn.cutAt = offset;
}

/**
 * Guarantee 2 of `Entry`, asked of a batch that a peer has sent: a peer's mistake is refused, never asserted.
 */
export function isWellFormed(entry: Entry): boolean {
  const { baseOffset, lastOffset, control } = entry;
  if (!Number.isSafeInteger(baseOffset) || !Number.isSafeInteger(lastOffset)) return false;
  if (lastOffset < baseOffset) return false;
  if (control.length > 0 && control.length !== lastOffset - baseOffset + 1) return false;
  return control.every(isSound);
}

function isSound(record: ControlRecord): boolean {
  if (record.kind !== "kraft-voters") return true;
  const set = voterSet(record.voters);
  return set !== null && set.length > 0;
}

/**
 * When the next election timer runs out: at random within [E, 2E), so that voters seldom collide (Raft §5.2).
 * Drawn anew for each attempt from the generator in the state, so that a seed repeats an election exactly. A
 * sole voter has no rival to collide with and does not wait (S-2).
 */
export function drawElectionDeadline(turn: Turn): Milliseconds {
  const { state } = turn;
  if (isSoleVoter(state)) return state.now;
  const { electionTimeoutMs } = state.config;
  const { value, random } = nextInt(state.random, electionTimeoutMs);
  update(turn, { random });
  return state.now + electionTimeoutMs + value;
}
