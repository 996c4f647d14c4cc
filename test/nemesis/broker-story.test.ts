import { describe, expect, test } from "vitest";
import { encodeDataBatch } from "../../src/protocol/index.ts";
import { BrokerStory } from "./broker-story.ts";

/** A batch of so many records, whose one byte each says `mark`. */
const batch = (baseOffset: number, count: number, leaderEpoch = 1, mark = 1): Uint8Array =>
  encodeDataBatch(
    { baseOffset, leaderEpoch, timestampMs: 0 },
    Array.from({ length: count }, () => new Uint8Array([mark])),
  );

const LOG = [batch(0, 3), batch(3, 2), batch(5, 4, 2)];
const WHOLE = Buffer.concat(LOG);

function shown(...answers: readonly (readonly [records: Uint8Array, highWatermark: number])[]) {
  const story = new BrokerStory("broker 1");
  for (const [records, highWatermark] of answers) story.shown({ records, highWatermark });
  return story;
}

const [first = WHOLE, second = WHOLE, third = WHOLE] = LOG;

describe("what a broker was shown", () => {
  test("is a part of the log, however it was cut, and may be behind", () => {
    const story = shown([first, 5], [new Uint8Array(), 5], [Buffer.concat([second, third]), 9]);
    expect([story.end, story.lastEpoch]).toEqual([9, 2]);
    expect(story.complaint(WHOLE)).toBeUndefined();
    expect(shown([first, 3]).complaint(WHOLE)).toBeUndefined();
    // A leader that does not know yet what is committed.
    expect(shown([first, 3], [new Uint8Array(), -1]).complaint(WHOLE)).toBeUndefined();
  });

  test.each([
    ["leaves a gap", shown([first, 5], [third, 9]), /a batch at 5 in answer to 3/],
    ["comes twice", shown([first, 3], [first, 3]), /a batch at 0 in answer to 3/],
    ["goes beyond what is committed", shown([first, 2]), /has 3 records, .* 2 are committed/],
    ["is taken back", shown([first, 3], [new Uint8Array(), 2]), /told that 2 are committed/],
    ["goes back in epoch", shown([batch(0, 1, 2), 1], [batch(1, 1), 2]), /epoch 1 after 2/],
    ["is another log", shown([batch(0, 3, 1, 7), 3]), /3 records that are not those of the log/],
    ["is more than the log", shown([WHOLE, 9], [batch(9, 1, 2), 10]), /10 records that are not/],
  ])("and %s is told", (_, story, complaint) => {
    expect(story.complaint(WHOLE)).toMatch(complaint);
  });

  test("has few complaints, however much is wrong", () => {
    const story = shown(...Array.from({ length: 50 }, () => [third, 9] as const));
    expect(story.complaints.length).toBeLessThanOrEqual(10);
  });
});
