/**
 * What changed between two images: applied to the earlier one, the changes give the later one, whatever the log
 * between them said, and whether the later one came about from the earlier one or was loaded from a snapshot.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  metadataChanges,
  type MetadataChange,
} from "../../../src/metadata/diff/metadata-changes.ts";
import { imageToRecords } from "../../../src/metadata/image/image-to-records.ts";
import {
  emptyImage,
  stableImage,
  type MetadataContents,
  type MetadataImage,
} from "../../../src/metadata/image/metadata-image.ts";
import { finalizedLevels } from "../../../src/metadata/image/features-image.ts";
import { allPartitions, topicById } from "../../../src/metadata/image/topics-image.ts";
import { applyRecords } from "../../../src/metadata/replay/apply-records.ts";
import type { MetadataRecord } from "../../../src/protocol/index.ts";
import { recordStream, uuidOf } from "../record-streams.ts";
import { record, replayed, topicIdOf, world } from "../world.ts";

const replayAll = (
  records: Iterable<MetadataRecord>,
  image: MetadataImage = emptyImage,
): MetadataImage => applyRecords(image, records, { endOffset: 1, epoch: 1, timestampMs: 0 });

type Fields = Readonly<Record<string, unknown>>;
type Things = Map<string, Fields>;

const keyOf = (entity: string, id: Fields): string => `${entity} ${JSON.stringify(id)}`;

/** Everything in an image, thing by thing, under the names that changes use; of secrets only that they are there. */
function thingsIn(image: MetadataContents): Things {
  const things: Things = new Map();
  const put = (entity: string, id: Fields, fields: object): void => {
    things.set(keyOf(entity, id), { ...fields });
  };
  for (const { name, level } of finalizedLevels(image.features)) {
    put("FEATURE", { name }, { featureLevel: level });
  }
  for (const { id, ...broker } of image.cluster.brokers.values()) {
    put("BROKER", { brokerId: id }, broker);
  }
  for (const { id, ...controller } of image.cluster.controllers.values()) {
    put("CONTROLLER", { controllerId: id }, controller);
  }
  for (const { id, name, partitionCount } of image.topics.byId.values()) {
    put("TOPIC", { topicId: id, name }, { partitionCount });
  }
  for (const { topicId, partitionId, partition } of allPartitions(image.topics)) {
    const name = topicById(image.topics, topicId)?.name;
    put("PARTITION", { topicId, name, partitionId }, partition);
  }
  const types = new Map([
    [2, "TOPIC"],
    [4, "BROKER"],
    [16, "CLIENT_METRICS"],
    [32, "GROUP"],
  ]);
  for (const { resourceType, resourceName, values } of image.configs.values()) {
    for (const name of values.keys()) {
      put("CONFIG", { resourceType: types.get(resourceType), resourceName, name }, {});
    }
  }
  for (const { entity, values } of image.clientQuotas.values()) {
    for (const [key, value] of values) put("CLIENT_QUOTA", { entity, key }, { value });
  }
  const { nextProducerId } = image.producerIds;
  if (nextProducerId >= 0) put("PRODUCER_IDS", {}, { nextProducerId });
  for (const { id, ...acl } of image.acls.byId.values()) put("ACL", { id }, acl);
  for (const { name, mechanism } of image.scram.values()) {
    put("SCRAM_CREDENTIAL", { name, mechanism }, {});
  }
  for (const { tokenId, ...token } of image.delegationTokens.values()) {
    put("DELEGATION_TOKEN", { tokenId }, token);
  }
  return things;
}

/** `things` after `changes`, each of which must fit what is there. Partitions come and go with their topic. */
function changed(things: Things, changes: readonly MetadataChange[], after: Things): Things {
  const result = new Map(things);
  for (const { entity, change, id, fields } of changes) {
    const key = keyOf(entity, id);
    const old = result.get(key);
    for (const { name, from } of fields) expect(old?.[name] ?? null).toEqual(from);
    expect(old === undefined).toBe(change === "CREATED");
    if (change === "DELETED") result.delete(key);
    else {
      const now = Object.fromEntries(fields.map(({ name, to }) => [name, to]));
      result.set(key, { ...old, ...now });
    }
    if (entity !== "TOPIC" || change === "CHANGED") continue;
    const partitions = `PARTITION ${JSON.stringify(id).slice(0, -1)},`;
    const [from, to] = change === "CREATED" ? [after, result] : [result, result];
    for (const [name, partition] of from) {
      if (!name.startsWith(partitions)) continue;
      if (change === "CREATED") to.set(name, partition);
      else result.delete(name);
    }
  }
  return result;
}

const bySorted = (things: Things): unknown => [...things].toSorted(([a], [b]) => (a < b ? -1 : 1));

