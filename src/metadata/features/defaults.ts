/**
 * Which features a new cluster has, beside metadata.version: those that `kafka-storage format` gives it.
 */
import { ELIGIBLE_LEADER_REPLICAS } from "./supported.ts";

/** From which metadata.version a new cluster has these features, as `kafka-storage format` gives them. */
const DEFAULT_FEATURES = [
  { name: ELIGIBLE_LEADER_REPLICAS, level: 1, from: 26 },
  { name: "group.version", level: 1, from: 22 },
  { name: "share.version", level: 1, from: 28 },
  { name: "share.version", level: 2, from: 31 },
  { name: "streams.version", level: 1, from: 29 },
  { name: "transaction.version", level: 2, from: 24 },
] as const;

/** The levels of a new cluster at `metadataVersion`. */
export function defaultLevels(metadataVersion: number): ReadonlyMap<string, number> {
  const levels = DEFAULT_FEATURES.filter(({ from }) => metadataVersion >= from);
  return new Map(levels.map(({ name, level }) => [name, level]));
}
