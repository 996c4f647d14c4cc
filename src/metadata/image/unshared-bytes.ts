/**
 * What it costs to keep an image while later ones are made. A later image shares its chunks of the partition table with
 * it until they are written to; each is copied then, and the earlier image alone keeps the old one in memory.
 */
import type { MetadataContents } from "./metadata-image.ts";

/** What a topic takes beside its chunks. */
const TOPIC_BYTES = 900;

/**
 * About how many bytes only `earlier` keeps in memory, once `later` is the image that lives. Only partitions are
 * counted: they are nearly all there is. The count ends when it exceeds `most`.
 */
export function unsharedBytes(
  earlier: MetadataContents,
  later: MetadataContents,
  most: number,
): number {
  if (earlier.topics === later.topics) return 0;
  let bytes = 0;
  for (const [id, topic] of earlier.topics.byId.notIn(later.topics.byId)) {
    const chunks = later.topics.byId.get(id)?.rows.chunks ?? [];
    bytes += TOPIC_BYTES;
    for (const [at, chunk] of topic.rows.chunks.entries()) {
      if (chunks[at] !== chunk) bytes += chunk.byteLength;
    }
    if (bytes > most) break;
  }
  return bytes;
}
