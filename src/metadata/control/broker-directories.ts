/**
 * What a heartbeat says about directories: some are gone, and with them the broker's replicas in them (KIP-858);
 * some take no new replicas (KIP-1066). Only directories that the broker has registered count; of others it has
 * nothing to say.
 */
import {
  BrokerRegistrationChangeRecord,
  type BrokerHeartbeatRequest,
  type MetadataRecord,
} from "../../protocol/index.ts";
import type { BrokerRegistration } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { byUuid } from "../image/uuid-order.ts";
import {
  CHANGE_CORDONED,
  CHANGE_DIRECTORIES,
  MV_CORDONED_DIRECTORIES,
  MV_DIRECTORIES,
} from "../features/levels.ts";
import { departureRecords } from "./broker-departure.ts";
import { sameItems } from "./registration-parts.ts";

type Reported = Pick<BrokerHeartbeatRequest, "offlineLogDirs" | "cordonedLogDirs">;

/**
 * Whether every directory of the broker is reported gone. A registration cannot say so: no directories mean none told.
 */
export function hasNoDirectoryLeft(
  broker: BrokerRegistration,
  { offlineLogDirs }: Reported,
): boolean {
  return broker.logDirs.length > 0 && broker.logDirs.every((id) => offlineLogDirs.includes(id));
}

type Records = Generator<MetadataRecord, void, undefined>;

/** The partitions' records first, then the broker's. The caller cuts batches. */
export function* directoryRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
  reported: Reported,
): Records {
  yield* offlineRecords(view, broker, reported);
  const cordoned = cordonedRecord(view, broker, reported);
  if (cordoned !== null) yield cordoned;
}

function* offlineRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
  reported: Reported,
): Records {
  const gone = broker.logDirs.filter((id) => reported.offlineLogDirs.includes(id)).toSorted(byUuid);
  // With all of them gone the broker is fenced instead, which takes every partition from it.
  if (
    gone.length === 0 ||
    hasNoDirectoryLeft(broker, reported) ||
    view.features.metadataVersion < MV_DIRECTORIES
  ) {
    return;
  }
  const online = BrokerRegistrationChangeRecord.of(CHANGE_DIRECTORIES, {
    brokerId: broker.id,
    brokerEpoch: broker.epoch,
    logDirs: broker.logDirs.filter((id) => !gone.includes(id)),
  });
  const change = { kind: "directories-fail", brokerId: broker.id, directories: gone } as const;
  yield* departureRecords(view, change, online);
}

/** Null where nothing changes, or where the broker does not say (a heartbeat below v2). */
function cordonedRecord(
  view: MetadataImage,
  broker: BrokerRegistration,
  { cordonedLogDirs }: Reported,
): MetadataRecord | null {
  if (cordonedLogDirs === null || view.features.metadataVersion < MV_CORDONED_DIRECTORIES)
    return null;
  const cordoned = broker.logDirs.filter((id) => cordonedLogDirs.includes(id)).toSorted(byUuid);
  if (sameItems(cordoned, broker.cordonedLogDirs)) return null;
  return BrokerRegistrationChangeRecord.of(CHANGE_CORDONED, {
    brokerId: broker.id,
    brokerEpoch: broker.epoch,
    cordonedLogDirs: cordoned,
  });
}
