/**
 * The records of the log as lines to read: NDJSON, one record a line, with kafka-dump-log's names for types. Control
 * records are lines too, so that offsets have no holes. Secrets are told without their values. A line says who caused
 * its record, where the controller that served it knows.
 */
import type { KnownCauses } from "../../durable-objects/cause-contract.ts";
import { controlRecordToJson, decodeVerifiedBatch } from "../../src/protocol/index.ts";
import type { BatchInRow, RecordJson } from "../../src/protocol/index.ts";
import { shownRecord } from "./decoding.ts";

export interface LogLine {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly type: string;
  /** The topic that the record is about, by id, by name, or both. */
  readonly topics: readonly string[];
  /** JSON, without the line's end. */
  readonly text: string;
}

/** Lines are handed out together until they have this many characters: a batch of 8 MiB is tens of millions. */
const TEXT_LENGTH = 65_536;

/** The records from `fromOffset` on, each decoded when it is asked for. */
export function* logLines(
  batches: Iterable<BatchInRow>,
  fromOffset: number,
  causes: KnownCauses | null = null,
): Generator<LogLine> {
  for (const row of batches) {
    const { leaderEpoch, timestampMs, lastOffset } = row;
    if (lastOffset < fromOffset) continue;
    const known = causes?.epoch === leaderEpoch ? causes : null;
    const { isControl, records } = recordsOf(row);
    let offset = row.baseOffset;
    for (const record of records) {
      if (offset >= fromOffset) {
        const { type, version, data } = record;
        const cause = known === null || isControl ? undefined : causeOf(known, offset);
        const said = { offset, leader_epoch: leaderEpoch, timestamp_ms: timestampMs };
        const text = JSON.stringify({ ...said, type, version, data, cause });
        yield { offset, leaderEpoch, type, topics: topicsOf(record), text };
      }
      offset += 1;
    }
  }
}

/** What is to be sent of lines, as text of some of them at a time. */
export function* inPieces(
  lines: Iterable<LogLine>,
  written: (line: LogLine) => string = ({ text }) => `${text}\n`,
): Generator<string> {
  let piece = "";
  for (const line of lines) {
    piece += written(line);
    if (piece.length < TEXT_LENGTH) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

function recordsOf(row: BatchInRow): {
  readonly isControl: boolean;
  readonly records: Iterable<RecordJson>;
} {
  const batch = decodeVerifiedBatch(row);
  return batch.isControl
    ? { isControl: true, records: batch.records.map(controlRecordToJson) }
    : { isControl: false, records: shown(batch.values) };
}

function* shown(values: readonly Uint8Array[]): Generator<RecordJson> {
  for (const value of values) yield shownRecord(value);
}

/** As a line has it; undefined where it is not known. A record that nobody asked for is its controller's own. */
function causeOf({ node_id, since, spans }: KnownCauses, offset: number): object | undefined {
  const found = spans.find(([base, end]) => base <= offset && offset < end);
  if (found !== undefined) {
    const [, , api, principal, client_id] = found;
    return { api, principal, client_id };
  }
  return offset >= since ? { controller_id: node_id } : undefined;
}

/** Of a config: that of a topic, as Kafka numbers its kinds. */
const TOPIC_RESOURCE = 2;

function topicsOf({ type, data }: RecordJson): readonly string[] {
  const { topicId, name, resourceType, resourceName } = data;
  if (type === "CONFIG_RECORD")
    return resourceType === TOPIC_RESOURCE && typeof resourceName === "string"
      ? [resourceName]
      : [];
  if (typeof topicId !== "string") return [];
  return type === "TOPIC_RECORD" && typeof name === "string" ? [topicId, name] : [topicId];
}
