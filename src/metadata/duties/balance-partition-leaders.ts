/**
 * The periodic operations on leaders, in the shape of every other operation: leadership back to preferred replicas
 * (`auto.leader.rebalance.enable`, every 300 s) and unclean elections where a topic has come to allow them
 * (`unclean.leader.election.interval.ms`). When they run is the shell's; at once again while `isBounded`.
 */
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  ELECTIONS_PER_SWEEP_MAX,
  electionsForBalance,
  electionsForLeaderless,
  type Sweep,
} from "../partitions/leader-balance.ts";
import type { ControlContext, ControlResult } from "../control/operation.ts";

/** `leader.imbalance.check.interval.seconds`. */
export const LEADER_BALANCE_INTERVAL_MS = 300_000;
/** `unclean.leader.election.interval.ms`. */
export const UNCLEAN_ELECTION_INTERVAL_MS = 300_000;

export interface SweepResponse {
  /** The bound of one sweep was met: more may be left to do. */
  readonly isBounded: boolean;
}

export function balancePartitionLeaders(
  view: MetadataImage,
  _context: ControlContext,
): ControlResult<SweepResponse> {
  return resultOf(electionsForBalance(view, ELECTIONS_PER_SWEEP_MAX));
}

/** Also finds clean leaders, where an unfencing that met its bound has left partitions without one. */
export function electUncleanLeaders(
  view: MetadataImage,
  _context: ControlContext,
): ControlResult<SweepResponse> {
  return resultOf(electionsForLeaderless(view, ELECTIONS_PER_SWEEP_MAX));
}

const resultOf = ({ records, isBounded }: Sweep): ControlResult<SweepResponse> => ({
  records,
  response: { isBounded },
});
