/**
 * What this controller understands of each feature (KIP-584): the ranges that it advertises and registers. A level
 * is in a range once everything that the level brings to the log is implemented, and not before.
 */
import { METADATA_VERSION, MV_MAX, MV_MIN } from "./levels.ts";

/** Levels that are understood, both ends included. */
export interface SupportedFeature {
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
}

export const KRAFT_VERSION = "kraft.version";
export const ELIGIBLE_LEADER_REPLICAS = "eligible.leader.replicas.version";

/** Sorted by name. */
export const SUPPORTED_FEATURES: readonly SupportedFeature[] = [
  { name: ELIGIBLE_LEADER_REPLICAS, minVersion: 0, maxVersion: 1 },
  { name: "group.version", minVersion: 0, maxVersion: 1 },
  { name: KRAFT_VERSION, minVersion: 0, maxVersion: 1 },
  { name: METADATA_VERSION, minVersion: MV_MIN, maxVersion: MV_MAX },
  { name: "share.version", minVersion: 0, maxVersion: 2 },
  { name: "streams.version", minVersion: 0, maxVersion: 1 },
  { name: "transaction.version", minVersion: 0, maxVersion: 2 },
];

export const supportedFeature = (name: string): SupportedFeature | undefined =>
  SUPPORTED_FEATURES.find((feature) => feature.name === name);

/** The levels of a feature that a node understands, both ends included. */
export interface FeatureRange {
  readonly name: string;
  readonly minSupportedVersion: number;
  readonly maxSupportedVersion: number;
}

/** Our own ranges, as a registration says them. */
export const OWN_FEATURES: readonly FeatureRange[] = SUPPORTED_FEATURES.map(
  ({ name, minVersion, maxVersion }) => ({
    name,
    minSupportedVersion: minVersion,
    maxSupportedVersion: maxVersion,
  }),
);
