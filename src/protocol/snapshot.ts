/**
 * A snapshot as Kafka keeps it in a `.checkpoint` file (KIP-630): batches with offsets of their own from 0, all in
 * the epoch of the snapshot. First a control batch with SNAPSHOT_HEADER and, from kraft.version 1 on, KRAFT_VERSION and
 * KRAFT_VOTERS; then data; last a control batch with SNAPSHOT_FOOTER. Which records go in, and in which order, is
 * decided elsewhere; so is how the bytes are kept. Here one is written; `snapshot-reader.ts` reads it.
 */
import type { ControlRecord } from "./control-records.ts";
import { encodeControlBatch, encodeDataBatch, type BatchPosition } from "./record-batch.ts";
import type { KRaftVersionRecord } from "./records/kraft-version-record.ts";
import type { VotersRecord } from "./records/voters-record.ts";

/** The voters at the end of a snapshot. */
export interface FramedVoters {
  readonly version: KRaftVersionRecord;
  readonly set: VotersRecord;
}

/** What a snapshot says besides its data. */
export interface SnapshotFrame {
  /** The epoch of the last record that the snapshot stands for. */
  readonly epoch: number;
  /** The timestamp of that record. */
  readonly lastContainedLogTimestampMs: number;
  /** When the snapshot was made: the timestamp of its own batches. */
  readonly timestampMs: number;
  /** Null at kraft.version 0. */
  readonly voters: FramedVoters | null;
}

/** Writes a snapshot piece by piece, so that none has to be held whole. Each method answers bytes to be appended. */
export interface SnapshotEncoder {
  header(): Uint8Array<ArrayBuffer>;
  data(values: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
  footer(): Uint8Array<ArrayBuffer>;
}

export function snapshotEncoder(frame: SnapshotFrame): SnapshotEncoder {
  const { epoch: leaderEpoch, timestampMs } = frame;
  let nextOffset = 0;
  const take = (count: number): BatchPosition => {
    const baseOffset = nextOffset;
    nextOffset += count;
    return { baseOffset, leaderEpoch, timestampMs };
  };
  const control = (records: readonly ControlRecord[]): Uint8Array<ArrayBuffer> =>
    encodeControlBatch(take(records.length), records);
  return {
    header: () => control(headerRecords(frame)),
    data: (values) => encodeDataBatch(take(values.length), values),
    footer: () => control([{ type: "SNAPSHOT_FOOTER", data: { version: 0 } }]),
  };
}

function headerRecords({ lastContainedLogTimestampMs, voters }: SnapshotFrame): ControlRecord[] {
  const header: ControlRecord = {
    type: "SNAPSHOT_HEADER",
    data: { version: 0, lastContainedLogTimestamp: lastContainedLogTimestampMs },
  };
  if (voters === null) return [header];
  return [
    header,
    { type: "KRAFT_VERSION", data: voters.version },
    { type: "KRAFT_VOTERS", data: voters.set },
  ];
}
