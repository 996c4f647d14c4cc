/**
 * What registrations of brokers and controllers are made of: endpoints, feature ranges, directories. Whether one is
 * fit for the log, and whether two say the same.
 */
import type { FeatureRange } from "../features/supported.ts";
import type { Endpoint } from "../image/cluster-image.ts";

/** Kafka's readers make a range of every feature they find; one that is negative or inverted is none. */
export const isValidRange = ({ minSupportedVersion, maxSupportedVersion }: FeatureRange): boolean =>
  minSupportedVersion >= 0 && minSupportedVersion <= maxSupportedVersion;

/**
 * What a registration may list. Kafka has no bound of its own, but its requests have; a node has a few of each, and
 * what it lists stands in every image and every snapshot.
 */
export const LISTENERS_MAX = 100;
export const FEATURES_MAX = 1_000;
export const LOG_DIRS_MAX = 1_000;

export const isWithinBounds = (lists: {
  readonly listeners: readonly unknown[];
  readonly features: readonly unknown[];
  readonly logDirs?: readonly unknown[];
}): boolean =>
  lists.listeners.length <= LISTENERS_MAX &&
  lists.features.length <= FEATURES_MAX &&
  (lists.logDirs ?? []).length <= LOG_DIRS_MAX;

export const sameItems = <Item>(a: readonly Item[], b: readonly Item[]): boolean =>
  a.length === b.length && a.every((item, at) => item === b[at]);

export function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return sameItems(a.map(endpointText), b.map(endpointText));
}

export function sameFeatures(a: readonly FeatureRange[], b: readonly FeatureRange[]): boolean {
  return sameItems(a.map(rangeText), b.map(rangeText));
}

const endpointText = ({ name, host, port, securityProtocol }: Endpoint): string =>
  JSON.stringify([name, host, port, securityProtocol]);

const rangeText = ({ name, minSupportedVersion, maxSupportedVersion }: FeatureRange): string =>
  JSON.stringify([name, minSupportedVersion, maxSupportedVersion]);
