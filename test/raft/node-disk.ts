/**
 * The storage of one replica in scripts: it always succeeds, and keeps what it is told. What it holds becomes the image
 * of the next boot.
 */
import type {
  DurableImage,
  ElectionState,
  Entry,
  PersistEffect,
  Reply,
  Response,
  Sleep,
  StoredSnapshot,
  Voter,
} from "../../src/raft/index.ts";
import { EMPTY_LOG } from "../../src/raft/index.ts";
import { votersInFile } from "./snapshot-file.ts";

/** A node as the voter sets of the tests list it. */
export const voterOf = (id: number): Voter => ({
  key: { id, directoryId: `dir-${id}` },
  endpoints: [{ name: "CONTROLLER", host: `host-${id}`, port: 9093 }],
  kraftVersions: { min: 0, max: 1 },
});

/** A snapshot with its bytes. */
export interface FiledSnapshot extends StoredSnapshot {
  readonly bytes: Uint8Array;
}

const NOTHING: Uint8Array = new Uint8Array(0);

export class NodeDisk {
  election: ElectionState | null = null;
  highWatermark: number | null = null;
  log: readonly Entry[] = [];
  logStart = 0;
  /** Oldest first. */
  snapshots: readonly FiledSnapshot[] = [];
  /** Told to become a voter, and none yet. */
  joining = false;
  sleep: Sleep | null = null;
  /** The bytes of one that is being made. */
  making = NOTHING;
  /** What there is of one that is being fetched. */
  download = NOTHING;

  store(effect: PersistEffect): void {
    const { election, snapshot, chunk, install, logStart, truncateTo: end, append } = effect;
    if (election !== null) this.election = election;
    this.highWatermark = effect.highWatermark;
    if (effect.joined) this.joining = false;
    if (effect.sleep !== null) this.sleep = effect.sleep === "over" ? null : effect.sleep;
    if (snapshot !== null)
      this.snapshots = [...this.snapshots, { ...snapshot, bytes: this.making }];
    if (chunk !== null) this.#continue(chunk.position, chunk.bytes);
    if (install !== null) {
      this.snapshots = [{ ...install, bytes: this.download }];
      this.log = [];
      this.logStart = install.endOffset;
    }
    if (logStart !== null) {
      this.snapshots = this.snapshots.filter(({ endOffset }) => endOffset >= logStart);
      this.log = this.log.filter(({ baseOffset }) => baseOffset >= logStart);
      this.logStart = logStart;
    }
    const kept = this.log.filter(({ baseOffset }) => end === null || baseOffset < end);
    this.log = [...kept, ...append];
  }

  /** A byte in the middle of a file is another one. */
  flip(endOffset: number): void {
    this.snapshots = this.snapshots.map((file) => {
      if (file.endOffset !== endOffset) return file;
      const bytes = file.bytes.slice();
      const middle = bytes.byteLength >> 1;
      bytes[middle] = (bytes[middle] ?? 0) ^ 64;
      return { ...file, bytes };
    });
  }

  #continue(position: number, bytes: Uint8Array): void {
    const before = position === 0 ? NOTHING : this.download;
    if (before.byteLength !== position) throw new Error(`a download has a hole at ${position}`);
    this.download = Uint8Array.from([...before, ...bytes]);
  }

  /** The epoch of the record before `offset`; 0 when it is not there. */
  epochBefore(offset: number): number {
    const last = this.log.find(
      ({ baseOffset, lastOffset }) => baseOffset < offset && lastOffset >= offset - 1,
    );
    return last?.epoch ?? 0;
  }

  image(): DurableImage {
    const { election, log, highWatermark, logStart, snapshots } = this;
    const image = imageOf(election, log, highWatermark, { offset: logStart, snapshots });
    return { ...image, joining: this.joining, sleep: this.sleep };
  }

  /** Reads what a reply only names. */
  materialise(response: Reply): Response {
    if (response.api === "fetch-snapshot") {
      const { bytes: range } = response;
      if (range === null) return { ...response, bytes: NOTHING };
      const file = this.snapshots.find(({ endOffset }) => endOffset === range.id.endOffset);
      if (file === undefined) throw new Error(`no file ends at ${range.id.endOffset}`);
      const end = range.position + range.maxBytes;
      return { ...response, bytes: file.bytes.slice(range.position, end) };
    }
    if (response.api !== "fetch") return response;
    const { records: range } = response;
    if (range === null) return { ...response, records: [] };
    const records = this.log.filter(
      ({ baseOffset, lastOffset }) => lastOffset >= range.from && baseOffset < range.upTo,
    );
    return { ...response, records };
  }
}

/** What a log holds, and the snapshots beside it, as `boot` wants to know it. */
export function imageOf(
  election: ElectionState | null,
  entries: readonly Entry[],
  highWatermark: number | null = null,
  start: { readonly offset: number; readonly snapshots: readonly FiledSnapshot[] } = UNCUT,
): DurableImage {
  const epochs: { epoch: number; startOffset: number }[] = [];
  const voters: { offset: number; voters: readonly Voter[] }[] = [];
  const [base] = start.snapshots;
  if (base !== undefined && base.endOffset === start.offset) {
    const ids = votersInFile(base.bytes) ?? [];
    voters.push({ offset: start.offset - 1, voters: ids.map(voterOf) });
  }
  for (const { baseOffset, epoch, control } of entries) {
    if (epochs.at(-1)?.epoch !== epoch) epochs.push({ epoch, startOffset: baseOffset });
    for (const [at, record] of control.entries()) {
      if (record.kind !== "kraft-voters") continue;
      voters.push({ offset: baseOffset + at, voters: record.voters });
    }
  }
  const endOffset = (entries.at(-1)?.lastOffset ?? start.offset - 1) + 1;
  const snapshots = start.snapshots.map(
    ({ endOffset: end, epoch, size, timestampMs }): StoredSnapshot => ({
      endOffset: end,
      epoch,
      size,
      timestampMs,
    }),
  );
  const log = { ...EMPTY_LOG, startOffset: start.offset, endOffset, epochs, snapshots };
  return { election, log, highWatermark, joining: false, voters };
}

const UNCUT = { offset: 0, snapshots: [] };
