/**
 * What a voter owes in snapshots while it is in memory, whatever its role: it makes one when one is due, cuts its log,
 * and verifies what it fetches. When each is due is the core's rule (`isSnapshotDue`, `retention`); here they are
 * asked, at each commit and when a time that was set has come. While nothing is committed, nothing wakes it.
 */
import type { MetadataImage } from "../../src/metadata/index.ts";
import { peekRecordBatch } from "../../src/protocol/index.ts";
import {
  isSnapshotDue,
  retention,
  votersAt,
  type RetentionLimits,
  type SnapshotId,
  type SnapshotLimits,
  type StoredSnapshot,
  type VoterSet,
} from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { SnapshotSettings } from "../cluster-settings.ts";
import type { Ports } from "../replica/ports.ts";
import type { Replica } from "../replica/replica.ts";
import { SnapshotMaker } from "./snapshot-maker.ts";
import { SnapshotReaders } from "./snapshot-readers.ts";
import { SnapshotVerifier } from "./snapshot-verifier.ts";

export interface SnapshotDutyParts {
  readonly ports: Pick<Ports, "disk" | "log" | "snapshots" | "timers" | "clock" | "operatorLog">;
  readonly settings: SnapshotSettings;
  readonly replica: Replica;
  /** Everything that is committed; null until this incarnation knows it. */
  readonly committedImage: () => MetadataImage | null;
  readonly failed: (cause: unknown) => void;
}

/**
 * What the image of a snapshot may keep for itself alone: chunks of 4 KB, and 8 KB at the most: an eighth of an
 * isolate.
 */
const UNSHARED_CHUNKS_MAX = 2_000;
/** Where metadata is larger than a snapshot can be, one is tried again after so long: it may have become less. */
const TOO_LARGE_PAUSE_MS = 3_600_000;
/** How much of the log is read at once to find the first record that no snapshot covers. */
const READ_BYTES = 65_536;

/** What lies above the newest snapshot, as far as that does not change with every commit. */
interface Uncovered {
  readonly from: number;
  /** Bytes of log before it. */
  readonly position: number;
  /** When its first record of metadata was written. */
  readonly sinceMs: number;
}

const limitsOf = (settings: SnapshotSettings): SnapshotLimits & RetentionLimits => ({
  bytesBetweenSnapshots: settings["metadata.log.max.record.bytes.between.snapshots"],
  snapshotIntervalMs: settings["metadata.log.max.snapshot.interval.ms"],
  retentionBytes: settings["metadata.max.retention.bytes"],
  retentionMs: settings["metadata.max.retention.ms"],
});

export class SnapshotDuties {
  readonly #parts: SnapshotDutyParts;
  #limits: SnapshotLimits & RetentionLimits;
  readonly #maker: SnapshotMaker;
  readonly #verifier: SnapshotVerifier;
  readonly #readers = new SnapshotReaders();
  #uncovered: Uncovered | null = null;
  /** When a snapshot is due for its age, and when the log may be cut further: it may when the node has booted. */
  #makeAtMs = Number.POSITIVE_INFINITY;
  #cutAtMs = 0;
  /** None is begun before. */
  #notBeforeMs = 0;
  #failure: string | null = null;

