/**
 * The metadata of the committed log as one reader has replayed it. Every replica has one, and every broker.
 */
import type { Entry } from "../../../src/raft/index.ts";
import {
  applyRecords,
  emptyImage,
  imageToRecords,
  type MetadataImage,
} from "../../../src/metadata/index.ts";
import { encodeMetadataRecord } from "../../../src/protocol/index.ts";
import { fingerprintOfBytes } from "../entries.ts";
import { recordsOf } from "./payload.ts";

export class ReplayedImage {
  image: MetadataImage = emptyImage;

  replay({ control, payload, epoch, lastOffset }: Entry): void {
    if (control.length > 0 || payload === null) return;
    const provenance = { endOffset: lastOffset + 1, epoch, timestampMs: 0 };
    this.image = applyRecords(this.image, recordsOf(payload), provenance);
  }

  /** One number for all that the image says. Costly: it writes the image down. */
  digest(): number {
    let digest = 0;
    for (const record of imageToRecords(this.image)) {
      digest = Math.imul(digest, 31) + fingerprintOfBytes(encodeMetadataRecord(record));
    }
    return digest >>> 0;
  }
}
