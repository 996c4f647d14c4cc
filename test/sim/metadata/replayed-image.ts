/** The metadata of the committed log as one broker has replayed it from what it was served. */
import { applyRecords, emptyImage, type MetadataImage } from "../../../src/metadata/index.ts";
import type { Entry } from "../../../src/raft/index.ts";
import { metadataOf } from "../entries.ts";

export class ReplayedImage {
  image: MetadataImage = emptyImage;

  replay({ control, payload, epoch, lastOffset }: Entry): void {
    if (control.length > 0 || payload === null) return;
    const provenance = { endOffset: lastOffset + 1, epoch, timestampMs: 0 };
    this.image = applyRecords(this.image, metadataOf(payload), provenance);
  }
}