  constructor(parts: SnapshotDutyParts) {
    const { ports, settings, replica, failed } = parts;
    this.#parts = parts;
    this.#limits = limitsOf(settings);
    this.#maker = new SnapshotMaker({
      ...ports,
      newest: () => this.#newest(),
      unsharedChunksMax: UNSHARED_CHUNKS_MAX,
      made: (snapshot) => this.#made(snapshot),
      tooLarge: () => this.#madeTooLarge(),
      dropped: () => replica.sweep(),
      failed,
    });
    this.#verifier = new SnapshotVerifier({
      ...ports,
      mayNameNone: replica.state.config.observesOnly === true,
      sound: (snapshot, voters) => replica.snapshotVerified(snapshot, voters),
      refused: (id) => replica.snapshotRefused(id),
      failed,
    });
  }

  /** When one of them is due for the time that has passed; infinite while nothing waits for time. */
  get nextDutyAt(): number {
    return Math.min(this.#makeAtMs, this.#cutAtMs);
  }

  /** Why there is no newer snapshot here, in a sentence for operators; null while nothing stands in its way. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Whatever is due by other settings is so at once. */
  changeSettings(settings: SnapshotSettings): void {
    this.#limits = limitsOf(settings);
    this.#makeAtMs = 0;
    this.#cutAtMs = 0;
  }

  /** More is committed, or is known to be. */
  committed(): void {
    this.#makeIfDue();
  }

  // Called by a timer that nobody stands above: what storage refuses ends this incarnation, as it does in a step.
  runDueDuties(): void {
    const nowMs = this.#parts.ports.clock();
    try {
      if (this.#makeAtMs <= nowMs) this.#makeIfDue();
      if (this.#cutAtMs <= nowMs) this.#cut();
    } catch (cause) {
      this.#parts.failed(cause);
    }
  }

  /** Every byte of a snapshot that was fetched is stored. */
  verify(id: SnapshotId, size: number): void {
    this.#verifier.begin(id, size);
  }

  /** What was being fetched or verified is of no use any more, and is about to go. */
  abandoned(): void {
    this.#verifier.stop();
  }

  /** The leader names a snapshot that cannot be stored. */
  fetchedTooLarge(): void {
    const most = this.#parts.ports.snapshots.snapshotBytesMax;
    this.#report(
      `the leader's snapshot has more than ${most} bytes: it is not fetched, and this log stays as it is`,
    );
  }

  /** A snapshot has replaced the log, and whatever was made of that. */
  installed(): void {
    this.#failure = null;
    this.#maker.abandon();
    this.#makeAtMs = Number.POSITIVE_INFINITY;
    this.#readers.forgetBelow(this.#coveredTo);
  }

  /** Somebody fetches this snapshot. */
  wasRead(id: SnapshotId): void {
    this.#readers.wasRead(id, this.#parts.ports.clock());
  }

  stop(): void {
    this.#maker.stop();
    this.#verifier.stop();
  }

  #made(snapshot: StoredSnapshot): void {
    const { ports, replica } = this.#parts;
    this.#failure = null;
    const isListed = replica.snapshotMade(snapshot);
    if (!isListed) {
      ports.disk.transaction(() => ports.snapshots.abandon("made"));
      replica.sweep();
    }
    this.#cut();
    this.#makeIfDue();
    replica.armWake();
  }

  #madeTooLarge(): void {
    const { ports, replica } = this.#parts;
    this.#notBeforeMs = ports.clock() + TOO_LARGE_PAUSE_MS;
    this.#makeAtMs = this.#notBeforeMs;
    const most = ports.snapshots.snapshotBytesMax;
    this.#report(`metadata takes more than ${most} bytes: no snapshot is made, and the log grows`);
    replica.armWake();
  }

  // Said once for as long as it lasts: it is found again at every attempt.
  #report(failure: string): void {
    if (failure !== this.#failure)
      this.#parts.ports.operatorLog.error("snapshot-too-large", failure);
    this.#failure = failure;
  }

  #makeIfDue(): void {
    this.#makeAtMs = Number.POSITIVE_INFINITY;
    const newest = this.#newest();
    if (newest === null || this.#maker.isMaking) return;
    const { ports, replica } = this.#parts;
    if (ports.clock() < this.#notBeforeMs) {
      this.#makeAtMs = this.#notBeforeMs;
      return;
    }
    const { position, sinceMs } = this.#uncoveredBelow(newest.image.provenance.endOffset);
    const bytes = ports.log.bytesBefore(newest.image.provenance.endOffset) - position;
    const { id } = replica.state.config.local.key;
    const rank = Math.max(
      0,
      replica.voters.findIndex(({ key }) => key.id === id),
    );
    if (isSnapshotDue({ bytes, sinceMs }, this.#limits, { nowMs: ports.clock(), rank })) {
      this.#maker.begin();
    } else if (this.#limits.snapshotIntervalMs > 0) {
      this.#makeAtMs = sinceMs + this.#limits.snapshotIntervalMs;
    }
  }

  /**
   * What a snapshot could be of. Not within a metadata transaction (KIP-868): the state before one need not have been
   * the end of a batch. Not of what the newest snapshot holds: elections alone are no reason for another.
   */
  #newest(): { readonly image: MetadataImage; readonly voters: VoterSet } | null {
    const image = this.#parts.committedImage();
    if (image === null || image.beforeTransaction !== null) return null;
    const { voters } = this.#parts.replica.state;
    const { endOffset } = image.provenance;
    return endOffset <= this.#coveredTo ? null : { image, voters: votersAt(voters, endOffset) };
  }

  /** The end of the newest snapshot. */
  get #coveredTo(): number {
    return this.#parts.replica.state.log.snapshots.at(-1)?.endOffset ?? 0;
  }

  #uncoveredBelow(endOffset: number): Uncovered {
    const from = this.#coveredTo;
    if (this.#uncovered?.from !== from) {
      const { log } = this.#parts.ports;
      const position = log.bytesBefore(from);
      this.#uncovered = { from, position, sinceMs: firstWrittenMs(log, from, endOffset) };
    }
    return this.#uncovered;
  }

  #cut(): void {
    const { ports, replica } = this.#parts;
    const nowMs = ports.clock();
    const { startOffset, snapshots } = replica.state.log;
    const inUse = snapshots.filter((each) => this.#readers.heldUntil(each, nowMs) > nowMs);
    const bytesBelowEnd = (offset: number): number =>
      ports.log.bytesBefore(ports.log.endOffset()) - ports.log.bytesBefore(offset);
    const kept = { startOffset, snapshots, inUse, logBytesFrom: bytesBelowEnd };
    const offset = retention(kept, this.#limits, nowMs);
    if (offset !== null) {
      replica.cutLog(offset);
      this.#readers.forgetBelow(offset);
    }
    this.#cutAtMs = this.#nextCutAt(nowMs);
  }

  /** When time alone may let the oldest snapshot go. The newest two stay anyhow. */
  #nextCutAt(nowMs: number): number {
    const { startOffset, snapshots } = this.#parts.replica.state.log;
    const [oldest] = snapshots;
    const { retentionMs } = this.#limits;
    const goes = oldest?.endOffset === startOffset ? snapshots.length - 1 : snapshots.length;
    if (oldest === undefined || goes < 2) return Number.POSITIVE_INFINITY;
    const times = [
      retentionMs < 0 ? Number.POSITIVE_INFINITY : oldest.timestampMs + retentionMs + 1,
      this.#readers.heldUntil(oldest, nowMs),
    ];
    return Math.min(...times.filter((atMs) => atMs > nowMs), Number.POSITIVE_INFINITY);
  }
}

/** When the first batch of metadata was written that lies in a part of the log; there is one. */
function firstWrittenMs(log: Pick<Ports["log"], "read">, from: number, upTo: number): number {
  for (let at = from; ;) {
    const batches = log.read({ from: at, upTo, maxBytes: READ_BYTES });
    const first = batches.find(({ control }) => !control);
    if (first !== undefined) return peekRecordBatch(first.bytes).timestampMs;
    const last = batches.at(-1);
    assert(last !== undefined, `the log has no metadata from ${from} to ${upTo}`);
    at = last.lastOffset + 1;
  }
}
