/**
 * What the compiler infers from the schemas. These tests hold when they compile; `tsc` is who runs them.
 */
/* oxlint-disable unicorn/consistent-function-scoping -- the functions stand beside the claim that they do not compile */
import { describe, expectTypeOf, test } from "vitest";
import {
  BrokerHeartbeat,
  BrokerRegistration,
  CreateTopics,
  type Fetch,
  TopicRecord,
  type BrokerHeartbeatRequest,
  type FetchRequest,
  type InputOf,
  type MetadataRecord,
  type RequestFrame,
  type ResponseOf,
  type Uuid,
} from "../../src/protocol/index.ts";

type Input = InputOf<typeof BrokerHeartbeat.request>;
type FetchPartition = FetchRequest["topics"][number]["partitions"][number];

describe("a decoded value", () => {
  test("has every key, whatever its version", () => {
    expectTypeOf<BrokerHeartbeatRequest>().toEqualTypeOf<{
      readonly brokerId: number;
      readonly brokerEpoch: number;
      readonly currentMetadataOffset: number;
      readonly wantFence: boolean;
      readonly wantShutDown: boolean;
      readonly offlineLogDirs: readonly Uuid[];
      readonly cordonedLogDirs: readonly Uuid[] | null;
    }>();
  });

  test("is null only where the schema says so", () => {
    expectTypeOf<FetchRequest["clusterId"]>().toEqualTypeOf<string | null>();
    expectTypeOf<FetchRequest["rackId"]>().toEqualTypeOf<string>();
  });

  test("has a bigint only where a sentinel needs it", () => {
    expectTypeOf<FetchPartition["highWatermark"]>().toEqualTypeOf<bigint>();
    expectTypeOf<FetchPartition["fetchOffset"]>().toEqualTypeOf<number>();
  });

  test("of a response knows its structs", () => {
    expectTypeOf<
      ResponseOf<typeof Fetch>["responses"][number]["partitions"][number]["currentLeader"]
    >().toEqualTypeOf<{
      readonly leaderId: number;
      readonly leaderEpoch: number;
    }>();
  });
});

describe("what encoding takes", () => {
  test("may leave out what the schema has a meaning for", () => {
    expectTypeOf<Input>().toEqualTypeOf<{
      readonly brokerId: number;
      readonly currentMetadataOffset: number;
      readonly wantFence: boolean;
      readonly wantShutDown: boolean;
      readonly brokerEpoch?: number | undefined;
      readonly offlineLogDirs?: readonly Uuid[] | undefined;
      readonly cordonedLogDirs?: readonly Uuid[] | null | undefined;
    }>();
  });

  test("may be any decoded value", () => {
    expectTypeOf<BrokerHeartbeatRequest>().toExtend<Input>();
    expectTypeOf<FetchRequest>().toExtend<InputOf<typeof Fetch.request>>();
  });

  test("may not be a value with an unbranded uuid or a foreign key", () => {
    const codec = BrokerHeartbeat.request.at(2);
    const value = BrokerHeartbeat.request.fill({});
    // @ts-expect-error -- a string is no uuid until it has been looked at
    const unbranded = (): unknown => codec.encode({ ...value, offlineLogDirs: ["x"] });
    // @ts-expect-error -- there is no such key
    const foreign = (): unknown => codec.encode({ ...value, zookeeper: true });
    expectTypeOf(unbranded).toBeFunction();
    expectTypeOf(foreign).toBeFunction();
  });
});

describe("filling", () => {
  test("takes any part and gives the whole", () => {
    expectTypeOf(CreateTopics.response.fill({ topics: [{ name: "t" }] })).toEqualTypeOf<
      ResponseOf<typeof CreateTopics>
    >();
    // @ts-expect-error -- a name is a string
    const numbered = (): unknown => CreateTopics.response.fill({ topics: [{ name: 1 }] });
    // @ts-expect-error -- there is no such key
    const misspelt = (): unknown => BrokerRegistration.response.fill({ brokerepoch: 1 });
    expectTypeOf(numbered).toBeFunction();
    expectTypeOf(misspelt).toBeFunction();
  });
});

describe("a union", () => {
  test("of records is told apart by type", () => {
    type Topic = Extract<MetadataRecord, { type: "TOPIC_RECORD" }>;
    expectTypeOf<Topic["data"]>().toEqualTypeOf<TopicRecord>();
    expectTypeOf(TopicRecord.of(0, {})).toExtend<MetadataRecord>();
  });

  test("of request frames is told apart by name", () => {
    type FetchFrame = Extract<RequestFrame, { name: "Fetch" }>;
    expectTypeOf<FetchFrame["body"]>().toEqualTypeOf<FetchRequest>();
  });
});
