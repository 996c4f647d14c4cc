/**
 * What a controller writes when it takes office: the first records of a log, the end of what a predecessor left
 * open, and the voters' registrations.
 */
import { describe, expect, test } from "vitest";
import { MV_MAX } from "../../src/metadata/features/levels.ts";
import { takeOver } from "../../src/metadata/activation.ts";
import { defaultBootstrap, type Bootstrap } from "../../src/metadata/bootstrap.ts";
import type { QuorumController } from "../../src/metadata/control/operation.ts";
import { CONFIG_RESOURCE, configsOf } from "../../src/metadata/image/configs-image.ts";
import {
  emptyImage,
  finalizedFeatures,
  type MetadataImage,
} from "../../src/metadata/image/metadata-image.ts";
import { contactOf } from "../../src/metadata/liveness/broker-heartbeats.ts";
import type { MetadataRecord } from "../../src/protocol/index.ts";
import { directoryOf } from "./partition-notation.ts";
import { contextFor, lawfullyReplayed, record, world } from "./world.ts";

const voter = (id: number, port = 9_093): QuorumController => ({
  id,
  directoryId: directoryOf(id),
  endpoints: [{ name: "CONTROLLER", host: "localhost", port, securityProtocol: 0 }],
});

const words = ({ type, data }: MetadataRecord): string => {
  if (type === "FEATURE_LEVEL_RECORD") return `${data.name} ${data.featureLevel}`;
  if (type === "REGISTER_CONTROLLER_RECORD") return `controller ${data.controllerId}`;
  if (type === "BEGIN_TRANSACTION_RECORD") return `begin ${data.name}`;
  if (type === "ABORT_TRANSACTION_RECORD") return `abort ${data.reason}`;
  return type;
};

interface Taken {
  readonly view: MetadataImage;
  readonly wrote: readonly string[];
}

function take(
  view: MetadataImage,
  controllers: readonly QuorumController[] = [],
  level = 25,
): Taken {
  const { records } = takeOver(view, contextFor(view, { controllers }), defaultBootstrap(level));
  return { view: lawfullyReplayed(view, records), wrote: records.map(words) };
}

const minimumOf = (bootstrap: Bootstrap): string | undefined => {
  const { records } = takeOver(emptyImage, contextFor(emptyImage), bootstrap);
  const { configs } = lawfullyReplayed(emptyImage, records);
  return configsOf(configs, CONFIG_RESOURCE.BROKER, "").get("min.insync.replicas");
};

describe("a log without records", () => {
  test("begins with its metadata.version, then its other features by name, in one transaction", () => {
    expect(take(emptyImage).wrote).toEqual([
      "begin Bootstrap records",
      "metadata.version 25",
      "group.version 1",
      "transaction.version 2",
      "END_TRANSACTION_RECORD",
    ]);
  });

  test("has in it what all brokers are set to, by name", () => {
    const brokerDefaults = new Map([
      ["unclean.leader.election.enable", "true"],
      ["min.insync.replicas", "2"],
    ]);
    const bootstrap = { ...defaultBootstrap(25), brokerDefaults };
    const { records } = takeOver(emptyImage, contextFor(emptyImage), bootstrap);
    expect(records.map(words).slice(-3)).toEqual([
      "CONFIG_RECORD",
      "CONFIG_RECORD",
      "END_TRANSACTION_RECORD",
    ]);
    const { configs } = lawfullyReplayed(emptyImage, records);
    expect([...configsOf(configs, CONFIG_RESOURCE.BROKER, "")]).toEqual([
      ["min.insync.replicas", "2"],
      ["unclean.leader.election.enable", "true"],
    ]);
  });

  test("gets no transaction below 3.6-IV1, and no controllers below 3.7-IV0", () => {
    expect(take(emptyImage, [voter(3000)], 12).wrote).toEqual(["metadata.version 12"]);
    expect(take(emptyImage, [voter(3000)], 14).wrote).not.toContain("controller 3000");
  });

  test("at 4.3-IV0 has the features that kafka-storage gives", () => {
    expect(finalizedFeatures(take(emptyImage, [], 30).view).features).toEqual([
      { name: "eligible.leader.replicas.version", level: 1 },
      { name: "group.version", level: 1 },
      { name: "kraft.version", level: 1 },
      { name: "metadata.version", level: 30 },
      { name: "share.version", level: 1 },
      { name: "streams.version", level: 1 },
      { name: "transaction.version", level: 2 },
    ]);
  });

  test("with eligible leader replicas has their minimum in the transaction (KIP-966)", () => {
    expect(take(emptyImage, [], 26).wrote).toEqual([
      "begin Bootstrap records",
      "metadata.version 26",
      "eligible.leader.replicas.version 1",
      "group.version 1",
      "transaction.version 2",
      "CONFIG_RECORD",
      "END_TRANSACTION_RECORD",
    ]);
    const chosen = new Map([["min.insync.replicas", "2"]]);
    expect(minimumOf(defaultBootstrap(26))).toBe("1");
    expect(minimumOf({ ...defaultBootstrap(26), brokerDefaults: chosen })).toBe("2");
    const elr = "eligible.leader.replicas.version";
    expect(minimumOf(defaultBootstrap(25, { [elr]: 1 }))).toBe("1");
    expect(minimumOf(defaultBootstrap(26, { [elr]: 0 }))).toBeUndefined();
    expect(minimumOf(defaultBootstrap(25))).toBeUndefined();
  });

  test.each([21, 25])("at level %i has its SCRAM users among its first records", (level) => {
    const scramUsers = ["bob", "ann"].map((name) => {
      const bytes = Uint8Array.of(1);
      const keys = { salt: bytes, storedKey: bytes, serverKey: bytes };
      return { name, mechanism: 1, iterations: 4_096, ...keys };
    });
    const brokerDefaults = new Map([["min.insync.replicas", "2"]]);
    const bootstrap = { ...defaultBootstrap(level), scramUsers, brokerDefaults };
    const { records } = takeOver(emptyImage, contextFor(emptyImage, {}), bootstrap);
    const types = records.map(({ type }) => type);
    const ends = ["CONFIG_RECORD", "END_TRANSACTION_RECORD"];
    const users = ["USER_SCRAM_CREDENTIAL_RECORD", "USER_SCRAM_CREDENTIAL_RECORD"];
    expect(types.slice(-4)).toEqual([...users, ...ends]);
    const { scram } = lawfullyReplayed(emptyImage, records);
    expect([...scram.values()].map(({ name }) => name)).toEqual(["ann", "bob"]);
    const again = takeOver(
      lawfullyReplayed(emptyImage, records),
      contextFor(emptyImage, {}),
      bootstrap,
    );
    expect(again.records).toEqual([]);
  });

  test("is asked of the image: a controller elected again before they commit writes them again", () => {
    expect(take(emptyImage).wrote).toEqual(take(emptyImage).wrote);
    expect(take(take(emptyImage).view).wrote).toEqual([]);
  });
});

