/**
 * The durable part of a step, in the order its fields demand: election state, truncation, appended batches. The high
 * watermark goes along with whatever else is stored, and is never a reason to store something.
 * Runs inside the one transaction of the step; a throw anywhere undoes all of it.
 */
import type { Entry, PersistEffect } from "../../src/raft/index.ts";
import { controlBatch } from "./entries.ts";
import type { LogStore, QuorumStore } from "./ports.ts";

export function persistStep(
  effect: PersistEffect,
  stores: { readonly log: LogStore; readonly quorum: QuorumStore; readonly now: number },
): void {
  if (effect.election !== null) stores.quorum.write(effect.election);
  if (effect.highWatermark !== null) stores.quorum.writeHighWatermark(effect.highWatermark);
  if (effect.truncateTo !== null) stores.log.truncateTo(effect.truncateTo);
  for (const entry of effect.append) appendEntry(entry, stores);
}

function appendEntry(entry: Entry, stores: { readonly log: LogStore; readonly now: number }): void {
  const { baseOffset, lastOffset, epoch } = entry;
  // What this leader says itself arrives as values; what was fetched keeps the bytes its leader gave it.
  const bytes = entry.payload ?? controlBatch(entry, stores.now);
  stores.log.append({ baseOffset, lastOffset, epoch, control: entry.control.length > 0, bytes });
  stores.log.writeEpochStart({ epoch, startOffset: baseOffset });
}
