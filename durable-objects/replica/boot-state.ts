/**
 * What the consensus core is booted from: the election state, the high watermark as it was last stored, the shape of
 * the log, the snapshots, and the voter sets. Reads the epoch table, the batches with voter sets and the header of one
 * snapshot, never the whole log.
 */
import { SnapshotReader, type SnapshotFrame } from "../../src/protocol/index.ts";
import type { DurableImage, StoredSnapshot, VotersRecord } from "../../src/raft/index.ts";
import { assert, AssertionError } from "../../src/std/assert.ts";
import { snapshotVoters, votersIn } from "./entries.ts";
import type { LogStore, Ports, SnapshotStore } from "./ports.ts";

/** Each is a look-up of its own, some microseconds: a boot must not last the longer the more elections there were. */
const EPOCHS_CHECKED = 1_000;

/**
 * Drops what an earlier incarnation has begun and not finished: nobody goes on with it. Then reads, and writes nothing.
 */
export function bootState({
  disk,
  quorum,
  log,
  snapshots,
}: Pick<Ports, "disk" | "quorum" | "log" | "snapshots">): DurableImage {
  disk.transaction(() => {
    snapshots.abandon("made");
    snapshots.abandon("fetched");
  });
  const epochs = log.epochStarts();
  for (const { epoch, startOffset } of epochs.slice(-EPOCHS_CHECKED)) {
    // The epoch cache says what the log rows say. What elections and truncation rest on is worth a look-up.
    const found = log.epochAt(startOffset);
    assert(
      found === epoch,
      `epoch ${epoch} should begin at ${startOffset}, where the log has ${found}`,
    );
  }
  return {
    election: quorum.read(),
    log: {
      startOffset: log.startOffset(),
      endOffset: log.endOffset(),
      epochs,
      snapshots: snapshots.list(),
    },
    highWatermark: quorum.highWatermark(),
    joining: quorum.isJoining(),
    sleep: quorum.sleep(),
    voters: [...votersBelow(log, snapshots), ...log.controlBatches().flatMap(votersIn)],
  };
}

/**
 * The voter set that the snapshot before the log says, as if it stood in the last record that the snapshot stands for.
 */
function votersBelow(log: LogStore, snapshots: SnapshotStore): readonly VotersRecord[] {
  const start = log.startOffset();
  const snapshot = snapshots.list().find(({ endOffset }) => endOffset === start);
  const voters = snapshot === undefined ? null : snapshotVoters(headerOf(snapshot, snapshots));
  return voters === null ? [] : [{ offset: start - 1, voters }];
}

/** Reads as many chunks as the header takes: one, unless they are small ones. */
function headerOf(snapshot: StoredSnapshot, snapshots: SnapshotStore): SnapshotFrame {
  const { endOffset, epoch, size } = snapshot;
  const reader = new SnapshotReader();
  while (reader.position < size) {
    const chunk = snapshots.read({ id: snapshot, position: reader.position, maxBytes: size });
    assert(chunk !== null, `the snapshot ${endOffset}-${epoch} before the log is damaged`);
    reader.push(chunk);
    if (reader.frame !== null) return reader.frame;
  }
  throw new AssertionError(`the snapshot ${endOffset}-${epoch} before the log has no header`);
}
