/**
 * The words of a Fetch answer: how far a replica may read, and how to say that there is nothing. An answer
 * names a range of offsets and not bytes: the shell reads them from storage after the step, and a batch is
 * never cut.
 */
import { answer } from "../leadership.ts";
import { hasVoter, latestVoters } from "../membership/voter-history.ts";
import type {
  ErrorName,
  FetchReply,
  FetchRequest,
  LogRange,
  Offset,
  ReplicaKey,
} from "../messages.ts";
import { idOf } from "../log-summary.ts";
import type { State } from "../state.ts";
import { leaderRole } from "../state.ts";

/** A Fetch answer without records. */
export const fetchError = (state: State, error: ErrorName): FetchReply => ({
  api: "fetch",
  ...answer(state, error),
  highWatermark: null,
  logStartOffset: state.log.startOffset,
  diverging: null,
  snapshotId: null,
  records: null,
});

/** The answer to a valid Fetch with what can be had now. The log may have been cut while it waited. */
export function fetchSuccess(state: State, body: FetchRequest): FetchReply {
  const latest = state.log.snapshots.at(-1);
  if (latest !== undefined && body.fetchOffset < state.log.startOffset) {
    return { ...served(state, null), snapshotId: idOf(latest) };
  }
  const end = readableEnd(state, body.replica);
  const { fetchOffset } = body;
  if (fetchOffset >= end) return { ...served(state, null), ...sleepOf(state, body.replica) };
  const maxBytes = Math.max(0, Math.min(body.maxBytes, state.config.fetchMaxBytes));
  return served(state, { from: fetchOffset, upTo: end, maxBytes });
}

/** An answer to a Fetch that this leader serves. */
export function served(state: State, records: LogRange | null): FetchReply {
  return {
    api: "fetch",
    ...answer(state, "NONE"),
    highWatermark: leaderRole(state).highWatermark,
    logStartOffset: state.log.startOffset,
    diverging: null,
    snapshotId: null,
    records,
  };
}

/** To a voter it is said that its leader sleeps; an observer has no part in that. */
const sleepOf = ({ asleep, voters }: State, key: ReplicaKey): Pick<FetchReply, "asleepAt"> =>
  asleep === null || !hasVoter(latestVoters(voters), key) ? {} : { asleepAt: asleep.endOffset };

/** How far this replica may read. */
function readableEnd(state: State, key: ReplicaKey): Offset {
  const { log, voters } = state;
  const { highWatermark } = leaderRole(state);
  return hasVoter(latestVoters(voters), key) ? log.endOffset : (highWatermark ?? 0);
}
