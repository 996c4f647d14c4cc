/**
 * The durable part of a step, in the order its fields demand: election state, snapshots, start of the log, truncation,
 * appended batches. The high watermark goes along with whatever else is stored, and is never a reason to store
 * something. Runs inside the one transaction of the step; a throw anywhere undoes all of it. So a snapshot is
 * installed, and the log that it replaces gone, or neither.
 */
import type {
  Entry,
  Incarnation,
  PersistEffect,
  Sleep,
  SnapshotChunk,
  StoredSnapshot,
} from "../../src/raft/index.ts";
import { controlBatch } from "./entries.ts";
import type { LogStore, QuorumStore, SnapshotStore } from "./ports.ts";

interface Stores {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly quorum: QuorumStore;
  /** For the batches that this leader makes itself. */
  readonly now: number;
  /** Which boot this is. */
  readonly incarnation: Incarnation;
}

export function persistStep(effect: PersistEffect, stores: Stores): void {
  if (effect.election !== null) stores.quorum.write(effect.election);
  if (effect.joined) stores.quorum.writeJoined();
  if (effect.fence) stores.quorum.fence();
  if (effect.highWatermark !== null) stores.quorum.writeHighWatermark(effect.highWatermark);
  if (effect.sleep !== null) writeSleep(effect.sleep, stores);
  if (effect.snapshot !== null) stores.snapshots.complete("made", effect.snapshot);
  if (effect.chunk !== null) storeChunk(effect.chunk, stores);
  if (effect.install !== null) install(effect.install, stores);
  if (effect.logStart !== null) cutLog(effect.logStart, stores);
  if (effect.truncateTo !== null) stores.log.truncateTo(effect.truncateTo);
  for (const entry of effect.append) appendEntry(entry, stores);
}

/** Who wakes may speak: the boot that it is counts from then on. */
function writeSleep(sleep: Sleep | "over", { quorum, incarnation }: Stores): void {
  if (sleep === "over") quorum.writeIncarnation(incarnation);
  quorum.writeSleep(sleep === "over" ? null : sleep);
}

function storeChunk({ id, position, bytes }: SnapshotChunk, { snapshots }: Stores): void {
  if (position === 0) snapshots.begin("fetched", id);
  snapshots.append("fetched", bytes);
}

function install(snapshot: StoredSnapshot, { snapshots, log }: Stores): void {
  snapshots.complete("fetched", snapshot);
  snapshots.dropBelow(snapshot.endOffset);
  log.restartAt(snapshot.endOffset);
}

function cutLog(startOffset: number, { snapshots, log }: Stores): void {
  log.moveStart(startOffset);
  snapshots.dropBelow(startOffset);
}

function appendEntry(entry: Entry, stores: Stores): void {
  const { baseOffset, lastOffset, epoch } = entry;
  // What this leader says itself arrives as values; what was fetched keeps the bytes its leader gave it.
  const bytes = entry.payload ?? controlBatch(entry, stores.now);
  stores.log.append({ baseOffset, lastOffset, epoch, control: entry.control.length > 0, bytes });
  stores.log.writeEpochStart({ epoch, startOffset: baseOffset });
}
