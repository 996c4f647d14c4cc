/**
 * What the end of brokers' sessions entails, whether it was silence that ended them (`fenceStaleBrokers`) or an operator
 * who knows better (FenceBroker). Each broker is fenced on the view that the fencing of the one before has left, and none
 * of them is elected meanwhile: otherwise one dead broker hands its partitions to another dead one (KAFKA-13173).
 */
import type { MetadataRecord } from "../../protocol/index.ts";
import { withBrokerFenced, type BrokerRegistration } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { withoutContact, type BrokerLiveness } from "../liveness/broker-heartbeats.ts";
import { applyRecords } from "../replay/apply-records.ts";
import { BoundedBatch } from "./batch-bound.ts";
import { fencingRecords } from "./broker-departure.ts";

export interface SessionsEnded {
  /** At most one batch. */
  readonly records: readonly MetadataRecord[];
  /** Without the brokers that are fenced. One whose records did not all fit still has its contact. */
  readonly liveness: BrokerLiveness;
  /** False where not all of them are fenced yet. */
  readonly isWhole: boolean;
}

/** Fences `doomed` in this order, as far as one batch goes. */
export function endSessions(
  view: MetadataImage,
  liveness: BrokerLiveness,
  doomed: readonly BrokerRegistration[],
): SessionsEnded {
  const batch = new BoundedBatch();
  let contacts = liveness;
  let working = view;
  let applied = 0;
  for (const broker of doomed) {
    if (batch.records.length > applied)
      working = applyRecords(working, batch.records.slice(applied), working.provenance);
    applied = batch.records.length;
    // Later brokers wait for a batch of their own: their partitions may be the ones that are left.
    if (!batch.take(fencingRecords(withoutHope(working, doomed), broker))) break;
    contacts = withoutContact(contacts, broker.id);
  }
  return { records: batch.records, liveness: contacts, isWhole: batch.isWhole };
}

/**
 * The view in which all of `doomed` count as fenced already. A broker that will be fenced in a moment must not be
 * elected in this one: least of all uncleanly, which would throw away the records of the one before for nothing.
 */
function withoutHope(view: MetadataImage, doomed: readonly BrokerRegistration[]): MetadataImage {
  let { cluster } = view;
  for (const broker of doomed) {
    if (cluster.brokers.has(broker.id)) cluster = withBrokerFenced(cluster, broker, true);
  }
  return { ...view, cluster };
}
