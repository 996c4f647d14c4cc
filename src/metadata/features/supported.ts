/**
 * What this controller understands of each feature (KIP-584): the ranges that it advertises and registers. A level
 * is in a range once everything that the level brings to the log is implemented, and not before.
 */
import { METADATA_VERSION, KRAFT_VERSION } from "../image/features-image.ts";
import { MV_ELR, MV_KRAFT_VERSION, MV_MAX, MV_MIN } from "./levels.ts";

/** Levels that are understood, both ends included. */
export interface SupportedFeature {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}

export const ELIGIBLE_LEADER_REPLICAS = "eligible.leader.replicas.version";

/** Sorted by name. Eligible leader replicas are known by name only: level 1 is not offered yet. */
export const SUPPORTED_FEATURES: readonly SupportedFeature[] = [
  { name: ELIGIBLE_LEADER_REPLICAS, minVersion: 0, maxVersion: 0 },
  { name: "group.version", minVersion: 0, maxVersion: 1 },
  { name: KRAFT_VERSION, minVersion: 0, maxVersion: 1 },
  { name: METADATA_VERSION, minVersion: MV_MIN, maxVersion: MV_MAX },
  { name: "share.version", minVersion: 0, maxVersion: 1 },
  { name: "streams.version", minVersion: 0, maxVersion: 1 },
  { name: "transaction.version", minVersion: 0, maxVersion: 2 },
];

export const supportedFeature = (name: string): SupportedFeature | undefined =>
  SUPPORTED_FEATURES.find((feature) => feature.name === name);

/** The metadata.version that a feature needs at level 1 or above, where it needs one. */
const NEEDS_METADATA_VERSION: ReadonlyMap<string, number> = new Map([
  [ELIGIBLE_LEADER_REPLICAS, MV_ELR],
  [KRAFT_VERSION, MV_KRAFT_VERSION],
]);

export function metadataVersionNeeded(name: string, level: number): number {
  return level === 0 ? 0 : (NEEDS_METADATA_VERSION.get(name) ?? MV_MIN);
}

/** metadata.version by level, as Kafka names it. Levels below MV_MIN exist in old logs only. */
const METADATA_VERSION_NAMES: readonly string[] =
  "? 3.0-IV1 3.1-IV0 3.2-IV0 3.3-IV0 3.3-IV1 3.3-IV2 3.3-IV3 3.4-IV0 3.5-IV0 3.5-IV1 3.5-IV2 3.6-IV0 3.6-IV1 3.6-IV2 3.7-IV0 3.7-IV1 3.7-IV2 3.7-IV3 3.7-IV4 3.8-IV0 3.9-IV0 4.0-IV0 4.0-IV1 4.0-IV2 4.0-IV3 4.1-IV0 4.1-IV1 4.2-IV0 4.2-IV1 4.3-IV0".split(
    " ",
  );

export const metadataVersionName = (level: number): string =>
  METADATA_VERSION_NAMES[level] ?? String(level);

/** Levels whose records an older level cannot hold: no way back leads across them. */
const LEVELS_WITH_NEW_RECORDS: ReadonlySet<number> = new Set([7, 8, 11, 13, 14, 15, 17, 23, 30]);

/** Whether going down from `current` to `wanted` would lose what the log may already say. */
export function losesMetadata(current: number, wanted: number): boolean {
  for (let level = wanted + 1; level <= current; level += 1) {
    if (LEVELS_WITH_NEW_RECORDS.has(level)) return true;
  }
  return false;
}
