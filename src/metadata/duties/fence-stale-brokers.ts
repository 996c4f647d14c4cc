/**
 * Fences the brokers that were not heard from for a whole session (KIP-631), the longest silent first. Each is
 * fenced on the view that the fencing of the one before has left, and none of them is elected meanwhile: otherwise one
 * dead broker hands its partitions to another dead one (KAFKA-13173).
 *
 * Run when `nextFencingDeadline` has come; when one batch cannot hold it all, the next run goes on at once. A run that
 * comes late fences nobody: the controller itself was paused, and the heartbeats sent meanwhile are still queued. A
 * quorum that was stopped for longer than a session would otherwise take every leader from every broker, though no
 * broker was at fault.
 */
import type { MetadataRecord } from "../../protocol/index.ts";
import { fencingRecords } from "../control/broker-departure.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  type ControlContext,
  type ControlResult,
} from "../control/operation.ts";
import { withBrokerFenced, type BrokerRegistration } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  nextFencingDeadline,
  staleBrokers,
  withWholeSessions,
  withoutArrears,
  withoutStrangers,
} from "../liveness/broker-heartbeats.ts";
import { applyRecords } from "../replay/apply-records.ts";
import type { Duty } from "./duty.ts";

/** What a run that came late says. */
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
  const session = { nowMs: context.nowMs, timeoutMs: context.config.brokerSessionTimeoutMs };
  const lateMs = session.nowMs - nextFencingDeadline(context.liveness, session.timeoutMs);
  if (lateMs > STOOD_STILL_MS) {
    const liveness = withWholeSessions(context.liveness, session.nowMs);
    return {
      records: [],
      response: { isBounded: false, stoodStillMs: lateMs },
      liveness: withoutStrangers(liveness, view.cluster),
    };
  }
  const stale = staleBrokers(context.liveness, view.cluster, session);
  const records: MetadataRecord[] = [];
  let working = view;
  for (const broker of stale) {
    const room = RECORDS_PER_OPERATION_MAX - records.length;
    if (room < 1) break;
    const fencing = fencingRecords(withoutHope(working, stale), broker, room);
    records.push(...fencing.items);
    // Later brokers wait for a batch of their own: their partitions may be the ones that are left.
    if (!fencing.isWhole) break;
    working = applyRecords(working, fencing.items, working.provenance);
  }
  const liveness = withoutArrears(context.liveness, session);
  return { records, response: null, liveness: withoutStrangers(liveness, working.cluster) };
}

/**
 * The view in which all of `stale` count as fenced already. A broker that will be fenced in a moment must not be
 * elected in this one: least of all uncleanly, which would throw away the records of the one before for nothing.
 */
function withoutHope(view: MetadataImage, stale: readonly BrokerRegistration[]): MetadataImage {
  let { cluster } = view;
  for (const broker of stale) {
    if (cluster.brokers.has(broker.id)) cluster = withBrokerFenced(cluster, broker, true);
  }
  return { ...view, cluster };
}
