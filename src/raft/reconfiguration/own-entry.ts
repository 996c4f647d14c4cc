/**
 * A replica sees to its own entry in the voter set. One that was told to join asks to be added as soon as it is level
 * with its leader (KIP-853's auto-join, KAFKA-19078), after it has had an entry removed that its node has under a
 * storage which is gone. A voter that listens elsewhere than its entry says asks for that to be changed (M-5).
 *
 * Joining is an order that is given once, with a fresh storage, and it is fulfilled when a set lists this replica: it
 * is forgotten then, in storage too. A node that is removed later is not added again by itself, and two nodes that
 * were set up with one id cannot go on removing each other (M-10).
 */
import { isFetching, isReady, send } from "../exchange/connections.ts";
import {
  findVoter,
  hasVoter,
  latestVoters,
  sameKey,
  saysTheSame,
} from "../membership/voter-history.ts";
import type { VoterChangeRequest } from "../messages.ts";
import type { State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { update } from "../turn.ts";

/** Asks the leader, in place of a Fetch, for what the set should say of this replica; once in a fetch time-out. */
export function keepOwnEntry(turn: Turn): void {
  const { state } = turn;
  const { role, now, config } = state;
  if (role.kind !== "follower" || role.levelFetches < 2 || now < role.ownEntryAfter) return;
  if (isFetching(state) || !isReady(state, role.leaderId)) return;
  const request = wantedChange(state);
  if (request === null) return;
  update(turn, { role: { ...role, ownEntryAfter: now + config.fetchTimeoutMs } });
  send(turn, role.leaderId, request);
}

function wantedChange({ voters, config, election, joining }: State): VoterChangeRequest | null {
  const { clusterId, local } = config;
  if (config.observesOnly === true) return null;
  const { key: voter, endpoints, kraftVersions } = local;
  const listed = findVoter(latestVoters(voters), voter.id);
  if (listed !== null && sameKey(listed.key, voter)) {
    const isStale = !saysTheSame(listed, local);
    const { epoch } = election;
    return isStale
      ? { api: "update-raft-voter", clusterId, epoch, voter, endpoints, kraftVersions }
      : null;
  }
  if (!joining) return null;
  return listed === null
    ? { api: "add-raft-voter", clusterId, voter, endpoints, ackWhenCommitted: false }
    : { api: "remove-raft-voter", clusterId, voter: listed.key };
}

/** The replica is listed now: it has joined. */
export function noteJoined(turn: Turn): void {
  const { joining, voters, config } = turn.state;
  if (!joining || !hasVoter(latestVoters(voters), config.local.key)) return;
  update(turn, { joining: false });
  turn.joined = true;
}
