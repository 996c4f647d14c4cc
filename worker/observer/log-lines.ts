/**
 * What stands in a range of the log: its batches as metadata records to replay, and its records as lines to read.
 * A control batch is the log's talk of itself: it moves the position and changes no metadata.
 */
import {
  controlRecordToJson,
  decodeMetadataRecord,
  decodeRecordBatch,
  metadataRecordToJson,
  recordBatches,
} from "../../src/protocol/index.ts";
import type { MetadataRecord, RecordJson } from "../../src/protocol/index.ts";
import type { Position } from "./position.ts";

export interface MetadataBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly timestampMs: number;
  /** Empty for a control batch. */
  readonly records: readonly MetadataRecord[];
}

/** The batches in `bytes`, decoded, in the order of their offsets. */
export function* metadataBatches(bytes: Uint8Array): Generator<MetadataBatch> {
  for (const { bytes: own, baseOffset, lastOffset, leaderEpoch, timestampMs } of recordBatches(
    bytes,
  )) {
    const batch = decodeRecordBatch(own);
    const records = batch.isControl ? [] : batch.values.map(decodeMetadataRecord);
    yield { baseOffset, lastOffset, epoch: leaderEpoch, timestampMs, records };
  }
}

/** The last record's position; undefined when there is none. */
export function lastPosition(bytes: Uint8Array): Position | undefined {
  let last: Position | undefined;
  for (const { lastOffset, leaderEpoch } of recordBatches(bytes)) {
    last = { offset: lastOffset, epoch: leaderEpoch };
  }
  return last;
}

/** The records from `fromOffset` on as NDJSON, the lines of one batch at a time; types as kafka-dump-log names them. */
export function* recordLines(bytes: Uint8Array, fromOffset: number): Generator<string> {
  for (const { bytes: own, baseOffset, leaderEpoch, timestampMs } of recordBatches(bytes)) {
    const batch = decodeRecordBatch(own);
    const records = batch.isControl
      ? batch.records.map(controlRecordToJson)
      : batch.values.map((value) => metadataRecordToJson(decodeMetadataRecord(value)));
    const position = { baseOffset, leaderEpoch, timestampMs };
    yield records
      .map((record, at) => (baseOffset + at < fromOffset ? "" : line(position, at, record)))
      .join("");
  }
}

interface LinePosition {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly timestampMs: number;
}

const line = (
  { baseOffset, leaderEpoch, timestampMs }: LinePosition,
  at: number,
  { type, version, data }: RecordJson,
): string =>
  `${JSON.stringify({
    offset: baseOffset + at,
    leader_epoch: leaderEpoch,
    timestamp_ms: timestampMs,
    type,
    version,
    data,
  })}\n`;
