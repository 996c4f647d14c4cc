/** How the simulator looks at a snapshot: what checkers compare of its bytes, and the image that they make. */
import { snapshotVoters } from "../../durable-objects/replica/entries.ts";
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { decodeMetadataRecord, decodeSnapshot, DecodeError } from "../../src/protocol/index.ts";
import type { SnapshotId, VoterSet } from "../../src/raft/index.ts";
import { AssertionError } from "../../src/std/assert.ts";
import { nameOfKey } from "./directories.ts";
import { fingerprintOfBytes, printOf } from "./entries.ts";
import { digestOf } from "./history.ts";
import type { Observation } from "./observation.ts";

/** Of a snapshot that is whole. `build` is that of its maker, or null where it was fetched. */
export function snapshotMark(
  at: { readonly replica: string; readonly build: number | null },
  { endOffset, epoch }: SnapshotId,
  bytes: Uint8Array,
): Observation {
  const mark = {
    kind: "snapshot",
    ...at,
    endOffset,
    epoch,
    fingerprint: fingerprintOfBytes(bytes),
  } as const;
  try {
    const { image, voters } = readSnapshot(bytes, { endOffset, epoch });
    const names = voters.map(({ key }) => nameOfKey(key));
    return { ...mark, digest: digestOf(image), voters: names, votersPrint: printOf(voters) };
  } catch (error) {
    // Its checksums may be right, and its records such as no image takes.
    if (!(error instanceof DecodeError || error instanceof AssertionError)) throw error;
    return { ...mark, digest: null, voters: [], votersPrint: 0 };
  }
}

/** What a snapshot says; a `DecodeError` where it is not sound. */
export function readSnapshot(
  bytes: Uint8Array,
  id: SnapshotId,
): { readonly image: MetadataImage; readonly voters: VoterSet } {
  const { frame, values } = decodeSnapshot(bytes);
  const image = applyRecords(emptyImage, values.map(decodeMetadataRecord), {
    endOffset: id.endOffset,
    epoch: id.epoch,
    timestampMs: 0,
  });
  return { image, voters: snapshotVoters(frame) ?? [] };
}
