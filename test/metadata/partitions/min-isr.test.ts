/**
 * What eligible leader replicas stand on (KIP-966): one minimum for a topic that controller and brokers agree about,
 * and what is written where the feature is switched on, off, and on again.
 */
import { describe, expect, test } from "vitest";
import { updateFeatures } from "../../../src/metadata/control/update-features.ts";
import { configsOf } from "../../../src/metadata/image/configs-image.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { partitionChangesAfter } from "../../../src/metadata/partitions/broker-change.ts";
import { elrMinIsr, elrSafetyRecords } from "../../../src/metadata/partitions/min-isr.ts";
import type { MetadataRecord } from "../../../src/protocol/index.ts";
import { lawfullyReplayed, line, record, replayed, run, topicIdOf, world } from "../world.ts";

const ELR = "eligible.leader.replicas.version";
const MIN_ISR = "min.insync.replicas";
const CLEAR = ["clear foo"];
const TWO = { "broker:": { [MIN_ISR]: "2" } };

describe("the minimum of a topic", () => {
  const foo = ["0,1,2 / 0 / 0", "0 / 0 / 0"];
  test.each<readonly [string, Readonly<Record<string, string>>, readonly string[], number]>([
    ["is Kafka's default", {}, foo, 1],
    ["is what all brokers are given", { "broker:": "2" }, foo, 2],
    ["is the topic's own before that", { "broker:": "2", "topic:foo": "3" }, foo, 3],
    ["is no broker's own", { "broker:0": "3" }, foo, 1],
    ["is no more than the first partition has replicas", { "topic:foo": "5" }, foo, 3],
    ["is what can be read", { "broker:": "2", "topic:foo": "many" }, foo, 2],
    ["of a topic without partitions is as configured", { "topic:foo": "5" }, [], 5],
  ])("%s", (_claim, minimums, lines, expected) => {
    const configs = Object.fromEntries(
      Object.entries(minimums).map(([resource, value]) => [resource, { [MIN_ISR]: value }]),
    );
    const spec = { brokers: "0 1 2", topics: { foo: lines }, configs };
    expect(elrMinIsr(world({ ...spec, elr: true }), topicIdOf(0))).toBe(expected);
    expect(elrMinIsr(world(spec), topicIdOf(0))).toBeNull();
  });
});

const inWords = ({ type, data }: MetadataRecord): string => {
  if (type === "CONFIG_RECORD") return `${data.resourceName || "all"} ${data.name} ${data.value}`;
  return type === "CLEAR_ELR_RECORD" ? `clear ${data.topicName || "all"}` : type;
};

describe("before eligible replicas are switched on", () => {
  test("all brokers have one minimum, and none has its own", () => {
    const configs = {
      "broker:": { "unclean.leader.election.enable": "true" },
      "broker:1": { [MIN_ISR]: "3" },
      "broker:10": { [MIN_ISR]: "2", "num.io.threads": "4" },
      "broker:2": { "num.io.threads": "4" },
      "topic:foo": { [MIN_ISR]: "2" },
    };
    const view = world({ brokers: "1 2", topics: { foo: ["1 / 1 / 1"] }, configs });
    expect(elrSafetyRecords(view).map(inWords)).toEqual([
      "all min.insync.replicas 1",
      "1 min.insync.replicas null",
      "10 min.insync.replicas null",
    ]);
    const after = replayed(view, elrSafetyRecords(view));
    expect(elrSafetyRecords(after)).toEqual([]);
    expect([...configsOf(after.configs, 4, "10").keys()]).toEqual(["num.io.threads"]);
  });

  test("a minimum that is there already stays", () => {
    expect(elrSafetyRecords(world({ configs: { "broker:": { [MIN_ISR]: "2" } } }))).toEqual([]);
  });

  test.each<readonly [string, boolean, string, readonly string[]]>([
    [
      "who was eligible before, and may have missed commits, is not any more",
      false,
      "0 / 0",
      CLEAR,
    ],
    ["nor is who led last of a partition that has a leader again", false, "0 / 0 ; last 1", CLEAR],
    ["who is eligible of a partition that is in sync nowhere stays so", false, "- / -1", []],
    ["and so does everybody while they are on", true, "0 / 0", []],
  ])("%s", (_claim, elr, state, expected) => {
    const partition = state.includes(";") ? `0,1 / ${state}` : `0,1 / ${state} ; elr 1`;
    const view = world({ brokers: "0 1", elr, configs: TWO, topics: { foo: [partition] } });
    expect(elrSafetyRecords(view).map(inWords)).toEqual(expected);
  });
});

test("topic by topic, so that one that nobody leads keeps its own, and all at once if there are many", () => {
  const stale = ["0,1 / 0 / 0 ; elr 1"];
  const two = { a: ["0,1 / - / -1 ; elr 1"], b: stale };
  expect(elrSafetyRecords(world({ configs: TWO, topics: two })).map(inWords)).toEqual(["clear b"]);
  const many = Object.fromEntries(Array.from({ length: 5_001 }, (_, at) => [`t${at}`, stale]));
  expect(elrSafetyRecords(world({ configs: TWO, topics: many })).map(inWords)).toEqual([
    "clear all",
  ]);
});

