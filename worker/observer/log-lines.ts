/**
 * The records of the log as lines to read: NDJSON, one record a line, with kafka-dump-log's names for types. Control
 * records are lines too, so that offsets have no holes. Secrets are told without their values.
 */
import { controlRecordToJson, decodeVerifiedBatch } from "../../src/protocol/index.ts";
import type { BatchInRow, BatchPosition, RecordJson } from "../../src/protocol/index.ts";
import { shownRecord } from "./decoding.ts";

/** Lines are handed out together until they have this many characters: a batch of 8 MiB is tens of millions. */
const TEXT_LENGTH = 65_536;

/** The records from `fromOffset` on, some lines at a time. */
export function* recordLines(batches: Iterable<BatchInRow>, fromOffset: number): Generator<string> {
  let text = "";
  for (const row of batches) {
    let offset = row.baseOffset;
    for (const record of recordsOf(row)) {
      if (offset >= fromOffset) text += line(row, offset, record);
      offset += 1;
      if (text.length < TEXT_LENGTH) continue;
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}

/** The records of a batch, each decoded when it is asked for. */
function* recordsOf(row: BatchInRow): Generator<RecordJson> {
  const batch = decodeVerifiedBatch(row);
  if (batch.isControl) yield* batch.records.map(controlRecordToJson);
  else for (const value of batch.values) yield shownRecord(value);
}

const line = (
  { leaderEpoch, timestampMs }: BatchPosition,
  offset: number,
  { type, version, data }: RecordJson,
): string =>
  `${JSON.stringify({
    offset,
    leader_epoch: leaderEpoch,
    timestamp_ms: timestampMs,
    type,
    version,
    data,
  })}\n`;
