/**
 * The workspace of one step: the state as it changes, and what has been asked of the shell so far. It lives for
 * one call of `step` and never escapes; states themselves stay readonly values.
 *
 * What must be stored is not listed by the rules but found by comparison at the end: `endTurn` compares the
 * election state with the stored one and gathers what was appended and truncated. So no rule can forget to
 * persist a vote, and everything stored precedes everything said (D-1). Kafka's implementation writes its
 * quorum-state file inside each transition, and each transition must remember to.
 *
 * A batch is appended, truncated and committed through this file alone. That is where the guarantees of `Entry`
 * and of the high watermark are asserted, whichever rule asks.
 */
import { assert } from "../std/assert.ts";
import { nextInt } from "../std/random.ts";
import type { Effect, ElectionState, PersistEffect } from "./effects.ts";
import { appendToLog, truncateLog } from "./log-summary.ts";
import { recordVoters, truncateVoters, voterSet } from "./membership/voter-history.ts";
import type { ControlRecord, Entry, Milliseconds, Offset, Reply, RequestId } from "./messages.ts";
import type { State } from "./state.ts";
import { isSoleVoter } from "./state.ts";

export interface Turn {
  /** What storage holds; null when it holds no election state. */
  readonly stored: ElectionState | null;
  state: State;
  /** Everything to do after `persist`, in order. */
  readonly effects: Effect[];
  readonly appended: Entry[];
  truncatedTo: Offset | null;
}

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const beginTurn = (state: State, stored: ElectionState | null): Turn => ({
  stored,
  state,
  effects: [],
  appended: [],
  truncatedTo: null,
});

/** Closes the turn: the difference to what is stored becomes its one `persist`, ahead of all else. */
export function endTurn(turn: Turn): Step {
  const { state, stored, appended, truncatedTo, effects } = turn;
  const election = isSameElection(state.election, stored) ? null : state.election;
  if (election === null && appended.length === 0 && truncatedTo === null) return { state, effects };
  const persist: PersistEffect = {
    kind: "persist",
    election,
    truncateTo: truncatedTo,
    append: appended,
    highWatermark: state.committed,
  };
  return { state, effects: [persist, ...effects] };
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
