/**
 * The memory that checkers share: every replica's durable log, and the one committed log that all replicas
 * together have shown. A ghost knows more than any replica could; it is fed from observations alone.
 */
import type { EntryMark, Observation } from "../observation.ts";

/** A batch with the fingerprint of the whole log up to its end. */
export interface ChainedEntry extends EntryMark {
  readonly chain: number;
}

/** A voter set in a log. */
export interface VoterSetMark {
  /** Where its batch begins. */
  readonly offset: number;
  readonly epoch: number;
  readonly voters: readonly string[];
  /** Of all that it says of them. */
  readonly print: number | undefined;
}

const NOTHING = 0;

/** Extends the fingerprint of a log by one batch. */
function extendChain(chain: number, entry: EntryMark): number {
  let mixed = Math.imul(chain ^ entry.fingerprint, 0x21f0aaad);
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + entry.lastOffset, 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) + Math.imul(entry.epoch, 0x9e3779b9) + entry.baseOffset;
}

export class GhostLog {
  readonly #entries: ChainedEntry[] = [];
  /** The voter sets in it, by rising offset. */
  readonly #voters: VoterSetMark[] = [];
  #start = 0;
  #startChain = NOTHING;

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.last === undefined ? this.#start : this.last.lastOffset + 1;
  }

  get last(): ChainedEntry | undefined {
    return this.#entries.at(-1);
  }

  append(entry: EntryMark): ChainedEntry {
    const chained = { ...entry, chain: extendChain(this.last?.chain ?? this.#startChain, entry) };
    this.#entries.push(chained);
    const { voters, votersPrint: print, baseOffset: offset, epoch } = entry;
    if (voters !== undefined) this.#voters.push({ offset, epoch, voters, print });
    return chained;
  }

  /** Removes every batch that reaches to or above `offset`, and returns what was removed. */
  truncate(offset: number): readonly ChainedEntry[] {
    const removed: ChainedEntry[] = [];
    for (let last = this.last; last !== undefined && last.lastOffset >= offset; last = this.last) {
      this.#entries.pop();
      removed.push(last);
    }
    while ((this.#voters.at(-1)?.offset ?? -1) >= offset) this.#voters.pop();
    return removed;
  }

  /**
   * A snapshot of `committed` up to `endOffset` takes the place of everything, and holds what that log held. Returns
   * what lay beyond it. Where no batch of `committed` ends there, nothing is known of what the snapshot holds.
   */
  install(committed: GhostLog, endOffset: number): readonly ChainedEntry[] {
    const removed = this.truncate(endOffset);
    const held =
      committed.chainAt(endOffset) === undefined ? undefined : committed.below(endOffset);
    this.#entries.length = 0;
    this.#voters.length = 0;
    this.#start = held === undefined ? endOffset : committed.start;
    this.#startChain = held === undefined ? NOTHING : committed.#startChain;
    for (const entry of held ?? []) this.append(entry);
    return removed;
  }

  /** The fingerprint of the log below `endOffset`; undefined when no batch ends there or it is gone. */
  chainAt(endOffset: number): number | undefined {
    if (endOffset === this.#start) return this.#startChain;
    return this.#endingAt(endOffset)?.chain;
  }

  epochAt(endOffset: number): number | undefined {
    return this.#endingAt(endOffset)?.epoch;
  }

  /** The batches that end at or below `offset`, the end of one. */
  below(offset: number): readonly ChainedEntry[] {
    return this.#entries.slice(0, this.#indexFrom(offset));
  }

  /** The batches from the one that starts at or after `offset`. */
  from(offset: number): readonly ChainedEntry[] {
    return this.#entries.slice(this.#indexFrom(offset));
  }

  /** The batch that holds `offset`. */
  entryWith(offset: number): ChainedEntry | undefined {
    const entry = this.#entries[this.#indexFrom(offset + 1) - 1];
    return entry !== undefined && entry.lastOffset >= offset ? entry : undefined;
  }

  /** Every voter set in it, by rising offset. */
  get voterSets(): readonly VoterSetMark[] {
    return this.#voters;
  }

  /** The newest voter set below `endOffset`; undefined while there is none. */
  voterSetBelow(endOffset: number): VoterSetMark | undefined {
    return this.#voters.findLast((set) => set.offset < endOffset);
  }

  /** Its members. */
  votersBelow(endOffset: number): readonly string[] | undefined {
    return this.voterSetBelow(endOffset)?.voters;
  }

  #endingAt(endOffset: number): ChainedEntry | undefined {
    const entry = this.#entries[this.#indexFrom(endOffset) - 1];
    return entry !== undefined && entry.lastOffset + 1 === endOffset ? entry : undefined;
  }

  /** The index of the first batch whose base is at or above `offset`. */
  #indexFrom(offset: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.baseOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Ghost {
  readonly #logs = new Map<string, GhostLog>();
  readonly #lost = new Map<string, GhostLog>();
  /** What has been shown as committed, by anyone, ever. */
  readonly committed = new GhostLog();
  /** For the end of each committed batch: the epoch of the leader who first showed it. */
  readonly committedBy: { readonly endOffset: number; readonly epoch: number }[] = [];
  /** What the latest durable observation removed and added. */
  removed: readonly ChainedEntry[] = [];
  added: readonly ChainedEntry[] = [];
  /** Where the log ended after the removal and before the addition. */
  addedAt = 0;

  log(replica: string): GhostLog {
    const known = this.#logs.get(replica);
    if (known !== undefined) return known;
    const log = new GhostLog();
    this.#logs.set(replica, log);
    return log;
  }

  /** Takes in what is durable, before any checker judges it. */
  write(observation: Observation): void {
    if (observation.kind !== "durable") return;
    const log = this.log(observation.replica);
    const { installed, truncateTo, append } = observation;
    const replaced = installed === undefined ? [] : log.install(this.committed, installed);
    this.removed = truncateTo === undefined ? replaced : log.truncate(truncateTo);
    this.addedAt = log.end;
    this.added = (append ?? []).map((entry) => log.append(entry));
  }

  /**
   * The storage of a replica went back to when its log was `entries`, which it may have truncated since: no checker is
   * asked about that. What it had acknowledged before may still stand in a commit of its leader; it is one of the
   * failed from then on.
   */
  lose(replica: string, entries: readonly EntryMark[]): void {
    const before = this.log(replica);
    const after = new GhostLog();
    for (const entry of entries) after.append(entry);
    this.#lost.set(replica, before);
    this.#logs.set(replica, after);
  }

  /** Whether the storage of a replica has ever gone back. */
  hasLost(replica: string): boolean {
    return this.#lost.has(replica);
  }

  /** The logs that a replica holds, or has held and lost. */
  heldBy(replica: string): readonly GhostLog[] {
    const lost = this.#lost.get(replica);
    return lost === undefined ? [this.log(replica)] : [this.log(replica), lost];
  }

  /**
   * Whether a replica holds the batch that ends at `endOffset`, or has held and lost it, with the log below. What a
   * snapshot stands for counts: the ghost of a log that was cut or replaced has it still.
   */
  isHeldBy(replica: string, endOffset: number, chain: number | undefined): boolean {
    return this.heldBy(replica).some(
      (log) => log.start > endOffset || log.chainAt(endOffset) === chain,
    );
  }

  /** Takes in what was shown as committed, after every checker has judged it. */
  commit(observation: Observation): void {
    if (observation.kind !== "shown" || observation.highWatermark === null) return;
    if (observation.highWatermark <= this.committed.end) return;
    for (const entry of this.log(observation.replica).from(this.committed.end)) {
      if (entry.lastOffset >= observation.highWatermark) break;
      this.committed.append(entry);
    }
    this.committedBy.push({ endOffset: this.committed.end, epoch: observation.epoch });
  }

  /** The end of what leaders of epochs below `epoch` have shown as committed. */
  committedBefore(epoch: number): number {
    let end = 0;
    for (let index = this.committedBy.length - 1; index >= 0; index -= 1) {
      const mark = this.committedBy[index];
      if (mark !== undefined && mark.epoch < epoch) {
        end = mark.endOffset;
        break;
      }
    }
    return end;
  }
}
