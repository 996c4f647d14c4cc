/**
 * The records of the log as lines to read: NDJSON, one record a line, with kafka-dump-log's names for types. Control
 * records are lines too, so that offsets have no holes.
 */
import {
  controlRecordToJson,
  decodeMetadataRecord,
  decodeVerifiedBatch,
  metadataRecordToJson,
} from "../../src/protocol/index.ts";
import type { BatchInRow, BatchPosition, RecordJson } from "../../src/protocol/index.ts";

/** The records from `fromOffset` on, the lines of one batch at a time. */
export function* recordLines(batches: Iterable<BatchInRow>, fromOffset: number): Generator<string> {
  for (const row of batches) {
    const batch = decodeVerifiedBatch(row);
    const records = batch.isControl
      ? batch.records.map(controlRecordToJson)
      : batch.values.map((value) => metadataRecordToJson(decodeMetadataRecord(value)));
    yield records
      .map((record, at) => (row.baseOffset + at < fromOffset ? "" : line(row, at, record)))
      .join("");
  }
}

const line = (
  { baseOffset, leaderEpoch, timestampMs }: BatchPosition,
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
