/** How the simulator looks at a snapshot: what checkers compare of its bytes, and the image that they make. */
import { snapshotVoters } from "../../durable-objects/replica/entries.ts";
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { decodeMetadataRecord, decodeSnapshot, DecodeError } from "../../src/protocol/index.ts";
import type { SnapshotId } from "../../src/raft/index.ts";
import { fingerprintOfBytes } from "./entries.ts";
import { digestOf } from "./history.ts";
import { nameOf, type Observation } from "./observation.ts";

export function snapshotMark(
  replica: string,
  { endOffset, epoch }: SnapshotId,
  bytes: Uint8Array,
): Observation {
  const mark = {
    kind: "snapshot",
    replica,
    endOffset,
    epoch,
    fingerprint: fingerprintOfBytes(bytes),
  } as const;
  try {
    const { image, voters } = readSnapshot(bytes, { endOffset, epoch });
    return { ...mark, digest: digestOf(image), voters };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { ...mark, digest: null, voters: [] };
  }
}

/** What a snapshot says; a `DecodeError` where it is not sound. */
export function readSnapshot(
  bytes: Uint8Array,
  id: SnapshotId,
): { readonly image: MetadataImage; readonly voters: readonly string[] } {
  const { frame, values } = decodeSnapshot(bytes);
  const image = applyRecords(emptyImage, values.map(decodeMetadataRecord), {
    endOffset: id.endOffset,
    epoch: id.epoch,
    timestampMs: 0,
  });
  const voters = (snapshotVoters(frame) ?? []).map(({ key }) => nameOf(key.id));
  return { image, voters };
}
