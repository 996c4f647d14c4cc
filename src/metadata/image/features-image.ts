/**
 * Finalized feature levels (KIP-584, KIP-778). metadata.version decides what is written and has a place of its own;
 * all others are numbers by name. kraft.version is never among them: it lives in Raft's control records.
 */
import { assert } from "../../std/assert.ts";
import type { FeatureLevelRecord } from "../../protocol/index.ts";
import { METADATA_VERSION, MV_MAX } from "../features/levels.ts";
import { KRAFT_VERSION } from "../features/supported.ts";

/** Quorums here are of kraft.version 1 from their first record on. */
export const KRAFT_VERSION_LEVEL = 1;

export interface FeaturesImage {
  /** 0: no record has set it yet, so the log is empty. */
  readonly metadataVersion: number;
  /** Every other finalized feature whose level is not 0. */
  readonly levels: ReadonlyMap<string, number>;
}

export const NO_FEATURES: FeaturesImage = { metadataVersion: 0, levels: new Map() };

/** The finalized level of any feature; 0 where there is none. */
export function finalizedLevel(features: FeaturesImage, name: string): number {
  if (name === METADATA_VERSION) return features.metadataVersion;
  if (name === KRAFT_VERSION) return KRAFT_VERSION_LEVEL;
  return features.levels.get(name) ?? 0;
}

/** Every finalized feature with a level other than 0, sorted by name. */
export function finalizedLevels(
  features: FeaturesImage,
): readonly { readonly name: string; readonly level: number }[] {
  const names = [...features.levels.keys(), METADATA_VERSION, KRAFT_VERSION].toSorted();
  return names
    .map((name) => ({ name, level: finalizedLevel(features, name) }))
    .filter(({ level }) => level !== 0);
}

export function withFeatureLevel(
  features: FeaturesImage,
  { name, featureLevel }: FeatureLevelRecord,
): FeaturesImage {
  // Some controllers wrote one for kraft.version, which decides nothing (KAFKA-18979).
  if (name === KRAFT_VERSION) return features;
  if (name === METADATA_VERSION) {
    assert(
      featureLevel >= 1 && featureLevel <= MV_MAX,
      `the log is of metadata.version ${featureLevel}; this controller knows up to ${MV_MAX}`,
    );
    return { ...features, metadataVersion: featureLevel };
  }
  const levels = new Map(features.levels);
  if (featureLevel === 0) levels.delete(name);
  else levels.set(name, featureLevel);
  return { ...features, levels };
}
