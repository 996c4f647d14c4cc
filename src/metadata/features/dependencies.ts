/**
 * Which features need a level of metadata.version (KIP-1022). No feature needs another one than that so far.
 */
import { MV_ELR, MV_KRAFT_VERSION, MV_MIN } from "./levels.ts";
import { ELIGIBLE_LEADER_REPLICAS, KRAFT_VERSION } from "./supported.ts";

/** The metadata.version that a feature needs at level 1 or above, where it needs one. */
const NEEDS_METADATA_VERSION: ReadonlyMap<string, number> = new Map([
  [ELIGIBLE_LEADER_REPLICAS, MV_ELR],
  [KRAFT_VERSION, MV_KRAFT_VERSION],
]);

export function metadataVersionNeeded(name: string, level: number): number {
  return level === 0 ? 0 : (NEEDS_METADATA_VERSION.get(name) ?? MV_MIN);
}
