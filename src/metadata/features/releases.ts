/**
 * Releases of Kafka as levels of metadata.version, as `kafka-storage format --release-version` and `kafka-features`
 * read them: "4.3" and "4.3.1" are the highest level of 4.3, "4.0-IV1" is that level.
 */
import { metadataVersionName, MV_MAX } from "./levels.ts";

/** "4.3" of "4.3-IV0". */
const releaseOf = (level: number): string => metadataVersionName(level).split("-")[0] ?? "";

/** The releases that have a level from `min` on, the oldest first. */
export const releasesFrom = (min: number): readonly string[] => [
  ...new Set(Array.from({ length: MV_MAX - min + 1 }, (_, at) => releaseOf(min + at))),
];

/** The level that is meant, of any that has a name; null for what is no release. */
export function levelOfRelease(text: string): number | null {
  const release = text.split(".").slice(0, 2).join(".");
  for (let level = MV_MAX; level > 0; level -= 1) {
    if (release === releaseOf(level) || release === metadataVersionName(level)) return level;
  }
  return null;
}
