/**
 * Who leads, as this replica sees it, and how it says so. Every answer names the leader with its endpoints
 * (H-4): it is how brokers and voters find one another, and there is no other directory.
 */
import type {
  Answer,
  BeginQuorumEpochRequest,
  Endpoint,
  Epoch,
  ErrorName,
  Offset,
  ReplicaId,
  ReplicaKey,
} from "./messages.ts";
import type { State } from "./state.ts";

export interface Leadership {
  readonly leaderId: ReplicaId;
  readonly endpoints: readonly Endpoint[];
}

/**
 * The leader of the current epoch, or null. A leader whose endpoints are unknown is not named, for a broker
 * that is told of it would fail; neither is a replica that resigned, for a broker would ask it in a loop.
 */
export function leaderOf(state: State): Leadership | null {
  const { role, election, config } = state;
  if (role.kind === "leader") {
    return { leaderId: config.local.key.id, endpoints: config.local.endpoints };
  }
  if (role.kind === "follower") {
    return { leaderId: role.leaderId, endpoints: role.leaderEndpoints };
  }
  if (role.kind !== "prospective" || election.leaderId === null) return null;
  if (role.leaderEndpoints.length === 0) return null;
  return { leaderId: election.leaderId, endpoints: role.leaderEndpoints };
}

/**
 * The exclusive end of what is known to be committed; null while unknown. A new leader does not know it
 * until a record of its own epoch is committed, whatever it knew before (W-4).
 */
export const highWatermark = (state: State): Offset | null =>
  state.role.kind === "leader" ? state.role.highWatermark : state.committed;

/**
 * The epoch that this replica leads and where it starts; null unless it leads. Once a high watermark lies
 * beyond `startOffset`, everything that any earlier leader committed is known to be committed here (W-2): only
 * then may the application take up its work (KAFKA-15345).
 */
export function officeOf(
  state: State,
): { readonly epoch: Epoch; readonly startOffset: Offset } | null {
  if (state.role.kind !== "leader") return null;
  return { epoch: state.election.epoch, startOffset: state.role.epochStartOffset };
}

/** Whether this replica leads that very epoch: the only one to serve its fetches. */
export const leadsEpoch = ({ role, election }: State, epoch: Epoch): boolean =>
  role.kind === "leader" && epoch === election.epoch;

/**
 * Why a Fetch or FetchSnapshot of `epoch` is not served (H-2). A larger epoch is not taken over: a Fetch carries no
 * proof that it has a leader. Where no leader can be named, the code is the one after which a broker pauses before it
 * looks elsewhere.
 */
export function refusal(state: State, epoch: Epoch): ErrorName {
  const { election } = state;
  if (epoch < election.epoch) return "FENCED_LEADER_EPOCH";
  if (leaderOf(state) === null) return "BROKER_NOT_AVAILABLE";
  return epoch > election.epoch ? "UNKNOWN_LEADER_EPOCH" : "NOT_LEADER_OR_FOLLOWER";
}

/** The part that all answers share. */
export function answer(state: State, error: ErrorName): Answer {
  const leader = leaderOf(state);
  return {
    error,
    epoch: state.election.epoch,
    leaderId: leader?.leaderId ?? null,
    leaderEndpoints: leader?.endpoints ?? [],
  };
}

/** How a leader presents itself to a voter. */
export const announcement = (
  { config, election, asleep }: State,
  receiver: ReplicaKey,
): BeginQuorumEpochRequest => ({
  api: "begin-quorum-epoch",
  clusterId: config.clusterId,
  receiver,
  leaderId: config.local.key.id,
  epoch: election.epoch,
  endpoints: config.local.endpoints,
  ...(asleep === null ? {} : { asleepAt: asleep.endOffset }),
});
