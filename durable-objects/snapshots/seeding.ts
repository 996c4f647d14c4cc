/**
 * A node before it is formed, being given what its log is to begin after: a snapshot of another cluster's state, piece
 * by piece (a fork). It is read back whole before it counts. Then the log begins and ends where it ends, in the same
 * transaction, so a node that boots from here has either all of it or nothing.
 *
 * How far a seed has come is known in memory alone: after a restart it is begun again.
 */
import { assert } from "../../src/std/assert.ts";
import { isSameSnapshot, type SnapshotId, type StoredSnapshot } from "../../src/raft/index.ts";
import type { Disk, Ports } from "../replica/ports.ts";
import { SnapshotVerifier } from "./snapshot-verifier.ts";

export interface SeedingParts extends Pick<Ports, "log" | "snapshots" | "timers" | "operatorLog"> {
  readonly disk: Pick<Disk, "transaction">;
}

/** Told once: null when the seed is what the log begins after, or why it is not. */
export type SeedEnded = (reason: string | null) => void;

interface Seed {
  readonly id: SnapshotId;
  readonly size: number;
}

/** A seed that is read back, and who waits for that. */
interface Ending {
  readonly snapshot: StoredSnapshot;
  readonly ended: SeedEnded;
}

export class Seeding {
  readonly #parts: SeedingParts;
  readonly #verifier: SnapshotVerifier;
  #seed: Seed | null = null;
  #ending: Ending | null = null;

  constructor(parts: SeedingParts) {
    this.#parts = parts;
    this.#verifier = new SnapshotVerifier({
      mayNameNone: false,
      ...parts,
      sound: (snapshot) => this.#install(snapshot),
      refused: () => this.#endWith("it is not sound: its bytes are not those of a whole snapshot"),
      failed: (cause) => this.#endWith(`it could not be read back: ${String(cause)}`),
    });
  }

  /** Takes the next bytes; position 0 begins anew, whatever was there. Null, or why they are not taken. */
  add(id: SnapshotId, position: number, bytes: Uint8Array): string | null {
    const { disk, log, snapshots } = this.#parts;
    if (log.endOffset() > log.startOffset()) return "this node has a log";
    if (id.endOffset < Math.max(1, log.startOffset())) return "its log begins above that already";
    if (position + bytes.length > snapshots.snapshotBytesMax)
      return `a snapshot has at most ${snapshots.snapshotBytesMax} bytes`;
    const begins = position === 0;
    if (!begins && !this.#isNext(id, position))
      return `a seed that goes on at ${position} was not begun: begin it again`;
    this.#endWith("another seed was begun");
    disk.transaction(() => {
      if (begins) snapshots.begin("fetched", id);
      snapshots.append("fetched", bytes);
    });
    this.#seed = { id, size: position + bytes.length };
    return null;
  }

  /** These were all bytes: reads them back, and begins the log after them if they are sound. */
  end(snapshot: StoredSnapshot, ended: SeedEnded): void {
    if (this.#seed === null && this.#isSeeded(snapshot)) return ended(null);
    if (!this.#isNext(snapshot, snapshot.size))
      return ended("its bytes are not all here: begin it again");
    this.#endWith("another has ended it");
    this.#ending = { snapshot, ended };
    this.#verifier.begin(snapshot, snapshot.size);
  }

  /** The node is formed or wiped: nothing more becomes of what is not whole. */
  stop(): void {
    this.#endWith("the node was formed or wiped meanwhile");
    this.#seed = null;
  }

  #isNext(id: SnapshotId, position: number): boolean {
    const seed = this.#seed;
    return seed !== null && isSameSnapshot(seed.id, id) && seed.size === position;
  }

  #isSeeded(snapshot: StoredSnapshot): boolean {
    const [seed] = this.#parts.snapshots.list();
    return seed !== undefined && isSameSnapshot(seed, snapshot);
  }

  #install(found: StoredSnapshot): void {
    const { disk, log, snapshots } = this.#parts;
    const asked = this.#ending?.snapshot;
    assert(asked !== undefined, "a seed is read back that nobody has ended");
    if (found.timestampMs !== asked.timestampMs)
      return this.#endWith(`its last record is of ${found.timestampMs}, not ${asked.timestampMs}`);
    disk.transaction(() => {
      snapshots.dropBelow(Number.MAX_SAFE_INTEGER);
      snapshots.complete("fetched", found);
      log.restartAt(found.endOffset);
    });
    this.#seed = null;
    this.#endWith(null);
  }

  #endWith(reason: string | null): void {
    this.#verifier.stop();
    const ending = this.#ending;
    this.#ending = null;
    ending?.ended(reason);
  }
}