test.each([11, 17, 25, 30])(
  "applied to the earlier image, changes give the later one, at level %i",
  (version) => {
    fc.assert(
      fc.property(recordStream(version), fc.nat(), (log, cut) => {
        const at = cut % log.length;
        const open = replayAll(log.slice(0, at));
        const before = stableImage(open);
        const after = stableImage(replayAll(log.slice(at), open));
        const changes = [...metadataChanges(before, after)];
        const things = thingsIn(after);
        expect(bySorted(changed(thingsIn(before), changes, things))).toEqual(bySorted(things));
        const loaded = replayAll(imageToRecords(after));
        expect([...metadataChanges(before, loaded)]).toEqual(changes);
        expect([...metadataChanges(after, loaded)]).toEqual([]);
      }),
      { numRuns: 40 },
    );
  },
);

test("images that have nothing of each other are compared by what they say", () => {
  const [before, later] = ["1 / 1 / -1", "2 / 2 / -1"].map((partition) =>
    world({ brokers: "1 2", topics: { a: [partition] } }),
  );
  const fields = [...metadataChanges(before ?? emptyImage, later ?? emptyImage)].flatMap(
    (change) => change.fields,
  );
  expect(fields.map(({ name }) => name)).toEqual(["replicas", "isr", "directories"]);
});

const ONE = world({
  brokers: "1 2 3",
  topics: { orders: ["1,2,3 / 1,2,3 / 1 / 0 / 0", "2,3,1 / 2,3,1 / 2 / 0 / 0"] },
  configs: { "topic:orders": { "retention.ms": "1000" } },
});

const after = (...records: readonly MetadataRecord[]): readonly MetadataChange[] => [
  ...metadataChanges(ONE, replayed(ONE, records)),
];

const set = (resourceType: number, resourceName: string, name: string, value: string) =>
  record("CONFIG_RECORD", 0, { resourceType, resourceName, name, value });

describe("a change says", () => {
  test("of a partition which fields are others, and what they were", () => {
    const [topicId, partitionId] = [topicIdOf(0), 1];
    const moved = { topicId, partitionId, isr: [3, 1], leader: 3 };
    expect(after(record("PARTITION_CHANGE_RECORD", 2, moved))).toEqual([
      {
        entity: "PARTITION",
        change: "CHANGED",
        id: { topicId, name: "orders", partitionId },
        fields: [
          { name: "isr", from: [2, 3, 1], to: [3, 1] },
          { name: "leader", from: 2, to: 3 },
          { name: "leaderEpoch", from: 0, to: 1 },
          { name: "partitionEpoch", from: 0, to: 1 },
        ],
      },
    ]);
  });

  test("of a topic that came how many partitions it has, and of one that went how many it had", () => {
    const topicId = uuidOf(77);
    const partition = { topicId, partitionId: 0, replicas: [1], isr: [1], leader: 1 };
    const changes = after(
      record("REMOVE_TOPIC_RECORD", 0, { topicId: topicIdOf(0) }),
      record("TOPIC_RECORD", 0, { name: "new", topicId }),
      record("PARTITION_RECORD", 0, partition),
    );
    const topics = changes.filter(({ entity }) => entity === "TOPIC");
    expect(topics).toContainEqual({
      entity: "TOPIC",
      change: "DELETED",
      id: { topicId: topicIdOf(0), name: "orders" },
      fields: [{ name: "partitionCount", from: 2, to: null }],
    });
    expect(topics).toContainEqual({
      entity: "TOPIC",
      change: "CREATED",
      id: { topicId, name: "new" },
      fields: [{ name: "partitionCount", from: null, to: 1 }],
    });
    expect(changes.map(({ entity }) => entity)).not.toContain("PARTITION");
  });

  test("of a config its value, unless that is a secret or may be one", () => {
    const changes = after(
      set(2, "orders", "retention.ms", "2000"),
      set(4, "1", "ssl.key.password", "secret"),
      set(4, "1", "nobody.knows.this", "secret"),
    );
    expect(changes).toEqual([
      {
        entity: "CONFIG",
        change: "CHANGED",
        id: { resourceType: "TOPIC", resourceName: "orders", name: "retention.ms" },
        fields: [{ name: "value", from: "1000", to: "2000" }],
      },
      {
        entity: "CONFIG",
        change: "CREATED",
        id: { resourceType: "BROKER", resourceName: "1", name: "nobody.knows.this" },
        fields: [],
      },
      {
        entity: "CONFIG",
        change: "CREATED",
        id: { resourceType: "BROKER", resourceName: "1", name: "ssl.key.password" },
        fields: [],
      },
    ]);
    expect(JSON.stringify(changes)).not.toContain("secret");
  });

  test("of a credential nothing but whose it is", () => {
    const bytes = Uint8Array.of(7, 7, 7);
    const keys = { salt: bytes, storedKey: bytes, serverKey: bytes, iterations: 4_096 };
    const credential = record("USER_SCRAM_CREDENTIAL_RECORD", 0, {
      name: "alice",
      mechanism: 1,
      ...keys,
    });
    expect(after(credential)).toEqual([
      {
        entity: "SCRAM_CREDENTIAL",
        change: "CREATED",
        id: { name: "alice", mechanism: 1 },
        fields: [],
      },
    ]);
  });

  test("nothing of what was written again as it was", () => {
    const config = { resourceType: 2, resourceName: "orders", name: "retention.ms", value: "1000" };
    expect(after(record("CONFIG_RECORD", 0, config))).toEqual([]);
  });
});
