/**
 * Levels of metadata.version: those that decide what is written, by the name of the release that brought them; the
 * versions of records that follow; and what each level is called. A reader takes every version it knows; only
 * writers look here.
 */

export const METADATA_VERSION = "metadata.version";

/** The lowest level of any Kafka 4 release: 3.3-IV3. */
export const MV_MIN = 7;
/** The highest level whose records we write in full: 4.4-IV2. */
export const MV_MAX = 33;
/** What new clusters begin with, the highest that every Kafka 4 broker accepts: 4.0-IV3. */
export const MV_DEFAULT = 25;

/** 3.4-IV0: RegisterBrokerRecord v2. */
export const MV_REGISTER_BROKER_V2 = 8;
/** 3.5-IV2: SCRAM credentials in the log (KIP-900). */
export const MV_SCRAM = 11;
/** 3.6-IV0: a shrinking ISR keeps the leader epoch (KAFKA-15021). */
export const MV_SHRINK_KEEPS_LEADER_EPOCH = 12;
/** 3.6-IV1: metadata transactions (KIP-868). */
export const MV_TRANSACTIONS = 13;
/** 3.6-IV2: delegation tokens (KIP-900). */
export const MV_DELEGATION_TOKENS = 14;
/** 3.7-IV0: controllers register themselves (KIP-919). */
export const MV_CONTROLLER_REGISTRATION = 15;
/** 3.7-IV2: replicas are assigned to log directories (KIP-858). */
export const MV_DIRECTORIES = 17;
/** 3.9-IV0: kraft.version 1 is possible (KIP-853). */
export const MV_KRAFT_VERSION = 21;
/** 4.0-IV1: eligible leader replicas in records (KIP-966). */
export const MV_ELR = 23;
/** 4.3-IV0: cordoned log directories (KIP-1066). */
export const MV_CORDONED_DIRECTORIES = 30;
/** 4.4-IV1: ranges of addresses as hosts of access control entries (KIP-1276). */
export const MV_HOST_RANGES = 32;
/** 4.4-IV2: controllers are unregistered (KIP-1312). */
export const MV_CONTROLLER_UNREGISTRATION = 33;

export function registerBrokerRecordVersion(metadataVersion: number): number {
  if (metadataVersion >= MV_CORDONED_DIRECTORIES) return 4;
  if (metadataVersion >= MV_DIRECTORIES) return 3;
  return metadataVersion >= MV_REGISTER_BROKER_V2 ? 2 : 1;
}

/** Of PartitionRecord and PartitionChangeRecord alike. */
export function partitionRecordVersion(metadataVersion: number): number {
  if (metadataVersion >= MV_ELR) return 2;
  return metadataVersion >= MV_DIRECTORIES ? 1 : 0;
}

/** Of BrokerRegistrationChangeRecord: the lowest version that has the fields used. */
export const CHANGE_FENCED = 0;
export const CHANGE_CONTROLLED_SHUTDOWN = 1;
export const CHANGE_DIRECTORIES = 2;
export const CHANGE_CORDONED = 3;

/** metadata.version by level, as Kafka names it. Levels below MV_MIN exist in old logs only. */
const METADATA_VERSION_NAMES: readonly string[] =
  "? 3.0-IV1 3.1-IV0 3.2-IV0 3.3-IV0 3.3-IV1 3.3-IV2 3.3-IV3 3.4-IV0 3.5-IV0 3.5-IV1 3.5-IV2 3.6-IV0 3.6-IV1 3.6-IV2 3.7-IV0 3.7-IV1 3.7-IV2 3.7-IV3 3.7-IV4 3.8-IV0 3.9-IV0 4.0-IV0 4.0-IV1 4.0-IV2 4.0-IV3 4.1-IV0 4.1-IV1 4.2-IV0 4.2-IV1 4.3-IV0 4.4-IV0 4.4-IV1 4.4-IV2".split(
    " ",
  );

export const metadataVersionName = (level: number): string =>
  METADATA_VERSION_NAMES[level] ?? String(level);

/** Levels whose records an older level cannot hold: no way back leads across them. */
const LEVELS_WITH_NEW_RECORDS: ReadonlySet<number> = new Set([
  7, 8, 11, 13, 14, 15, 17, 23, 30, 32, 33,
]);

/** Whether going down from `current` to `wanted` would lose what the log may already say. */
export function losesMetadata(current: number, wanted: number): boolean {
  for (let level = wanted + 1; level <= current; level += 1) {
    if (LEVELS_WITH_NEW_RECORDS.has(level)) return true;
  }
  return false;
}
