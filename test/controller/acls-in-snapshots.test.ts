/**
 * Access control entries through a snapshot: put, replaced and removed in the log, written from the image, read from
 * the stored bytes. They come back in both of their orders, and whoever is asked about them answers the same.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StoredRecords } from "../../durable-objects/snapshots/stored-records.ts";
import { authorize, type MetadataImage } from "../../src/metadata/index.ts";
import {
  AccessControlEntryRecord,
  RemoveAccessControlEntryRecord,
  type MetadataRecord,
  type Uuid,
} from "../../src/protocol/index.ts";
import { entry, question } from "../metadata/access/acl-notation.ts";
import { uuidOf } from "../metadata/record-streams.ts";
import { checkpointOf, imageOf } from "./snapshot-parts.ts";

/** From the front of the order by pattern to its end. */
const IN_ORDER = [
  "ALLOW User:alice READ TOPIC =orders",
  "DENY User:alice READ TOPIC =orders from 10.0.0.9",
  "DENY User:bob READ TOPIC =orders",
  "ALLOW User:* DESCRIBE TOPIC =*",
  "ALLOW User:alice WRITE TOPIC ^orders-eu",
  "DENY User:alice READ TOPIC ^orders",
  "ALLOW User:bob ALL TOPIC ^or",
  "ALLOW User:alice READ GROUP =orders",
  "ALLOW User:alice ALTER CLUSTER =kafka-cluster",
];

const QUESTIONS = [
  "User:alice READ TOPIC orders",
  "User:alice READ TOPIC orders from 10.0.0.9",
  "User:bob READ TOPIC orders",
  "User:bob WRITE TOPIC order",
  "User:alice WRITE TOPIC orders-eu-1",
  "User:carol DESCRIBE TOPIC payments",
  "User:alice READ GROUP orders",
  "User:alice DESCRIBE CLUSTER kafka-cluster",
].map(question);

const IDS = 12;

/** What happens to an id: it gets the entry of this line, instead of one that it may have; or it goes. */
const step = fc.record({
  id: fc.integer({ min: 1, max: IDS }).map(uuidOf),
  line: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: IN_ORDER.length - 1 }) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
});

function* logOf(
  steps: readonly { readonly id: Uuid; readonly line: number | null }[],
  kept: Map<Uuid, number>,
): Generator<MetadataRecord, void, undefined> {
  for (const { id, line } of steps) {
    if (line !== null) {
      kept.set(id, line);
      yield AccessControlEntryRecord.of(0, { ...entry(IN_ORDER[line] ?? ""), id });
    } else if (kept.delete(id)) yield RemoveAccessControlEntryRecord.of(0, { id });
  }
}

function loaded(bytes: Uint8Array): MetadataImage {
  const records = new StoredRecords(bytes.length);
  records.feed(bytes);
  return imageOf([...records.take(1_000)]);
}

const verdicts = ({ acls }: MetadataImage, allowEveryoneIfNoAclFound: boolean): unknown =>
  QUESTIONS.map((each) =>
    authorize(acls, each, { superUsers: new Set(), allowEveryoneIfNoAclFound }),
  );

test("what a snapshot brings back is what the log said, in both orders", () => {
  let mostKept = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), fc.boolean(), (steps, isOpen) => {
      const kept = new Map<Uuid, number>();
      const written = imageOf([...logOf(steps, kept)]);
      const read = loaded(checkpointOf(written, { recordsMax: 3 }).bytes);
      mostKept = Math.max(mostKept, kept.size);

      expect(new Set(read.acls.byId.keys())).toEqual(new Set(kept.keys()));
      const lines = [...read.acls.byPattern.values()].map(({ id }) => kept.get(id));
      expect(lines).toEqual([...kept.values()].toSorted((a, b) => a - b));

      expect([...read.acls.byId]).toEqual([...written.acls.byId]);
      expect([...read.acls.byPattern]).toEqual([...written.acls.byPattern]);
      expect(verdicts(read, isOpen)).toEqual(verdicts(written, isOpen));
    }),
    { numRuns: 200 },
  );
  expect(mostKept).toBeGreaterThan(IDS / 2);
});