const switched = (view: MetadataImage, level: number): MetadataImage => {
  const update = { feature: ELR, maxVersionLevel: level, allowDowngrade: false };
  const featureUpdates = [{ ...update, upgradeType: level === 0 ? 2 : 1 }];
  const ran = run(updateFeatures, view, { featureUpdates });
  expect(ran.response.errorCode).toBe(0);
  return ran.view;
};

const brokers = (view: MetadataImage): MetadataImage =>
  replayed(
    view,
    [0, 1, 2].map((brokerId) =>
      record("REGISTER_BROKER_RECORD", 3, {
        ...registered(view, brokerId),
        features: [{ name: ELR, minSupportedVersion: 0, maxSupportedVersion: 1 }],
      }),
    ),
  );

const registered = (view: MetadataImage, brokerId: number) => ({
  brokerId,
  brokerEpoch: 100 + brokerId,
  fenced: view.cluster.brokers.get(brokerId)?.fenced ?? false,
  logDirs: view.cluster.brokers.get(brokerId)?.logDirs ?? [],
});

const happens = (
  view: MetadataImage,
  kind: "leaves" | "returns" | "unclean-shutdown",
  brokerId: number,
): MetadataImage => {
  const gone = lawfullyReplayed(view, [...partitionChangesAfter(view, { kind, brokerId })]);
  const fenced = kind === "returns" ? -1 : 1;
  const change = { brokerId, brokerEpoch: 100 + brokerId, fenced };
  return replayed(gone, [record("BROKER_REGISTRATION_CHANGE_RECORD", 0, change)]);
};

describe("switched off and on", () => {
  test("nobody leads who was eligible before the feature was off for a while", () => {
    const topics = { foo: ["0,1,2 / 0 / 0 ; elr 1,2"] };
    const before = brokers(world({ brokers: "0 1 2", elr: true, configs: TWO, topics }));
    // Off, 0 commits alone what 1 and 2 never see.
    const again = switched(switched(before, 0), 1);
    expect(line(again, "foo")).toBe("0,1,2 / 0 / 0 / 0 / 1");
    expect(line(happens(again, "leaves", 0), "foo")).toBe(
      "0,1,2 / - / -1 / 1 / 2 ; elr 0 ; last 0",
    );
  });

  test("a partition that nobody leads is still led, cleanly, by who is eligible", () => {
    const topics = { foo: ["0,1,2 / - / -1 ; elr 1,2 ; last 0"] };
    const before = brokers(world({ brokers: "0f 1f 2f", elr: true, configs: TWO, topics }));
    const off = switched(before, 0);
    // Neither who comes back of the others, nor who comes back without its tail.
    const others = happens(happens(off, "returns", 0), "unclean-shutdown", 1);
    expect(line(others, "foo")).toBe("0,1,2 / - / -1 / 0 / 1 ; elr 2 ; last 0");
    expect(line(happens(happens(others, "returns", 1), "returns", 2), "foo")).toBe(
      "0,1,2 / 2 / 2 / 1 / 2",
    );
    // And the same is so when the feature is on again in between.
    expect(line(happens(switched(others, 1), "returns", 2), "foo")).toBe("0,1,2 / 2 / 2 / 1 / 2");
  });

  test("the last member of an ISR, which stayed in it, is remembered when it comes back unclean", () => {
    const view = brokers(
      world({ brokers: "0f 1", configs: TWO, topics: { foo: ["0,1 / 0 / -1"] } }),
    );
    const unclean = happens(switched(view, 1), "unclean-shutdown", 0);
    expect(line(unclean, "foo")).toBe("0,1 / - / -1 / 0 / 1 ; last 0");
    expect(line(happens(unclean, "returns", 0), "foo")).toBe("0,1 / 0 / 0 / 1 / 2 ; recovering");
  });
});

describe("the last known leader", () => {
  test("is none that holds the partition no more, whatever a log says", () => {
    const moved = "2,3,0,1 / 0,1 / 0 ; removing 0,1 ; adding 2,3";
    const view = world({
      brokers: "0f 1f 2f 3f",
      elr: true,
      configs: TWO,
      topics: { foo: [moved] },
    });
    const change = { topicId: topicIdOf(0), partitionId: 0 };
    const done = replayed(view, [
      record("PARTITION_CHANGE_RECORD", 2, {
        ...change,
        replicas: [2, 3],
        isr: [2, 3],
        leader: -1,
        removingReplicas: [],
        addingReplicas: [],
        directories: view.cluster.brokers
          .get(2)
          ?.logDirs.concat(view.cluster.brokers.get(3)?.logDirs ?? []),
        lastKnownElr: [0],
      }),
    ]);
    const nobody = [2, 3].reduce((at, id) => happens(at, "unclean-shutdown", id), done);
    const back = happens(nobody, "returns", 0);
    expect(line(back, "foo")).toMatch(/^2,3 \/ - \/ -1 /);
  });
});
