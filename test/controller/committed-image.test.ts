/** An image that begins with a snapshot: loaded slice by slice, shown when it is whole, and carried on from the log. */
import { expect, test } from "vitest";
import { CommittedImage } from "../../durable-objects/committed-log/committed-image.ts";
import { dataBatch } from "../../durable-objects/replica/entries.ts";
import { applyRecords, emptyImage } from "../../src/metadata/index.ts";
import {
  ConfigRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { Disk } from "../sim/disk.ts";
import { digestOf } from "./quorum.ts";
import { checkpointOf, imageOf, storeFetched } from "./snapshot-parts.ts";

const configs = (prefix: string, count: number): readonly MetadataRecord[] =>
  Array.from({ length: count }, (_, at) =>
    ConfigRecord.of(0, { resourceType: 2, resourceName: `${prefix}${at}`, name: "a", value: "b" }),
  );

/** A disk whose log begins with the snapshot of 5,000 records at 100 and has three more above it. */
function stored() {
  const disk = new Disk();
  const image = imageOf(configs("t", 5_000));
  const checkpoint = checkpointOf(image);
  storeFetched(disk, checkpoint, 1_048_576);
  const tail = configs("u", 3);
  const bytes = dataBatch(
    { baseOffset: 100, values: tail.map(encodeMetadataRecord), timestampMs: 9 },
    3,
  );
  disk.transaction(() => {
    disk.snapshots.complete("fetched", checkpoint.stored);
    disk.log.restartAt(100);
    disk.log.append({ baseOffset: 100, lastOffset: 102, epoch: 3, control: false, bytes });
  });
  const whole = applyRecords(image, tail, { endOffset: 103, epoch: 3, timestampMs: 9 });
  return { disk, snapshot: checkpoint.stored, image, whole };
}

test("a snapshot shows nothing of itself before it is loaded, and then where it stands", () => {
  const { disk, snapshot, image } = stored();
  const loaded = new CommittedImage(disk, snapshot);
  const ends: number[] = [];
  while (!loaded.replaySlice(100)) {
    ends.push(loaded.endOffset);
    expect(loaded.image).toBe(emptyImage);
  }
  expect(ends).toEqual([0, 0]);
  expect(loaded.endOffset).toBe(100);
  expect(loaded.image.provenance).toEqual(image.provenance);
  expect(digestOf(loaded.image).equals(digestOf(image))).toBe(true);
});

test("the log above a snapshot is replayed onto it", () => {
  const { disk, snapshot, whole } = stored();
  const loaded = new CommittedImage(disk, snapshot);
  let slices = 1;
  while (!loaded.replaySlice(103)) slices += 1;
  expect(slices).toBe(4);
  expect(loaded.image.provenance).toEqual(whole.provenance);
  expect(digestOf(loaded.image).equals(digestOf(whole))).toBe(true);
});

test("a chunk that changed is not passed over: the sentence says where", () => {
  const { disk, snapshot } = stored();
  const bytes = disk.snapshots.read({ id: snapshot, position: 2_000, maxBytes: 1 });
  bytes?.set([(bytes[0] ?? 0) ^ 1]);
  const loaded = new CommittedImage(disk, snapshot);
  expect(() => loaded.replaySlice(100)).toThrow(
    "this build cannot replay the snapshot 100-3: Snapshot v0: a chunk has changed since it was stored (byte 0)",
  );
});
