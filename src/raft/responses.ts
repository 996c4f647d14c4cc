/**
 * What all answers have in common: first what they say about epochs and leaders, then, if that left this
 * replica where it was, what they were asked for (`maybeHandleCommonResponse` in KRaft).
 *
 * The order matters. An answer that carries a larger epoch has made this replica something else, and the
 * question it answers is no longer being asked: a vote of an old epoch must not be counted in the new one.
 */
import { unreachable } from "../std/assert.ts";
import { doubtOf } from "./doubts.ts";
import { onEndQuorumEpochResponse } from "./election/announcements.ts";
import { learn } from "./election/hearsay.ts";
import { onVoteResponse } from "./election/votes.ts";
import { backOff, settle } from "./exchange/connections.ts";
import type { CorrelationId, ReplicaId, Response } from "./messages.ts";
import { onProbed } from "./reconfiguration/voter-change.ts";
import { onBeginQuorumEpochResponse } from "./reading/rounds.ts";
import { levelFetches, noteLevel, onFetchResponse } from "./replication/following.ts";
import { onFetchSnapshotResponse } from "./snapshots/fetching.ts";
import type { Turn } from "./turn.ts";

/** Takes an answer that was being waited for. */
export function onResponse(turn: Turn, from: ReplicaId, body: Response): void {
  const { role, election, connections } = turn.state;
  const asked = connections.get(from)?.inFlight ?? null;
  const reason = doubtOf(turn.state, body);
  if (reason !== null) {
    backOff(turn, from);
    turn.effects.push({ kind: "answer-doubted", from, reason });
    return;
  }
  if (asked?.api === body.api && teachesNothing(body)) {
    settle(turn, from);
    takeAnswer(turn, from, { correlation: asked.correlation, body });
    return;
  }
  if (asked?.api === body.api && body.error === "UNSUPPORTED_VERSION") {
    // Refused before it was read, so this answer carries no epoch.
    backOff(turn, from);
    takeAnswer(turn, from, { correlation: asked.correlation, body });
    return;
  }
  if (
    asked?.api !== body.api ||
    body.epoch < election.epoch ||
    body.error === "UNKNOWN_LEADER_EPOCH"
  ) {
    // The peer is behind, or confused; it will learn from others. Not at once again, that would be a spin.
    backOff(turn, from);
    return;
  }
  if (body.error === "NONE") settle(turn, from);
  else backOff(turn, from);
  learn(turn, body);
  const hasMoved =
    turn.state.election.epoch !== election.epoch || turn.state.role.kind !== role.kind;
  if (hasMoved && (body.error !== "NONE" || body.epoch > election.epoch)) return;
  const levelBefore = levelFetches(turn.state);
  takeAnswer(turn, from, { correlation: asked.correlation, body });
  if (levelFetches(turn.state) > levelBefore) noteLevel(turn, asked.deadline);
}

/** What carries no epoch, or is paced by the one who asked. */
function teachesNothing({ api }: Response): boolean {
  return (
    api === "api-versions" ||
    api === "add-raft-voter" ||
    api === "remove-raft-voter" ||
    api === "update-raft-voter"
  );
}

function takeAnswer(
  turn: Turn,
  from: ReplicaId,
  { correlation, body }: { readonly correlation: CorrelationId; readonly body: Response },
): void {
  switch (body.api) {
    case "vote":
      onVoteResponse(turn, from, body);
      return;
    case "begin-quorum-epoch":
      // Whether the leader was heard is told by fetches, not by this; that it still leads, by this alone.
      onBeginQuorumEpochResponse(turn, from, { correlation, body });
      return;
    case "end-quorum-epoch":
      onEndQuorumEpochResponse(turn, from, body);
      return;
    case "fetch":
      onFetchResponse(turn, from, body);
      return;
    case "fetch-snapshot":
      onFetchSnapshotResponse(turn, from, body);
      return;
    case "api-versions":
      onProbed(turn, from, body);
      return;
    case "add-raft-voter":
    case "remove-raft-voter":
    case "update-raft-voter":
      // What came of it is told by the log.
      return;
    default:
      unreachable(body);
  }
}
