/**
 * What the consensus core is booted from: the election state, the high watermark as it was last stored, the shape of
 * the log, and the voter sets in it. Reads the epoch table and the batches with voter sets, never the whole log.
 */
import type { DurableImage } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { votersIn } from "./entries.ts";
import type { LogStore, QuorumStore } from "./ports.ts";

/** Each is a look-up of its own, some microseconds: a boot must not last the longer the more elections there were. */
const EPOCHS_CHECKED = 1_000;

export function bootState(quorum: QuorumStore, log: LogStore): DurableImage {
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
      snapshots: [],
    },
    highWatermark: quorum.highWatermark(),
    voters: log.controlBatches().flatMap(votersIn),
  };
}
