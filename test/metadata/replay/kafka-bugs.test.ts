/**
 * Faults of Kafka's images and deltas that are not copied, one test each: its name has Kafka's issue, or the class where
 * none is known, and says what is true here.
 */
import { describe, expect, test } from "vitest";
import { CONFIG_RESOURCE, configsOf } from "../../../src/metadata/image/configs-image.ts";
import { emptyImage, type MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { imageToRecords } from "../../../src/metadata/image/image-to-records.ts";
import { finalizedLevel } from "../../../src/metadata/image/features-image.ts";
import { scramCredential } from "../../../src/metadata/image/scram-image.ts";
import { topicByName } from "../../../src/metadata/image/topics-image.ts";
import { metadataChanges } from "../../../src/metadata/diff/metadata-changes.ts";
import { plainContents } from "../plain-image.ts";
import { line, record, replayed, topicIdOf, world } from "../world.ts";

const A = topicIdOf(90);
const B = topicIdOf(91);

const topic = (name: string, topicId = A) => record("TOPIC_RECORD", 0, { name, topicId });
const config = (resourceName: string, name: string, value: string | null) =>
  record("CONFIG_RECORD", 0, { resourceType: CONFIG_RESOURCE.TOPIC, resourceName, name, value });
const given = (iterations: number) =>
  record("USER_SCRAM_CREDENTIAL_RECORD", 0, { name: "ann", mechanism: 1, iterations });
const begin = record("BEGIN_TRANSACTION_RECORD", 0, { name: "bootstrap" });
const abort = record("ABORT_TRANSACTION_RECORD", 0, { reason: "test" });

const names = (view: MetadataImage): readonly string[] =>
  ["a", "b"].filter((name) => topicByName(view.topics, name) !== undefined);

describe("MetadataBatchLoader:", () => {
  test("an aborted transaction leaves nothing, though the next begins in the same batch", () => {
    const view = replayed(world({}), [begin, topic("a"), abort, begin, topic("b", B)]);
    expect(names(view)).toEqual(["b"]);
    expect(names(replayed(view, [abort]))).toEqual([]);
  });

  test("an open transaction goes with the view that it is in", () => {
    const before = world({});
    const within = replayed(before, [begin, topic("a")]);
    expect(within.beforeTransaction).not.toBeNull();
    // The view is dropped with its office, and the one from before knows of no transaction.
    expect(before.beforeTransaction).toBeNull();
    expect(names(replayed(before, [topic("b", B)]))).toEqual(["b"]);
  });
});

test("ScramDelta: a credential that is removed and given again in one batch is there", () => {
  const removed = record("REMOVE_USER_SCRAM_CREDENTIAL_RECORD", 0, { name: "ann", mechanism: 1 });
  const view = replayed(world({}), [given(4_096), removed, given(8_192)]);
  expect(scramCredential(view.scram, 1, "ann")?.iterations).toBe(8_192);
});

describe("ConfigurationsDelta:", () => {
  test("a topic that is created and removed in one batch takes its configs along", () => {
    const removal = record("REMOVE_TOPIC_RECORD", 0, { topicId: A });
    const view = replayed(world({}), [topic("a"), config("a", "retention.ms", "1"), removal]);
    expect(configsOf(view.configs, CONFIG_RESOURCE.TOPIC, "a").size).toBe(0);
    // Nor does the next topic of that name inherit them.
    const again = replayed(view, [topic("a", B)]);
    expect(configsOf(again.configs, CONFIG_RESOURCE.TOPIC, "a").size).toBe(0);
  });
});

describe("TopicsDelta:", () => {
  test("KAFKA-19497: a topic that is created and removed in one batch was never there", () => {
    const removal = record("REMOVE_TOPIC_RECORD", 0, { topicId: A });
    const before = world({});
    const view = replayed(before, [topic("a"), removal, topic("a", B)]);
    expect(topicByName(view.topics, "a")?.id).toBe(B);
    const changes = metadataChanges(before, replayed(before, [topic("a"), removal]));
    expect([...changes]).toEqual([]);
  });

  test("KAFKA-16892: a snapshot of what an image has changes no partition of it", () => {
    const before = world({ brokers: "0 1", topics: { a: ["0,1 / 0,1 / 0", "1,0 / 1,0 / 1"] } });
    const loaded = replayed(emptyImage, [...imageToRecords(before)]);
    expect(plainContents(loaded)).toEqual(plainContents(before));
    expect([...metadataChanges(before, loaded)]).toEqual([]);
  });
});

test("KAFKA-18979: a FeatureLevelRecord of kraft.version decides nothing, and is in no snapshot", () => {
  const level = record("FEATURE_LEVEL_RECORD", 0, { name: "kraft.version", featureLevel: 2 });
  const view = replayed(world({}), [level]);
  expect(finalizedLevel(view.features, "kraft.version")).toBe(1);
  expect(view.features.levels.has("kraft.version")).toBe(false);
  const snapshot = [...imageToRecords(view)].flatMap(({ data }) =>
    "name" in data ? data.name : [],
  );
  expect(snapshot).not.toContain("kraft.version");
});

test("ReplicationControlManager: a removed topic leaves nothing behind, though its ISR be empty", () => {
  const spec = { brokers: "0f 1f", topics: { a: ["0,1 / - / -1 ; elr 0,1"] } };
  const view = world(spec);
  const removal = record("REMOVE_TOPIC_RECORD", 0, { topicId: topicIdOf(0) });
  const after = replayed(view, [removal]);
  expect(line(after, "a")).toBe("none");
  expect(plainContents(after)).toEqual(plainContents(world({ brokers: "0f 1f" })));
});
