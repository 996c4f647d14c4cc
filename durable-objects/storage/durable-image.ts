/**
 * What the consensus core is booted from: the election state, the shape of the log, and the voter sets in it.
 * Reads the epoch table and the control batches, never the whole log.
 */
import type { DurableImage } from "../../src/raft/index.ts";
import { votersIn } from "../entries.ts";
import type { LogStore } from "./log-store.ts";
import type { QuorumStore } from "./quorum-store.ts";

export function durableImage(quorum: QuorumStore, log: LogStore): DurableImage {
  return {
    election: quorum.read(),
    log: {
      startOffset: log.startOffset(),
      endOffset: log.endOffset(),
      epochs: log.epochStarts(),
      snapshots: [],
    },
    voters: log.controlBatches().flatMap(votersIn),
  };
}
