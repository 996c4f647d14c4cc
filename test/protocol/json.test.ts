/**
 * Messages as JSON, in Kafka's own form and back; and what a hand or a script gets told that sends something else.
 */
import { describe, expect, test } from "vitest";
import {
  AlterClientQuotas,
  AlterUserScramCredentials,
  BrokerHeartbeat,
  BrokerRegistration,
  controlRecordToJson,
  covers,
  CreateTopics,
  DeleteTopics,
  Fetch,
  fromJson,
  JsonError,
  METADATA_TOPIC_ID,
  metadataRecordFromJson,
  metadataRecordToJson,
  PartitionChangeRecord,
  toJson,
  ZERO_UUID,
} from "../../src/protocol/index.ts";

import { messageVersions } from "./any-value.ts";

const ZERO = "AAAAAAAAAAAAAAAAAAAAAA";

/** The least that says a registration. */
const registration = {
  brokerId: 1,
  clusterId: "c",
  incarnationId: ZERO,
  listeners: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
  features: [],
  rack: null,
  isMigratingZkBroker: false,
  logDirs: [ZERO],
};

describe("a message as JSON", () => {
  test("has Kafka's names, uuids as text and 64-bit numbers as numbers", () => {
    const value = BrokerRegistration.request.fill({
      brokerId: 4,
      rack: null,
      logDirs: [METADATA_TOPIC_ID],
    });
    expect(toJson(BrokerRegistration.request, 4, value)).toEqual({
      brokerId: 4,
      clusterId: "",
      incarnationId: ZERO,
      listeners: [],
      features: [],
      rack: null,
      isMigratingZkBroker: false,
      logDirs: ["AAAAAAAAAAAAAAAAAAAAAQ"],
      previousBrokerEpoch: -1,
    });
  });

  test("leaves out what its version lacks, and tags at their default", () => {
    const value = BrokerHeartbeat.request.fill({ brokerId: 1, offlineLogDirs: [ZERO_UUID] });
    const plain = {
      brokerId: 1,
      brokerEpoch: -1,
      currentMetadataOffset: 0,
      wantFence: false,
      wantShutDown: false,
    };
    expect(toJson(BrokerHeartbeat.request, 2, value)).toEqual({ ...plain, offlineLogDirs: [ZERO] });
    expect(
      toJson(BrokerHeartbeat.request, 2, BrokerHeartbeat.request.fill({ brokerId: 1 })),
    ).toEqual(plain);
  });

  test("has bytes as base64", () => {
    const upsertions = [
      { name: "u", mechanism: 1, iterations: 4096, salt: Uint8Array.of(255, 254, 253, 252) },
    ];
    const value = AlterUserScramCredentials.request.fill({ upsertions });
    expect(toJson(AlterUserScramCredentials.request, 0, value)).toMatchObject({
      upsertions: [{ salt: "//79/A==", saltedPassword: "" }],
    });
  });

  test("has the numbers that JSON cannot say as text", () => {
    const entries = [{ ops: [{ key: "k", value: Number.POSITIVE_INFINITY }] }];
    const value = AlterClientQuotas.request.fill({ entries });
    const json = toJson(AlterClientQuotas.request, 1, value);
    expect(json).toMatchObject({ entries: [{ ops: [{ value: "Infinity" }] }] });
    expect(fromJson(AlterClientQuotas.request, 1, json)).toEqual(value);

    const fetch = Fetch.request.fill({ topics: [{ partitions: [{ highWatermark: 2n ** 60n }] }] });
    const far = toJson(Fetch.request, 18, fetch);
    expect(far).toMatchObject({
      topics: [{ partitions: [{ highWatermark: "1152921504606846976" }] }],
    });
    expect(fromJson(Fetch.request, 18, far)).toEqual(fetch);
  });

  test("of a record has the type that kafka-dump-log prints", () => {
    const record = PartitionChangeRecord.of(0, {
      partitionId: 3,
      topicId: ZERO_UUID,
      leader: 2,
      isr: [],
    });
    const json = {
      type: "PARTITION_CHANGE_RECORD",
      version: 0,
      data: { partitionId: 3, topicId: ZERO, isr: [], leader: 2 },
    };
    expect(metadataRecordToJson(record)).toEqual(json);
    expect(metadataRecordFromJson(json)).toEqual(record);
    expect(
      controlRecordToJson({ type: "KRAFT_VERSION", data: { version: 0, kRaftVersion: 1 } }),
    ).toEqual({
      type: "KRAFT_VERSION",
      version: 0,
      data: { version: 0, kRaftVersion: 1 },
    });
  });
});

