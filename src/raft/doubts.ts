/**
 * What a replica that only observes does not believe (OB-2). Others run its quorum, and what they say reaches it by way
 * of a stranger: a gateway that was pointed at a copy of the cluster, or a cluster that was formed anew under its id,
 * tells of leaders and logs that contradict what is known here. A voter trips over that, since it proves that safety is
 * lost; an observer only proves that it hears of another history, and stays with its own.
 */
import { EPOCH_MAX } from "./exchange/addressing.ts";
import { divergenceEnd } from "./log-summary.ts";
import type { Entry, FetchResponse, ReplicaId, Response } from "./messages.ts";
import type { State } from "./state.ts";

/** Why nothing of this answer may count; null for one that may be believed, and for whoever does not only observe. */
export function doubtOf(state: State, body: Response): string | null {
  const { config, election } = state;
  if (config.observesOnly !== true) return null;
  const { id } = config.local.key;
  const { epoch, leaderId } = body;
  if (epoch >= EPOCH_MAX) return `there is no epoch after ${epoch}`;
  if (leaderId === id) return `it has a leader of this observer's own id, ${id}`;
  const isSecond =
    leaderId !== null && election.leaderId !== null && leaderId !== election.leaderId;
  if (epoch === election.epoch && isSecond)
    return `epoch ${epoch} has two leaders, ${election.leaderId} and ${leaderId}`;
  return body.api === "fetch" ? doubtOfFetch(state, body) : null;
}

function doubtOfFetch(state: State, body: FetchResponse): string | null {
  const { log, committed, config } = state;
  const { id } = config.local.key;
  if (body.error === "INVALID_VOTER_KEY") return `it takes this observer for a voter`;
  if (body.records.some((entry) => lists(entry, id)))
    return `it has a voter of this observer's own id, ${id}`;
  const { diverging } = body;
  if (diverging === null || diverging.endOffset < 0) return null;
  const end = divergenceEnd(log, diverging);
  if (end >= (committed ?? 0)) return null;
  return `its log has parted from this one at ${end}, though everything below ${committed} is committed`;
}

const lists = ({ control }: Entry, id: ReplicaId): boolean =>
  control.some(
    (record) => record.kind === "kraft-voters" && record.voters.some(({ key }) => key.id === id),
  );
