/**
 * How a broker leaves: first every partition loses it, then the broker's own record says so. In that order, and with
 * the broker's record only in the batch that completes the first part, no committed state shows a fenced broker
 * that still leads (promise P22), and a controller that takes over half-way finds work that it will do anyway.
 */
import { BrokerRegistrationChangeRecord, type MetadataRecord } from "../../protocol/index.ts";
import type { BrokerRegistration } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { partitionChangesAfter, type BrokerChange } from "../partitions/broker-change.ts";
import { CHANGE_FENCED } from "../features/levels.ts";
import { firstOf, type Bounded } from "./batch-bound.ts";

/**
 * The records of `change` and behind them `last`, if all of that fits `limit`; else as many of the former as fit.
 */
export function departureRecords(
  view: MetadataImage,
  change: BrokerChange,
  last: MetadataRecord,
  limit: number,
): Bounded<MetadataRecord> {
  const changes = firstOf<MetadataRecord>(partitionChangesAfter(view, change), limit - 1);
  return changes.isWhole ? { items: [...changes.items, last], isWhole: true } : changes;
}

/** Fences the broker, or does a part of what must come before. A broker that is fenced already stays so. */
export function fencingRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
  limit: number,
): Bounded<MetadataRecord> {
  if (broker.fenced) return { items: [], isWhole: true };
  return departureRecords(view, { kind: "leaves", brokerId: broker.id }, fenced(broker, 1), limit);
}

/** The record that fences (1) or unfences (-1) the broker. */
export function fenced(broker: BrokerRegistration, value: 1 | -1): MetadataRecord {
  const { id, epoch } = broker;
  return BrokerRegistrationChangeRecord.of(CHANGE_FENCED, {
    brokerId: id,
    brokerEpoch: epoch,
    fenced: value,
  });
}
