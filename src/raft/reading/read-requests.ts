/**
 * Reads that want to be linearizable: how they arrive, wait and come to nothing. What makes them so is a round
 * (`rounds.ts`). They live in the leader's role and end with it, as parked fetches do.
 *
 * All wait equally long, so lists in the order of arrival are in the order of deadlines as well.
 */
import type { ReadRefusal } from "../effects.ts";
import type { Milliseconds, RequestId } from "../messages.ts";
import type { Leader, Reads, WaitingRead } from "../state.ts";
import { leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { update } from "../turn.ts";

/** More than an object answers in the time of one round; a read beyond is refused. */
export const READS_MAX = 1_000;

/** Nobody reads, and no round was ever confirmed. */
export const NO_READS: Reads = { waiting: [], round: null, confirmedAt: null };

/** Takes a read. It waits no longer than a request to a peer may: by then no majority answers this leader. */
export function onRead(turn: Turn, request: RequestId): void {
  const { role, now, config } = turn.state;
  if (role.kind !== "leader") return refuse(turn, [request], "NOT_LEADER_OR_FOLLOWER");
  const { reads } = role;
  const count = reads.waiting.length + (reads.round?.reads.length ?? 0);
  if (count >= READS_MAX) return refuse(turn, [request], "BROKER_NOT_AVAILABLE");
  const read: WaitingRead = { request, deadline: now + config.requestTimeoutMs };
  setReads(turn, { ...reads, waiting: [...reads.waiting, read] });
}

/** Forgets a read that nobody waits for any more. */
export function abandonRead(turn: Turn, request: RequestId): void {
  const { role } = turn.state;
  if (role.kind === "leader") keepOnly(turn, (read) => read.request !== request);
}

/**
 * Refuses the reads whose time is over: those of a round whose majority stays away, or of an epoch not committed in.
 * True if there were any.
 */
export function expireReads(turn: Turn): boolean {
  const { now } = turn.state;
  const leader = leaderRole(turn.state);
  if (firstDeadline(leader) > now) return false;
  const due = listed(leader).filter(({ deadline }) => deadline <= now);
  const requests = due.map(({ request }) => request);
  refuse(turn, requests, "REQUEST_TIMED_OUT");
  keepOnly(turn, ({ deadline }) => deadline > now);
  return true;
}

/** When the first read is to be refused; Infinity when none waits. Those of a round arrived before the others. */
export const firstDeadline = ({ reads: { round, waiting } }: Leader): Milliseconds =>
  (round?.reads[0] ?? waiting[0])?.deadline ?? Number.POSITIVE_INFINITY;

/** This replica leads no more: nothing that it reads is certain to be current. */
export function failReads(turn: Turn, left: Leader): void {
  const requests = listed(left).map(({ request }) => request);
  if (requests.length > 0) refuse(turn, requests, "NOT_LEADER_OR_FOLLOWER");
}

export function setReads(turn: Turn, reads: Reads): void {
  update(turn, { role: { ...leaderRole(turn.state), reads } });
}

const listed = ({ reads }: Leader): readonly WaitingRead[] => [
  ...(reads.round?.reads ?? []),
  ...reads.waiting,
];

/** A round that nobody waits for is none: the next read must not wait for its end. */
function keepOnly(turn: Turn, isKept: (read: WaitingRead) => boolean): void {
  const { reads } = leaderRole(turn.state);
  const { round } = reads;
  const kept = round?.reads.filter(isKept) ?? [];
  setReads(turn, {
    ...reads,
    waiting: reads.waiting.filter(isKept),
    round: round === null || kept.length === 0 ? null : { ...round, reads: kept },
  });
}

function refuse(turn: Turn, requests: readonly RequestId[], error: ReadRefusal): void {
  turn.effects.push({ kind: "read-refused", requests, error });
}
