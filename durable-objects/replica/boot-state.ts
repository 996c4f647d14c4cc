/**
 * What the consensus core is booted from: the election state, the shape of the log, and the voter sets in it.
 * Reads the epoch table and the control batches, never the whole log.
 */
import type { DurableImage } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { votersIn } from "./entries.ts";
import type { LogStore, QuorumStore } from "./ports.ts";

export function bootState(quorum: QuorumStore, log: LogStore): DurableImage {
  const epochs = log.epochStarts();
  for (const { epoch, startOffset } of epochs) {
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
    voters: log.controlBatches().flatMap(votersIn),
  };
}
