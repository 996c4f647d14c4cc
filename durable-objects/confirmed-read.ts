/**
 * Reads that must be current, as the doors make them: first a round by which the leader makes sure that it leads,
 * then the read. Where the core calls back, these wait.
 */
import type { Outcome } from "./active-controller/active-controller.ts";
import type { Controller } from "./controller.ts";
import { answerUnlessHungUp } from "./hung-up.ts";
import type { ReadOutcome } from "./replica/pending-reads.ts";

/** No majority has confirmed in time that this node leads, or too many wait for that. */
export interface Unconfirmed {
  readonly kind: "unconfirmed";
}

/** What a linearizable read must show here, or why none can be made; throws when the caller hangs up. */
export const readIndexOf = (voter: Controller, signal: AbortSignal): Promise<ReadOutcome> =>
  answerUnlessHungUp(signal, (answered) => voter.readIndex(answered));

/**
 * The outcome of `read`, which tells of this node's leadership if it leads: so it leads, and shows all that was
 * committed when it was asked. A node that does not lead claims nothing of the kind, and reads at once.
 */
export async function readConfirmed<Response>(
  voter: Controller,
  read: () => Promise<Outcome<Response>>,
  signal: AbortSignal,
): Promise<Outcome<Response> | Unconfirmed> {
  const confirmed = await readIndexOf(voter, signal);
  if (confirmed.kind === "refused" && confirmed.error !== "NOT_LEADER_OR_FOLLOWER")
    return { kind: "unconfirmed" };
  // A leader that still replays is not in office yet.
  if (confirmed.kind === "ready" && voter.committedEnd < confirmed.readIndex)
    return { kind: "not-controller" };
  return await read();
}