describe("an open transaction", () => {
  const begin = record("BEGIN_TRANSACTION_RECORD", 0, {});
  test("is aborted, and what it did is undone", () => {
    const topic = record("TOPIC_RECORD", 0, { name: "t", topicId: directoryOf(1) });
    const open = lawfullyReplayed(world({ brokers: "1" }), [begin, topic]);
    const { view, wrote } = take(open);
    expect(wrote).toEqual(["abort Controller failover"]);
    expect([...view.topics.idsByName.keys()]).toEqual([]);
    expect(view.cluster.brokers.has(1)).toBe(true);
  });

  test("of a bootstrap that was cut off is aborted, and the bootstrap is written in full", () => {
    const level = record("FEATURE_LEVEL_RECORD", 0, { name: "metadata.version", featureLevel: 25 });
    const { view, wrote } = take(lawfullyReplayed(emptyImage, [begin, level]), [voter(3000)]);
    expect(wrote).toEqual([
      "abort Controller failover",
      "begin Bootstrap records",
      "metadata.version 25",
      "group.version 1",
      "transaction.version 2",
      "END_TRANSACTION_RECORD",
      "controller 3000",
    ]);
    expect(view.beforeTransaction).toBe(null);
    expect(view.features.metadataVersion).toBe(25);
  });
});

describe("the voters", () => {
  const three = [voter(3002), voter(3000), voter(3001)];

  test("are registered in order of id, with endpoints and features, once", () => {
    const { view, wrote } = take(emptyImage, three);
    expect(wrote.slice(-3)).toEqual(["controller 3000", "controller 3001", "controller 3002"]);
    expect(view.cluster.controllers.get(3001)).toMatchObject({
      incarnationId: directoryOf(3001),
      listeners: [{ name: "CONTROLLER", host: "localhost", port: 9_093 }],
    });
    expect(view.cluster.controllers.get(3001)?.features).toContainEqual({
      name: "metadata.version",
      minSupportedVersion: 7,
      maxSupportedVersion: MV_MAX,
    });
    expect(take(view, three).wrote).toEqual([]);
  });

  test("are registered anew when an endpoint has moved or a directory was replaced", () => {
    const { view } = take(emptyImage, three);
    const moved = [
      voter(3000, 9_999),
      voter(3001),
      { ...voter(3002), directoryId: directoryOf(1) },
    ];
    expect(take(view, moved).wrote).toEqual(["controller 3000", "controller 3002"]);
  });
});

test("every unfenced broker gets a whole session from the moment office is taken", () => {
  const view = world({ brokers: "1 2f" });
  const { liveness } = takeOver(view, contextFor(view, { nowMs: 77_000 }), defaultBootstrap());
  const contacts = [...view.cluster.brokers.values()].map(
    (broker) => liveness === undefined || contactOf(liveness, broker)?.lastContactMs,
  );
  expect(contacts).toEqual([77_000, undefined]);
});
