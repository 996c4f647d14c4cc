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

const imagesOf = (slices: Iterable<MetadataImage | null>): readonly MetadataImage[] =>
  [...slices].filter((slice) => slice !== null);

/** The offset after each slice; null where there is no image. */
const endsOf = (slices: Iterable<MetadataImage | null>): readonly (number | null)[] =>
  [...slices].map((slice) => slice?.provenance.endOffset ?? null);

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
        const slices = imagesOf(replayInSlices(emptyImage, batches));
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
  expect(endsOf(replayInSlices(emptyImage, batches))).toEqual([
    500, 1_000, 1_500, 2_000, 2_500, 3_000,
  ]);
});

const topics = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) =>
    record("TOPIC_RECORD", 0, { name: `t${from + at}`, topicId: uuidOf(from + at) }),
  );

test("a large batch is replayed in events of a thousand records, and has one image", () => {
  const sizes = [3, 3_500, 2];
  const batches = sizes.map((size, at): ReplayedBatch => {
    const base = 10_000 * at;
    return {
      records: topics(base, size),
      provenance: { endOffset: base + size, epoch: at, timestampMs: at },
    };
  });
  const [first, ...others] = batches;
  const slices = [...replayInSlices(emptyImage, [first ?? null, null, ...others])];
  expect(endsOf(slices)).toEqual([null, 3, null, null, null, 13_500, 20_002]);
  const images = imagesOf(slices);
  let image = emptyImage;
  for (const [at, { records, provenance }] of batches.entries()) {
    image = applyRecords(image, records, provenance);
    expect(whole(images[at] ?? emptyImage)).toEqual(whole(image));
  }
});

test("a large batch that leaves a transaction open is replayed after the last image out of any", () => {
  const batches: readonly ReplayedBatch[] = [
    { records: topics(0, 2), provenance: { endOffset: 2, epoch: 1, timestampMs: 1 } },
    {
      records: [record("BEGIN_TRANSACTION_RECORD", 0, { name: "large" }), ...topics(2, 1_500)],
      provenance: { endOffset: 1_503, epoch: 1, timestampMs: 2 },
    },
    {
      records: [record("ABORT_TRANSACTION_RECORD", 0, { reason: "given up" })],
      provenance: { endOffset: 1_504, epoch: 1, timestampMs: 3 },
    },
  ];
  const images = imagesOf(replayInSlices(emptyImage, batches));
  expect(images.map(({ beforeTransaction }) => beforeTransaction === null)).toEqual([
    true,
    false,
    true,
  ]);
  expect(images.map(({ topics: { byId } }) => byId.size)).toEqual([2, 1_502, 2]);
});
