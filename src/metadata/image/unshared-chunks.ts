/**
 * What it costs to keep an image while later ones are made. A later image shares its chunks of the partition table with
 * it until they are written to; each is copied then, and the earlier image alone keeps the old one in memory.
 */
import type { MetadataContents } from "./metadata-image.ts";

/**
 * How many chunks only `earlier` keeps in memory, once `later` is the image that lives; 4 KB each, or less in a small
 * topic. The count ends when it exceeds `most`, for to look at a hundred thousand topics takes a tenth of a second.
 */
export function unsharedChunks(
  earlier: MetadataContents,
  later: MetadataContents,
  most: number,
): number {
  if (earlier.topics === later.topics) return 0;
  let count = 0;
  for (const { value, theirs } of earlier.topics.byId.notIn(later.topics.byId)) {
    const chunks = theirs?.rows.chunks ?? [];
    for (const [at, chunk] of value.rows.chunks.entries()) if (chunks[at] !== chunk) count += 1;
    if (count > most) break;
  }
  return count;
}
