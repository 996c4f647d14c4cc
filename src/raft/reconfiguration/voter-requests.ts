/**
 * AddRaftVoter, RemoveRaftVoter and UpdateRaftVoter at the leader (KIP-853, M-2 to M-5): which of them begins a change
 * of the voter set, and what is answered to the others. The order of the checks is Kafka's.
 *
 * The two checks that look fussy are the safety of it. A leader that does not yet know its high watermark may still
 * have an uncommitted set of an earlier leader above, or none while others have one: two sets that each differ by
 * one from the committed set may differ by two from each other, and their majorities need not overlap. That was the
 * flaw in the single-server change as Ongaro's dissertation has it. And a second change before the first is committed
 * would make such sets by itself.
 */
import { isForAnotherCluster } from "../exchange/addressing.ts";
import { answer } from "../leadership.ts";
import {
  findVoter,
  hasVoter,
  latestVoters,
  latestVotersOffset,
  saysTheSame,
} from "../membership/voter-history.ts";
import type {
  Endpoint,
  ErrorName,
  ReplicaKey,
  RequestId,
  Voter,
  VoterChangeRequest,
} from "../messages.ts";
import { NO_DIRECTORY } from "../messages.ts";
import type { Leader, State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { KRAFT_VERSION, speaksKraft } from "./kraft-version.ts";
import { queueChange } from "./voter-change.ts";
import { VOTERS_MAX } from "./voter-set-changes.ts";

interface Refusal {
  readonly error: ErrorName;
  readonly message: string;
}

const refuse = (error: ErrorName, message: string): Refusal => ({ error, message });

/** Begins a change, or says why not. */
export function onVoterRequest(turn: Turn, request: RequestId, body: VoterChangeRequest): void {
  const { state } = turn;
  const refusal = refusalOf(state, body);
  const { role } = state;
  if (refusal !== null || role.kind !== "leader") {
    const { error, message } = refusal ?? notLeader(state);
    reply(turn, request, { api: body.api, ...answer(state, error), message });
    return;
  }
  const voter = voterIn(state, body);
  if (body.api === "update-raft-voter" && isListed(state, voter)) {
    // A voter whose last answer was lost asks again: there is nothing to write.
    reply(turn, request, { api: body.api, ...answer(state, "NONE"), message: null });
    return;
  }
  const change = {
    api: body.api,
    request,
    deadline: state.now + state.config.requestTimeoutMs,
    voter,
    ackWhenCommitted: body.api !== "update-raft-voter" && !isAnsweredOnAppend(body),
    phase: "probing",
    offset: null,
  } as const;
  update(turn, { role: { ...role, change } });
  if (body.api === "remove-raft-voter") queueChange(turn);
}

const isAnsweredOnAppend = (body: VoterChangeRequest): boolean =>
  body.api === "add-raft-voter" && !body.ackWhenCommitted;

/** What the set will list: of a voter that goes, what it lists now. */
function voterIn({ voters }: State, body: VoterChangeRequest): Voter {
  const listed = findVoter(latestVoters(voters), body.voter.id);
  return {
    key: body.voter,
    endpoints: body.api === "remove-raft-voter" ? (listed?.endpoints ?? []) : body.endpoints,
    kraftVersions:
      body.api === "update-raft-voter"
        ? body.kraftVersions
        : (listed?.kraftVersions ?? { min: KRAFT_VERSION, max: KRAFT_VERSION }),
  };
}

function isListed({ voters }: State, voter: Voter): boolean {
  const listed = findVoter(latestVoters(voters), voter.key.id);
  return listed !== null && saysTheSame(listed, voter);
}

function refusalOf(state: State, body: VoterChangeRequest): Refusal | null {
  const { config, election, role } = state;
  if (isForAnotherCluster(body, config)) {
    return refuse("INCONSISTENT_CLUSTER_ID", `This is cluster ${config.clusterId}.`);
  }
  const malformed = malformation(state, body);
  if (malformed !== null) return refuse("INVALID_REQUEST", malformed);
  if (body.api === "update-raft-voter" && body.epoch !== election.epoch) {
    const error = body.epoch < election.epoch ? "FENCED_LEADER_EPOCH" : "UNKNOWN_LEADER_EPOCH";
    return refuse(error, `The epoch is ${election.epoch}, not ${body.epoch}.`);
  }
  if (role.kind !== "leader") return notLeader(state);
  return untimely(state, role) ?? unfitting(state, body);
}

const notLeader = ({ config }: State): Refusal =>
  refuse("NOT_LEADER_OR_FOLLOWER", `Controller ${config.local.key.id} does not lead the quorum.`);

/** Why no replica can be listed as the request says. */
function malformation({ config }: State, body: VoterChangeRequest): string | null {
  if (isNoKey(body.voter)) return "The voter needs a node id and a directory id.";
  if (body.api === "remove-raft-voter") return null;
  const listener = config.local.endpoints[0]?.name ?? "";
  const default_ = body.endpoints.find(({ name }) => name === listener);
  if (default_ === undefined) return `The voter has no endpoint for the listener ${listener}.`;
  if (!body.endpoints.every(isEndpoint)) return "An endpoint has no host, or no port.";
  if (body.api === "update-raft-voter" && !speaksKraft(body.kraftVersions)) {
    return `The voter does not support kraft.version ${KRAFT_VERSION}.`;
  }
  return null;
}

const isNoKey = ({ id, directoryId }: ReplicaKey): boolean =>
  id < 0 || directoryId === NO_DIRECTORY || directoryId === "";

const isEndpoint = ({ host, port }: Endpoint): boolean => host !== "" && port > 0;

/** Why this leader can begin no change now (M-2). The same request may be answered otherwise in a moment. */
function untimely({ voters }: State, { highWatermark, change }: Leader): Refusal | null {
  if (highWatermark === null) {
    return refuse("REQUEST_TIMED_OUT", "The leader does not know yet what is committed.");
  }
  if (change !== null) {
    return refuse("REQUEST_TIMED_OUT", "Another change of the voters is under way.");
  }
  return latestVotersOffset(voters) < highWatermark
    ? null
    : refuse("REQUEST_TIMED_OUT", "The last change of the voters is not committed yet.");
}

/** Why the set as it is cannot be changed so (M-3 to M-5). */
function unfitting({ voters }: State, body: VoterChangeRequest): Refusal | null {
  const set = latestVoters(voters);
  const { id, directoryId } = body.voter;
  if (body.api === "add-raft-voter") {
    if (findVoter(set, id) !== null) {
      return refuse("DUPLICATE_VOTER", `Controller ${id} is a voter already.`);
    }
    return set.length < VOTERS_MAX
      ? null
      : refuse("INVALID_REQUEST", `A quorum has at most ${VOTERS_MAX} voters.`);
  }
  if (!hasVoter(set, body.voter)) {
    return refuse("VOTER_NOT_FOUND", `No voter has the id ${id} and the directory ${directoryId}.`);
  }
  return body.api === "remove-raft-voter" && set.length === 1
    ? refuse("VOTER_NOT_FOUND", "The last voter cannot be removed.")
    : null;
}
