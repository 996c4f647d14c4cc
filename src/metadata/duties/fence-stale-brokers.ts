/**
 * Fences the brokers that were not heard from for a whole session (KIP-631), the longest silent first.
 *
 * Run when `nextFencingDeadline` has come; when one batch cannot hold it all, the next run goes on at once.
 *
 * A run that comes late may mean that the controller itself was paused, with the heartbeats sent meanwhile still queued: a
 * quorum that was stopped for longer than a session would take all leaders from all brokers, and none of them was at
 * fault. So a broker whose deadline is met late is spared, and gets another session, unless
 *
 * - another broker was heard from since that deadline, and half a session ago: then the controller has been listening
 *   for long enough to hear every broker that lives; or
 * - it was spared before and not heard from since: a controller whose timers are always late must fence all the same.
 *
 * The first alone would never fence the last broker of a cluster, and the second alone takes a session longer.
 */
import { endSessions } from "../control/session-end.ts";
import type { ControlContext, ControlResult } from "../control/operation.ts";
import type { BrokerRegistration } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  contactOf,
  endOf,
  lastHeardMs,
  staleBrokers,
  withWholeSessions,
  withoutArrears,
  withoutStrangers,
  type BrokerLiveness,
} from "../liveness/broker-heartbeats.ts";
import type { Duty } from "./duty.ts";

/** What a run says that came late and spared brokers. */
export interface Standstill {
  readonly isBounded: false;
  /** How late it came, in ms: the controller heard no heartbeat for at least that long. */
  readonly stoodStillMs: number;
}

/** A run this much after its deadline is late: a controller that runs meets its timers within milliseconds. */
const STOOD_STILL_MS = 500;

export const fenceStaleBrokers: Duty<Standstill | null> = {
  name: "fence-stale-brokers",
  rule: fence,
};

function fence(view: MetadataImage, context: ControlContext): ControlResult<Standstill | null> {
  const { liveness } = context;
  const session = { nowMs: context.nowMs, timeoutMs: context.config.brokerSessionTimeoutMs };
  const stale = staleBrokers(liveness, view.cluster, session);
  const standstill = standstillOf(liveness, stale, session);
  const doomed = standstill?.doomed ?? stale;
  const contacts =
    standstill === null ? liveness : withWholeSessions(liveness, doomed, session.nowMs);
  const ended = endSessions(view, contacts, doomed);
  return {
    records: ended.records,
    response: standstill && { isBounded: false, stoodStillMs: standstill.lateMs },
    liveness: withoutStrangers(withoutArrears(ended.liveness, session), view.cluster),
  };
}

/** What speaks for a standstill: how late its first deadline is met, and which brokers are fenced nevertheless. */
function standstillOf(
  liveness: BrokerLiveness,
  stale: readonly BrokerRegistration[],
  { nowMs, timeoutMs }: { readonly nowMs: number; readonly timeoutMs: number },
): { readonly lateMs: number; readonly doomed: readonly BrokerRegistration[] } | null {
  // Brokers send two heartbeats or more in that time, one of which may have waited for the standstill to end.
  const heardMs = lastHeardMs(liveness, nowMs - timeoutMs / 2);
  const doomed: BrokerRegistration[] = [];
  let lateMs = 0;
  for (const broker of stale) {
    const contact = contactOf(liveness, broker);
    const deadline = endOf(contact?.lastContactMs ?? Number.NEGATIVE_INFINITY, timeoutMs);
    if (contact === undefined || contact.isSpared || heardMs >= deadline) doomed.push(broker);
    else lateMs = Math.max(lateMs, nowMs - deadline);
  }
  return lateMs > STOOD_STILL_MS ? { lateMs, doomed } : null;
}
