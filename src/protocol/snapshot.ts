/**
 * A snapshot as Kafka keeps it in a `.checkpoint` file (KIP-630): batches with offsets of their own from 0, all in
 * the epoch of the snapshot. First a control batch with SNAPSHOT_HEADER and, from kraft.version 1 on, KRAFT_VERSION and
 * KRAFT_VOTERS; then data; last a control batch with SNAPSHOT_FOOTER. Which records go in, and in which order, is
 * decided elsewhere; so is how the bytes are kept.
 */
import { DecodeError } from "./bytes/errors.ts";
import type { ControlRecord } from "./control-records.ts";
import {
  decodeVerifiedBatch,
  encodeControlBatch,
  encodeDataBatch,
  recordBatches,
  type BatchPosition,
  type RecordBatch,
} from "./record-batch.ts";
import type { KRaftVersionRecord } from "./records/kraft-version-record.ts";
import type { VotersRecord } from "./records/voters-record.ts";

/** What a snapshot says besides its data. */
export interface SnapshotFrame {
  /** The epoch of the last record that the snapshot stands for. */
  readonly epoch: number;
  /** The timestamp of that record. */
  readonly lastContainedLogTimestampMs: number;
  /** When the snapshot was made: the timestamp of its own batches. */
  readonly timestampMs: number;
  /** The voters at its end; null at kraft.version 0. */
  readonly voters: { readonly version: KRaftVersionRecord; readonly set: VotersRecord } | null;
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

export interface DecodedSnapshot {
  readonly frame: SnapshotFrame;
  /** The data in order, as views. */
  readonly values: readonly Uint8Array[];
}

/** Reads a whole snapshot. One without header or footer is not whole: a `DecodeError`. */
export function decodeSnapshot(bytes: Uint8Array): DecodedSnapshot {
  const batches = Array.from(recordBatches(bytes), decodeVerifiedBatch);
  const first = batches[0];
  if (first === undefined) throw refusal("the snapshot is empty", 0);
  const frame = frameOf(first);
  const footer = controlRecords(batches.at(-1));
  if (footer.length !== 1 || footer[0]?.type !== "SNAPSHOT_FOOTER") {
    throw refusal("the snapshot has no footer", bytes.length);
  }
  const values = batches.slice(1, -1).flatMap((batch) => {
    if (batch.isControl) throw refusal("a control batch among the data", 0);
    return batch.values;
  });
  return { frame, values };
}

/**
 * What the header of a snapshot says, from its first bytes; null where they do not hold all of it. A `DecodeError` where
 * they begin with something else.
 */
export function decodeSnapshotHeader(bytes: Uint8Array): SnapshotFrame | null {
  const [first] = recordBatches(bytes, "ignore");
  return first === undefined ? null : frameOf(decodeVerifiedBatch(first));
}

function frameOf(first: RecordBatch): SnapshotFrame {
  const { leaderEpoch: epoch, timestampMs, baseOffset } = first;
  const [header, version, voters, ...rest] = controlRecords(first);
  if (baseOffset !== 0 || header?.type !== "SNAPSHOT_HEADER" || rest.length > 0) {
    throw refusal("the snapshot has no header", 0);
  }
  const lastContainedLogTimestampMs = header.data.lastContainedLogTimestamp;
  const common = { epoch, lastContainedLogTimestampMs, timestampMs };
  if (version === undefined) return { ...common, voters: null };
  if (version.type !== "KRAFT_VERSION" || voters?.type !== "KRAFT_VOTERS") {
    throw refusal("the snapshot names no voters", 0);
  }
  return { ...common, voters: { version: version.data, set: voters.data } };
}

const controlRecords = (batch: RecordBatch | undefined): readonly ControlRecord[] =>
  batch?.isControl === true ? batch.records : [];

const refusal = (reason: string, at: number): DecodeError =>
  new DecodeError(reason, at, { api: "Snapshot", version: 0 });
