/** A range of the log as lines to read and as records to replay. */
import { describe, expect, test } from "vitest";
import {
  LeaderChangeMessage,
  TopicRecord,
  encodeControlBatch,
  encodeDataBatch,
  encodeMetadataRecord,
  recordBatches,
} from "../../src/protocol/index.ts";
import { withoutSecrets } from "../../worker/observer/decoding.ts";
import { inPieces, logLines } from "../../worker/observer/log-lines.ts";
import { replayable } from "../../worker/observer/observed-image.ts";

const topic = (name: string): Uint8Array =>
  encodeMetadataRecord({
    type: "TOPIC_RECORD",
    version: 0,
    data: TopicRecord.fill({ name }),
  });

const control = encodeControlBatch({ baseOffset: 10, leaderEpoch: 3, timestampMs: 1_000 }, [
  { type: "LEADER_CHANGE", data: LeaderChangeMessage.fill({ leaderId: 3000 }) },
]);
const data = encodeDataBatch({ baseOffset: 11, leaderEpoch: 3, timestampMs: 2_000 }, [
  topic("a"),
  topic("b"),
]);
const log = Buffer.concat([control, data]);

const lines = (fromOffset: number): unknown[] =>
  [...inPieces(logLines(recordBatches(log), fromOffset))]
    .join("")
    .split("\n")
    .filter((text) => text !== "")
    .map((text): unknown => JSON.parse(text));

describe("a range of the log", () => {
  test("is one line a record, control records included", () => {
    expect(lines(0)).toMatchObject([
      {
        offset: 10,
        leader_epoch: 3,
        timestamp_ms: 1_000,
        type: "LEADER_CHANGE",
        data: { leaderId: 3000 },
      },
      { offset: 11, timestamp_ms: 2_000, type: "TOPIC_RECORD", version: 0, data: { name: "a" } },
      {
        offset: 12,
        leader_epoch: 3,
        type: "TOPIC_RECORD",
        data: { name: "b", topicId: expect.any(String) },
      },
    ]);
  });

  test("that begins before the offset asked for shows only what was asked for", () => {
    expect(lines(12)).toMatchObject([{ offset: 12 }]);
    expect(lines(13)).toEqual([]);
  });

  test("is handed out in pieces, however large its batches are", () => {
    const names = Array.from({ length: 5_000 }, (_, at) => `topic-${at}`);
    const large = encodeDataBatch(
      { baseOffset: 0, leaderEpoch: 3, timestampMs: 2_000 },
      names.map(topic),
    );
    const pieces = [...inPieces(logLines(recordBatches(large), 0))];
    expect(pieces.length).toBeGreaterThan(5);
    for (const piece of pieces) {
      expect(piece.length).toBeLessThan(65_536 + 300);
      expect(piece.endsWith("\n")).toBe(true);
    }
    const found = pieces
      .join("")
      .trimEnd()
      .split("\n")
      .map((text): unknown => JSON.parse(text));
    expect(found).toMatchObject(names.map((name, offset) => ({ offset, data: { name } })));
  });

  test("has no metadata in its control batches, but a position", () => {
    expect(
      [...replayable([...recordBatches(log)], withoutSecrets)].map((batch) => [
        (batch?.provenance.endOffset ?? 0) - 1,
        batch?.provenance.epoch,
        batch?.records.length,
      ]),
    ).toEqual([
      [10, 3, 0],
      [12, 3, 2],
    ]);
  });

  test("with a flipped bit is not believed", () => {
    const damaged = Uint8Array.from(log);
    damaged[damaged.length - 1] = 1;
    expect(() => [...logLines(recordBatches(damaged), 0)]).toThrow("crc");
  });

  test("is verified once: what was cut into batches is not summed up again to be read", () => {
    const copy = Uint8Array.from(log);
    const batches = [...recordBatches(copy)];
    // The last letter of the second topic's name, after the checksum was found right.
    copy[copy.lastIndexOf("b".charCodeAt(0))] = "c".charCodeAt(0);
    expect([...inPieces(logLines(batches, 12))].join("")).toContain('"name":"c"');
  });
});
