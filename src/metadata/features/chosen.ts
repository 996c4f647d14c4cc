/**
 * The levels that a new cluster may choose for itself, as `kafka-storage format --feature` takes them.
 */
import { metadataVersionNeeded } from "./dependencies.ts";
import { METADATA_VERSION, metadataVersionName } from "./levels.ts";
import { KRAFT_VERSION, SUPPORTED_FEATURES, supportedFeature } from "./supported.ts";

/** The features whose level can be chosen. */
export const CHOSEN_FEATURES: readonly string[] = SUPPORTED_FEATURES.map(({ name }) => name).filter(
  (name) => name !== METADATA_VERSION,
);

/** What the level of one of them must be in a cluster at `metadataVersion`; null if it is that. */
export function chosenLevelRefusal(
  name: string,
  level: number,
  metadataVersion: number,
): string | null {
  const { minVersion = 0, maxVersion = 0 } = supportedFeature(name) ?? {};
  // Voters have directory ids from the first record on.
  const min = name === KRAFT_VERSION ? maxVersion : minVersion;
  if (level < min || level > maxVersion)
    return min === maxVersion ? `${min}` : `from ${min} to ${maxVersion}`;
  const needed = metadataVersionNeeded(name, level);
  return metadataVersion < needed ? `0 below ${metadataVersionName(needed)}` : null;
}
