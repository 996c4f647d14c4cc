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

type Records = Generator<MetadataRecord, void, undefined>;

/** The records of `change` and behind them `last`. The caller cuts batches. */
export function* departureRecords(
  view: MetadataImage,
  change: BrokerChange,
  last: MetadataRecord,
): Records {
  yield* partitionChangesAfter(view, change);
  yield last;
}

/** What fences the broker; nothing if it is fenced already. */
export function* fencingRecords(view: MetadataImage, broker: BrokerRegistration): Records {
  if (broker.fenced) return;
  yield* departureRecords(view, { kind: "leaves", brokerId: broker.id }, fenced(broker, 1));
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