describe("JSON that is a message", () => {
  test("is read with its declared defaults filled in", () => {
    expect(fromJson(BrokerRegistration.request, 4, registration)).toEqual({
      ...registration,
      previousBrokerEpoch: -1,
    });
  });

  test("may give a field that its version lacks, if it says nothing by it", () => {
    const json = { ...registration, previousBrokerEpoch: -1 };
    expect(fromJson(BrokerRegistration.request, 2, json)).toEqual({
      ...registration,
      previousBrokerEpoch: -1,
    });
  });
});

describe("JSON that says what its version lacks", () => {
  test("is refused, also where a program might drop the field", () => {
    const json = { ...registration, previousBrokerEpoch: 7 };
    expect(() => fromJson(BrokerRegistration.request, 2, json)).toThrow(
      expect.objectContaining({
        path: "previousBrokerEpoch",
        reason: "version 2 has no such field; versions 3+ have it",
      }),
    );
    expect(fromJson(BrokerRegistration.request, 3, json).previousBrokerEpoch).toBe(7);
  });

  test("deletes nothing by another version's field", () => {
    for (const others of [{}, { topics: [], timeoutMs: 1 }]) {
      expect(() => fromJson(DeleteTopics.request, 6, { topicNames: ["t"], ...others })).toThrow(
        expect.objectContaining({
          path: "topicNames",
          reason: "version 6 has no such field; versions 0-5 have it",
        }),
      );
    }
    expect(fromJson(DeleteTopics.request, 5, { topicNames: ["t"], timeoutMs: 1 })).toMatchObject({
      topicNames: ["t"],
    });
  });

  test.each(["t", { t: 1 }, [5], null])("is refused where it is of no type either: %j", (value) => {
    const json = { topicNames: value, topics: [], timeoutMs: 1 };
    expect(() => fromJson(DeleteTopics.request, 6, json)).toThrow(/versions 0-5 have it/);
  });

  const lacking = messageVersions.flatMap(({ name, message, version }) =>
    Object.entries(message.fields)
      .filter(
        ([, { traits }]) => traits.versions !== undefined && !covers(traits.versions, version),
      )
      .map(([field]) => ({ name, message, version, field })),
  );

  test("is refused in every message, version and field, with the versions that know it", () => {
    expect(lacking.length).toBeGreaterThan(100);
    for (const { name, message, version, field } of lacking) {
      const json = { ...toJson(message, version, message.fill({})), [field]: "not the default" };
      expect(() => fromJson(message, version, json), `${name} ${field}`).toThrow(
        expect.objectContaining({
          path: field,
          reason: expect.stringMatching(/versions .+ have it/),
        }),
      );
    }
  });
});

