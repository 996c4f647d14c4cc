/**
 * Rounds: how a leader finds out that it still leads (ReadIndex; Ongaro's dissertation, §6.4). It notes its high
 * watermark, asks the voters, and once a majority has answered in this epoch, a read that had arrived before the asking
 * may show that much. All reads that have arrived share a round, and there is one at a time.
 *
 * Why it is right. Let w be a write that was acknowledged before the read arrived. If w is of this epoch or an earlier
 * one, it lies below our high watermark. If it is of a later one, a majority had entered that epoch before the
 * read arrived. It shares a member with the majority that confirmed, and that one was still in our epoch afterwards.
 * Epochs never fall: there is no such w.
 *
 * Why by BeginQuorumEpoch and not by a Fetch: a Fetch that arrives now may have been sent long ago, while the answer
 * to a request proves that its sender was there after the request was.
 */
import { isAwaited, isReady, send } from "../exchange/connections.ts";
import { announcement } from "../leadership.ts";
import { hasMajority } from "../membership/majority.ts";
import { latestVoters, sameKey } from "../membership/voter-history.ts";
import type {
  BeginQuorumEpochResponse,
  CorrelationId,
  Milliseconds,
  ReplicaId,
} from "../messages.ts";
import { wake } from "../sleep/waking.ts";
import type { Leader, ReadRound, State } from "../state.ts";
import { isVoter, keyOf, leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { update, willPersist } from "../turn.ts";
import { expireReads, firstDeadline, setReads } from "./read-requests.ts";

/** How long a round that needs no other voter stays open, so that reads of one moment share its fence. */
const GATHER_MS = 1;

/** Whether some voter is to be asked whether this leader leads still. */
export const isReading = ({ role }: State): boolean =>
  role.kind === "leader" && role.reads.round !== null;

/**
 * Keeps a round under way while reads wait: what every voter that has not confirmed it yet is asked. A sleeping leader
 * asks without waking anybody; one that no majority answers wakes, and check quorum takes its course (SL-6).
 */
export function keepReading(turn: Turn): void {
  if (expireReads(turn)) wake(turn);
  openRound(turn);
  askVoters(turn);
}

/**
 * A voter has answered BeginQuorumEpoch without an error, hence in this epoch. It confirms the round if it was asked
 * since that began; an answer to anything older may be older than the reads.
 */
export function onBeginQuorumEpochResponse(
  turn: Turn,
  from: ReplicaId,
  answered: { readonly correlation: CorrelationId; readonly body: BeginQuorumEpochResponse },
): void {
  const { role } = turn.state;
  if (role.kind !== "leader" || role.reads.round === null || answered.body.error !== "NONE") return;
  const { round } = role.reads;
  const asked = round.asked.get(from);
  if (asked?.correlation !== answered.correlation) return;
  setRound(turn, { ...round, confirmed: new Set(round.confirmed).add(keyOf(asked.key)) });
}

/**
 * Ends the round if a majority has confirmed it. The leader counts itself only behind something that it has stored
 * since the round began: a superseded instance cannot. Where others are not enough and nothing was stored, this
 * step stores the fence, ahead of the answers. Comes last in a step, when it is known what else that stores.
 */
export function settleRound(turn: Turn): void {
  const { role } = turn.state;
  if (role.kind !== "leader" || role.reads.round === null) return;
  const isFenced = role.reads.round.isFenced || willPersist(turn);
  const round = { ...role.reads.round, isFenced };
  setRound(turn, round);
  if (!isConfirmed(turn.state, round) || isSparingFence(turn.state, round)) return;
  if (!isFenced && !isConfirmedByOthers(turn.state, round)) turn.fence = true;
  const { reads, readIndex, isDated, openedAt } = round;
  turn.effects.push({ kind: "read-ready", requests: reads.map((read) => read.request), readIndex });
  const confirmedAt = isDated ? openedAt : role.reads.confirmedAt;
  setReads(turn, { ...role.reads, round: null, confirmedAt });
  openRound(turn);
  askVoters(turn);
}

/** The clock was not steady: what was noted by it cannot be dated any more. */
export function forgetDates(turn: Turn): void {
  const { role, levelAt } = turn.state;
  if (levelAt !== null) update(turn, { levelAt: null });
  if (role.kind !== "leader") return;
  const { round } = role.reads;
  setReads(turn, {
    ...role.reads,
    round: round === null ? null : { ...round, isDated: false },
    confirmedAt: null,
  });
}

/** When the first read is to be refused, or a round that needs nobody else is at its end. */
export function readsDeadline(state: State, leader: Leader): Milliseconds {
  const { round } = leader.reads;
  const deadline = firstDeadline(leader);
  if (round === null || !isGathering(state, round)) return deadline;
  return Math.min(deadline, round.openedAt + GATHER_MS);
}

/** A round for all that wait, once it is known what is committed. What this step stores is its fence already. */
function openRound(turn: Turn): void {
  const { role, now } = turn.state;
  if (role.kind !== "leader" || role.highWatermark === null) return;
  const { waiting, round } = role.reads;
  if (round !== null || waiting.length === 0) return;
  setReads(turn, {
    ...role.reads,
    waiting: [],
    round: {
      reads: waiting,
      readIndex: role.highWatermark,
      openedAt: now,
      isDated: true,
      asked: new Map(),
      confirmed: new Set(),
      isFenced: willPersist(turn),
    },
  });
}

/** Asks every other voter that has not confirmed, and is not being asked anything. */
function askVoters(turn: Turn): void {
  const { voters, config } = turn.state;
  for (const { key } of latestVoters(voters)) {
    const { round } = leaderRole(turn.state).reads;
    if (round === null) return;
    if (sameKey(key, config.local.key) || round.confirmed.has(keyOf(key))) continue;
    if (!isReady(turn.state, key.id)) continue;
    const correlation = turn.state.nextCorrelation;
    send(turn, key.id, announcement(turn.state, key));
    setRound(turn, { ...round, asked: new Map(round.asked).set(key.id, { correlation, key }) });
  }
}

/**
 * A sleeper writes nothing where it need not: it counts itself, behind a fence, only when those that it has asked have
 * answered and are too few.
 */
function isSparingFence(state: State, round: ReadRound): boolean {
  if (state.asleep === null || round.isFenced || isConfirmedByOthers(state, round)) return false;
  return [...round.asked].some(([id, { correlation }]) => isAwaited(state, id, correlation));
}

function isConfirmed(state: State, round: ReadRound): boolean {
  if (isConfirmedByOthers(state, round)) return true;
  if (!isVoter(state) || isGathering(state, round)) return false;
  const self = state.config.local.key;
  return hasMajority(latestVoters(state.voters), confirmedIds(state, round).add(self.id));
}

const isConfirmedByOthers = (state: State, round: ReadRound): boolean =>
  hasMajority(latestVoters(state.voters), confirmedIds(state, round));

/** Of the newest set, whatever it was when the round began: a voter that was replaced meanwhile has not confirmed. */
const confirmedIds = ({ voters }: State, { confirmed }: ReadRound): Set<ReplicaId> =>
  new Set(
    latestVoters(voters)
      .filter(({ key }) => confirmed.has(keyOf(key)))
      .map(({ key }) => key.id),
  );

/** Nobody else was heard of, and more reads may come in the same moment. */
const isGathering = ({ now }: State, { confirmed, openedAt }: ReadRound): boolean =>
  confirmed.size === 0 && now < openedAt + GATHER_MS;

function setRound(turn: Turn, round: ReadRound): void {
  setReads(turn, { ...leaderRole(turn.state).reads, round });
}
