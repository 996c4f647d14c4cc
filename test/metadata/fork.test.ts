/** What a fork begins with: the other cluster's metadata, and nobody who took part in it. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { forkRecords } from "../../src/metadata/fork.ts";
import {
  emptyImage,
  stableImage,
  type MetadataImage,
} from "../../src/metadata/image/metadata-image.ts";
import { allPartitions } from "../../src/metadata/image/topics-image.ts";
import { partitionChangesAfter } from "../../src/metadata/partitions/broker-change.ts";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { plainContents } from "./plain-image.ts";
import { recordStream } from "./record-streams.ts";
import { line, replayed, world, type WorldSpec } from "./world.ts";

const replayAll = (records: Iterable<MetadataRecord>): MetadataImage =>
  applyRecords(emptyImage, records, { endOffset: 9, epoch: 1, timestampMs: 0 });

const fork = (image: MetadataImage): MetadataImage =>
  replayAll(
    [...forkRecords(image)].map((each) => decodeMetadataRecord(encodeMetadataRecord(each))),
  );

/** All that a fork takes over as it is. */
function same(image: MetadataImage): unknown {
  const {
    brokers: _brokers,
    controllers: _controllers,
    topics: _topics,
    delegationTokens: _tokens,
    ...rest
  } = Object(plainContents(image));
  return rest;
}

test("has everything but registrations that live, leaders, controllers and tokens", () => {
  fc.assert(
    fc.property(fc.constantFrom(14, 17, 23, 25, 30).chain(recordStream), (log) => {
      const image = stableImage(replayAll(log));
      const forked = fork(image);
      expect(same(forked)).toEqual(same(image));
      expect([...forked.cluster.controllers, ...forked.delegationTokens]).toEqual([]);
      expect([...forked.cluster.brokers.values()]).toEqual(
        [...image.cluster.brokers.values()].map((broker) => ({ ...broker, fenced: true })),
      );
      const olds = [...allPartitions(image.topics)];
      expect(forked.topics.partitionCount).toBe(olds.length);
      for (const [at, { topicId, partitionId, partition }] of [
        ...allPartitions(forked.topics),
      ].entries()) {
        const old = olds[at];
        expect([topicId, partitionId]).toEqual([old?.topicId, old?.partitionId]);
        expect(partition.leader).toBe(-1);
        expect(partition.replicas).toEqual(old?.partition.replicas);
      }
    }),
    { numRuns: 60 },
  );
});

const forkOf = (spec: WorldSpec): string => line(fork(world({ brokers: "1 2 3", ...spec })), "a");

test("leaves every member of the ISR in it, since none is known to be ahead of the others", () => {
  expect(forkOf({ topics: { a: ["1,2,3 / 2,3 / 2 / 4 / 7"] } })).toBe("1,2,3 / 2,3 / -1 / 5 / 8");
});

test("leaves them among the eligible replicas where there are such, and says who led last", () => {
  const topics = { a: ["1,2,3 / 2,3 / 2 / 4 / 7"] };
  expect(
    forkOf({ elr: true, topics, configs: { "topic:a": { "min.insync.replicas": "2" } } }),
  ).toBe("1,2,3 / - / -1 / 5 / 8 ; elr 2,3 ; last 2");
});

test("leaves a partition that nobody led as it was, and a move where it stands", () => {
  expect(forkOf({ topics: { a: ["1,2,3 / 2 / -1 / 4 / 7"] } })).toBe("1,2,3 / 2 / -1 / 4 / 7");
  expect(forkOf({ topics: { a: ["3,1,2 / 1,2 / 1 / 4 / 7 ; removing 1 ; adding 3"] } })).toBe(
    "3,1,2 / 1,2 / -1 / 5 / 8 ; removing 1 ; adding 3",
  );
});

test("lets a partition be led again by the first broker of its ISR that is back", () => {
  const image = fork(world({ brokers: "1 2 3", topics: { a: ["1,2,3 / 2,3 / 2 / 4 / 7"] } }));
  const records = [...partitionChangesAfter(image, { kind: "returns", brokerId: 3 })];
  expect(line(replayed(image, records), "a")).toBe("1,2,3 / 2,3 / 3 / 6 / 9");
});
