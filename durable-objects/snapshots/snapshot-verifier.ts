/**
 * Reads a fetched snapshot back before it replaces a log: every byte of it, a slice an event. What came over the wire,
 * and was cut, stored and put together again, is not trusted for having arrived.
 */
import { DecodeError } from "../../src/protocol/index.ts";
import type { SnapshotId, StoredSnapshot, VoterSet } from "../../src/raft/index.ts";
import { snapshotVoters } from "../replica/entries.ts";
import type { Ports } from "../replica/ports.ts";
import { StoredRecords } from "./stored-records.ts";

/** A partition takes about 3 µs to decode; a chunk of a mebibyte, of which a slice reads one at most, 3 ms. */
const SLICE_RECORDS = 2_000;

export interface VerifierParts extends Pick<Ports, "snapshots" | "timers" | "operatorLog"> {
  /** Whether one may name no voters: where others chose them and keep them elsewhere (kraft.version 0). */
  readonly mayNameNone: boolean;
  /** It is sound: `voters` are those of its header. */
  readonly sound: (snapshot: StoredSnapshot, voters: VoterSet) => void;
  readonly refused: (id: SnapshotId) => void;
  readonly failed: (cause: unknown) => void;
}

export class SnapshotVerifier {
  readonly #parts: VerifierParts;
  /** Takes back the event that goes on; null while nothing is verified. */
  #cancel: (() => void) | null = null;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  /** Begins with the fetched snapshot, all `size` bytes of which are stored. */
  begin(id: SnapshotId, size: number): void {
    this.stop();
    this.#goOn(id, size, new StoredRecords(size));
  }

  /** Its outcome is of no interest any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #goOn(id: SnapshotId, size: number, records: StoredRecords): void {
    this.#cancel = this.#parts.timers.set(0, () => {
      this.#cancel = null;
      try {
        this.#readSlice(id, size, records);
      } catch (cause) {
        this.#parts.failed(cause);
      }
    });
  }

  #readSlice(id: SnapshotId, size: number, records: StoredRecords): void {
    const { wanted } = records;
    const chunk = wanted === null ? null : this.#parts.snapshots.readUnfinished("fetched", wanted);
    let found: { readonly voters: VoterSet; readonly timestampMs: number } | null = null;
    try {
      if (wanted !== null) records.feed(chunk);
      records.take(SLICE_RECORDS);
      if (records.isAtEnd) found = contained(id, records, this.#parts.mayNameNone);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#parts.operatorLog.error(
        "snapshot-unsound",
        `the snapshot ${id.endOffset}-${id.epoch} that was fetched is not sound, and is fetched again: ${error.message}`,
      );
      return this.#parts.refused(id);
    }
    if (found === null) return this.#goOn(id, size, records);
    const { voters, timestampMs } = found;
    this.#parts.sound({ ...id, size, timestampMs }, voters);
  }
}

/** What the header says, which must be of the snapshot that was asked for. */
function contained(
  id: SnapshotId,
  { frame }: StoredRecords,
  mayNameNone: boolean,
): { readonly voters: VoterSet; readonly timestampMs: number } {
  if (frame?.epoch !== id.epoch)
    throw new DecodeError(`it is of epoch ${frame?.epoch}`, 0, { api: "Snapshot", version: 0 });
  const voters = snapshotVoters(frame) ?? (mayNameNone ? [] : null);
  if (voters === null)
    throw new DecodeError("it names no voters", 0, { api: "Snapshot", version: 0 });
  return { voters, timestampMs: frame.lastContainedLogTimestampMs };
}
