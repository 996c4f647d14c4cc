/**
 * Waking: whoever has something to do wakes itself, and then whom it needs (SL-3, SL-4). A leader presents itself to
 * the voters, which fetch; a follower fetches, and is told to sleep on if its leader does; who led before it was
 * restarted takes its leave, and there is an election. No epoch is resumed: S-1 holds for sleepers too.
 */
import { unreachable } from "../../std/assert.ts";
import { checkQuorumMs, successionStepMs } from "../config.ts";
import { send } from "../exchange/connections.ts";
import { announcement, leadsEpoch } from "../leadership.ts";
import { standingDelay } from "../membership/succession.ts";
import { hasVoter, latestVoters, sameKey } from "../membership/voter-history.ts";
import type { BeginQuorumEpochRequest, Request } from "../messages.ts";
import type { State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { drawElectionDeadline, update } from "../turn.ts";
import { isLevelFetch } from "./falling-asleep.ts";

/** Ends the sleep of this replica, if it sleeps. Its timers begin anew: what they were about is long past. */
export function wake(turn: Turn): void {
  if (turn.state.asleep === null) return;
  // What a sleeping leader has asked is forgotten: to be woken, a voter must be asked anew.
  update(turn, { asleep: null, connections: new Map() });
  const { role } = turn.state;
  switch (role.kind) {
    case "leader":
      return wakeLeader(turn);
    case "follower": {
      const { now, config, voters } = turn.state;
      const delay = standingDelay(config, latestVoters(voters), role.leaderId);
      const fetchDeadline = now + config.fetchTimeoutMs + delay;
      update(turn, { role: { ...role, fetchDeadline, isServed: false, fetchFailures: 0 } });
      return;
    }
    case "resigned":
      update(turn, { role: { ...role, electionDeadline: drawElectionDeadline(turn) } });
      return;
    case "unattached":
    case "prospective":
    case "candidate":
      return;
    default:
      unreachable(role);
  }
}

function wakeLeader(turn: Turn): void {
  const { role, now, config, voters } = turn.state;
  if (role.kind !== "leader") return;
  // An answer that says to sleep may be under way still, and sends to sleep whoever is presented to first. So this is
  // said once more, soon, to all that have not fetched since.
  const unheard = [...role.voters.values()].map((each) => ({ ...each, lastFetchAt: null }));
  update(turn, {
    role: {
      ...role,
      voters: new Map(unheard.map((each) => [each.key.id, each])),
      activeAt: now,
      heard: new Set(),
      checkQuorumDeadline: now + checkQuorumMs(config),
      beginDeadline: now + successionStepMs(config),
    },
  });
  for (const { key } of latestVoters(voters)) {
    if (!sameKey(key, config.local.key)) send(turn, key.id, announcement(turn.state, key));
  }
}

/** Whether a sleeper answers this request from where it lies (SL-3, SL-6). */
export function isAnsweredAsleep(state: State, body: Request): boolean {
  const { role, asleep } = state;
  if (asleep === null) return false;
  switch (role.kind) {
    case "leader":
      return isOfObserver(state, body) || isLevel(state, body);
    case "follower":
      // Who looks for the leader is told where it is.
      return (
        body.api === "fetch" || (body.api === "begin-quorum-epoch" && isOfSleeper(state, body))
      );
    case "resigned":
    case "unattached":
    case "prospective":
    case "candidate":
      return false;
    default:
      return unreachable(role);
  }
}

/** It reads what is committed, and waits for more: that takes a leader, and no quorum. */
const isOfObserver = ({ voters }: State, body: Request): boolean =>
  (body.api === "fetch" || body.api === "fetch-snapshot") &&
  !hasVoter(latestVoters(voters), body.replica);

const isLevel = (state: State, body: Request): boolean =>
  body.api === "fetch" && leadsEpoch(state, body.epoch) && isLevelFetch(state, body);

/** The leader of this very sleep asks whether it leads still, and sleeps on (SL-6). */
const isOfSleeper = (
  { election, asleep }: State,
  { epoch, leaderId, asleepAt }: BeginQuorumEpochRequest,
): boolean =>
  epoch === election.epoch && leaderId === election.leaderId && asleepAt === asleep?.endOffset;
