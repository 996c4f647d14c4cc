/** Many batches in one delta: the images are those that batch by batch would be. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { emptyImage, type MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { applyRecords } from "../../../src/metadata/replay/apply-records.ts";
import {
  replayInSlices,
  type ReplayedBatch,
} from "../../../src/metadata/replay/replay-in-slices.ts";
import type { MetadataRecord } from "../../../src/protocol/index.ts";
import { plain } from "../plain-image.ts";
import { recordStream, uuidOf } from "../record-streams.ts";
import { record } from "../world.ts";

/** A log in batches of a few records, some of them of none, as control batches are. */
function batchesOf(log: readonly MetadataRecord[], cuts: readonly number[]): ReplayedBatch[] {
  const batches: ReplayedBatch[] = [];
  for (let at = 0, turn = 0; at < log.length; turn += 1) {
    const size = cuts[turn % cuts.length] ?? 1;
    at += size;
    const provenance = { endOffset: at, epoch: 1 + (turn >> 2), timestampMs: 7 * turn };
    batches.push({ records: log.slice(at - size, at), provenance });
  }
  return batches;
}

const whole = (image: MetadataImage): unknown => [
  plain(image),
  image.provenance,
  image.featuresEpoch,
];

test("every image is that at the end of a batch, and the last one that at the end of all", () => {
  fc.assert(
    fc.property(
      recordStream(25),
      fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 }),
      (log, sizes) => {
        const cuts = sizes.some((size) => size > 0) ? sizes : [1];
        const batches = batchesOf(log, cuts);
        const oneByOne = new Map<number, unknown[]>();
        let image = emptyImage;
        let stableEnd = 0;
        for (const { records, provenance } of batches) {
          image = applyRecords(image, records, provenance);
          const known = oneByOne.get(provenance.endOffset) ?? [];
          oneByOne.set(provenance.endOffset, [...known, whole(image)]);
          if (image.beforeTransaction === null) stableEnd = provenance.endOffset;
        }
        const slices = [...replayInSlices(emptyImage, batches)];
        for (const slice of slices) {
          expect(oneByOne.get(slice.provenance.endOffset)).toContainEqual(whole(slice));
        }
        expect(whole(slices.at(-1) ?? emptyImage)).toEqual(whole(image));
        const stable = slices.findLast(({ beforeTransaction }) => beforeTransaction === null);
        expect(stable?.provenance.endOffset ?? 0).toBe(stableEnd);
      },
    ),
    { numRuns: 60 },
  );
});

test("a long log comes in slices, each of about a thousand records", () => {
  const batches = Array.from({ length: 3_000 }, (_, at): ReplayedBatch => {
    const topic = record("TOPIC_RECORD", 0, { name: `t${at}`, topicId: uuidOf(at) });
    return { records: [topic], provenance: { endOffset: at + 1, epoch: 1, timestampMs: at } };
  });
  const ends = [...replayInSlices(emptyImage, batches)].map(
    ({ provenance }) => provenance.endOffset,
  );
  expect(ends).toEqual([500, 1_000, 1_500, 2_000, 2_500, 3_000]);
});