describe("JSON that is no message", () => {
  const { brokerId: _, ...nameless } = registration;
  const listener = { name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 };

  test.each<[string, unknown, string, RegExp]>([
    ["is nothing", undefined, "", /nothing where an object/],
    ["is null", null, "", /null where an object/],
    ["is an array", [], "", /an array where an object/],
    ["lacks a field", nameless, "brokerId", /missing/],
    ["has a field too many", { ...registration, broker: 1 }, "broker", /no such field/],
    ["has __proto__", JSON.parse(`{"__proto__": {}, "brokerId": 1}`), "__proto__", /no such field/],
    [
      "has a number as text",
      { ...registration, brokerId: "1" },
      "brokerId",
      /"1" where an integer/,
    ],
    ["has a fraction", { ...registration, brokerId: 1.5 }, "brokerId", /1.5 where an integer/],
    [
      "has a number out of range",
      { ...registration, brokerId: 2 ** 31 },
      "brokerId",
      /2147483648 where/,
    ],
    ["has null where null may not be", { ...registration, clusterId: null }, "clusterId", /null/],
    ["has no array", { ...registration, listeners: {} }, "listeners", /an object where an array/],
    [
      "has null in an array",
      { ...registration, listeners: [null] },
      "listeners[0]",
      /null where an object/,
    ],
    [
      "has no such port",
      { ...registration, listeners: [listener, { ...listener, port: 65_536 }] },
      "listeners[1].port",
      /65536/,
    ],
    [
      "lacks a field deep inside",
      { ...registration, listeners: [{ name: "n" }] },
      "listeners[0].host",
      /missing/,
    ],
    [
      "has a field too many deep inside",
      { ...registration, listeners: [{ ...listener, x: 1 }] },
      "listeners[0].x",
      /no such/,
    ],
    [
      "has no uuid",
      { ...registration, incarnationId: "AAAA" },
      "incarnationId",
      /"AAAA" where a uuid/,
    ],
    [
      "has an uncanonical uuid",
      { ...registration, logDirs: [`${ZERO.slice(0, 21)}B`] },
      "logDirs[0]",
      /uuid/,
    ],
    ["has a lone surrogate", { ...registration, clusterId: "\uD800" }, "clusterId", /string/],
    [
      "has a truth as number",
      { ...registration, isMigratingZkBroker: 1 },
      "isMigratingZkBroker",
      /true or false/,
    ],
    [
      "has an epoch beyond 2^53",
      { ...registration, previousBrokerEpoch: 2 ** 53 },
      "previousBrokerEpoch",
      /integer/,
    ],
  ])("because it %s, is refused with path and reason", (__, json, path, reason) => {
    const read = (): unknown => fromJson(BrokerRegistration.request, 4, json);
    expect(read).toThrow(JsonError);
    expect(read).toThrow(
      expect.objectContaining({
        api: "BrokerRegistrationRequest",
        version: 4,
        path,
        message: expect.stringMatching(reason),
      }),
    );
  });

  test("because it says what its version lacks, is refused", () => {
    const json = {
      ...toJson(BrokerHeartbeat.request, 0, BrokerHeartbeat.request.fill({})),
      cordonedLogDirs: [ZERO],
    };
    expect(() => fromJson(BrokerHeartbeat.request, 1, json)).toThrow(
      expect.objectContaining({ path: "cordonedLogDirs" }),
    );
    expect(
      fromJson(BrokerHeartbeat.request, 1, { ...json, cordonedLogDirs: null }).cordonedLogDirs,
    ).toBeNull();
  });

  test("because there is no such version, is refused", () => {
    expect(() => fromJson(BrokerRegistration.request, 9, registration)).toThrow(JsonError);
    expect(() => fromJson(BrokerRegistration.request, Number.NaN, registration)).toThrow(JsonError);
  });

  test.each(["//79/A=", "//79/A", "//79/B==", "//79_A==", "=", "===="])(
    "because %s is no base64, is refused",
    (salt) => {
      const upsertions = [{ name: "u", mechanism: 1, iterations: 1, salt, saltedPassword: "" }];
      expect(() =>
        fromJson(AlterUserScramCredentials.request, 0, { deletions: [], upsertions }),
      ).toThrow(expect.objectContaining({ path: "upsertions[0].salt" }));
    },
  );

  test.each<[string, unknown]>([
    ["no object", 5],
    ["an unknown type", { type: "NEW_RECORD", version: 0, data: {} }],
    ["an inherited type", { type: "toString", version: 0, data: {} }],
    ["a version that is text", { type: "NO_OP_RECORD", version: "0", data: {} }],
    ["an unknown version", { type: "NO_OP_RECORD", version: 1, data: {} }],
    ["no data", { type: "NO_OP_RECORD", version: 0 }],
  ])("and no record, because it has %s, is refused", (__, json) => {
    expect(() => metadataRecordFromJson(json)).toThrow(JsonError);
  });

  test.each<[string, unknown, string]>([
    ["salt", "hunter2", "a string where base64 was expected"],
    ["saltedPassword", 123_456, "a number where base64 was expected"],
    ["name", 123_456, "a number where a string was expected"],
    ["name", "hunter2\ud800", "a string with half a character where a string was expected"],
  ])("is not repeated where a secret may be: %s as %j", (field, value, reason) => {
    const upsertion = { name: "u", mechanism: 1, iterations: 1, salt: "", saltedPassword: "" };
    const json = { deletions: [], upsertions: [{ ...upsertion, [field]: value }] };
    expect(() => fromJson(AlterUserScramCredentials.request, 0, json)).toThrow(
      expect.objectContaining({ path: `upsertions[0].${field}`, reason }),
    );
  });

  test("is not repeated at length in the message about it", () => {
    const json = { ...registration, incarnationId: "x".repeat(10_000) };
    expect(() => fromJson(BrokerRegistration.request, 4, json)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{0,120}$/) }),
    );
  });
});

test("a topic as JSON goes the whole way", () => {
  const json = {
    topics: [
      {
        name: "t",
        numPartitions: 3,
        replicationFactor: 2,
        assignments: [],
        configs: [{ name: "a", value: null }],
      },
    ],
  };
  expect(fromJson(CreateTopics.request, 7, json)).toEqual({
    ...json,
    timeoutMs: 60_000,
    validateOnly: false,
  });
});
