/**
 * The largest requests that Kafka takes, put to a quorum of real objects: a batch of up to 8 MiB is stored, replicated
 * and replayed, one byte more is refused, and the same controller leads and commits.
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { VoterStatus } from "../../durable-objects/contract.ts";
import {
  BATCH_BYTES_MAX,
  BrokerRegistration,
  ErrorCode,
  decodeResponseFrame,
  requestFrame,
  type ApiName,
} from "../../src/protocol/index.ts";
import {
  clusterOf,
  form,
  frame,
  registration,
  rpc,
  stubOf,
  untilReplayed,
  voterStatusOf,
} from "./quorum.ts";

const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAS1A");
const nodes = [3000, 3001, 3002];
const brokers = Array.from({ length: 30 }, (_, at) => 10 + at);
const { NONE, POLICY_VIOLATION: POLICY } = ErrorCode;
let leader: VoterStatus;
const epochs = new Map<number, unknown>();

type Body = Readonly<Record<string, unknown>>;
const ask = async (api: ApiName, body: unknown): Promise<Body> =>
  (await rpc(cluster, leader.node_id, { api, body })).body;

beforeAll(async () => {
  leader = await form(cluster);
  for (const brokerId of brokers) {
    const { api, body } = registration(cluster, brokerId);
    const { errorCode, brokerEpoch } = await ask(api, body);
    expect(errorCode).toBe(NONE);
    epochs.set(brokerId, brokerEpoch);
  }
});

// The tests together take longer than a session.
beforeEach(async () => {
  for (const [brokerId, brokerEpoch] of epochs) {
    const alive = { brokerId, brokerEpoch, currentMetadataOffset: brokerEpoch };
    const heard = { wantFence: false, wantShutDown: false };
    expect(await ask("BrokerHeartbeat", { ...alive, ...heard })).toMatchObject({ isFenced: false });
  }
});

const create = (name: string, numPartitions: number, replicationFactor: number): Promise<Body> =>
  ask("CreateTopics", {
    topics: [{ name, numPartitions, replicationFactor, assignments: [], configs: [] }],
    timeoutMs: 60_000,
    validateOnly: false,
  });

/** The bytes of the largest batch from `offset` on in the leader's log, in however many rows. */
const largestBatchFrom = (offset: number): Promise<number> =>
  runInDurableObject(stubOf(cluster, leader.node_id), (_, { storage }) => {
    const { size } = storage.sql
      .exec<{ size: number }>(
        `SELECT max(length(bytes) + (
           SELECT coalesce(sum(length(log_parts.bytes)), 0) FROM log_parts
           WHERE id BETWEEN base_offset * 16 AND base_offset * 16 + 15
         )) AS size FROM log WHERE base_offset >= ?`,
        offset,
      )
      .one();
    return size;
  });

/** All three have replayed everything, the same one leads in the same epoch, and commits. */
async function expectUnharmed(): Promise<void> {
  await untilReplayed(cluster);
  const statuses = await Promise.all(nodes.map((node) => voterStatusOf(cluster, node)));
  expect(statuses.map(({ tripped }) => tripped)).toEqual([null, null, null]);
  const { node_id: nodeId, epoch } = leader;
  expect(statuses.map((each) => [each.leader_id, each.epoch])).toEqual(
    nodes.map(() => [nodeId, epoch]),
  );
  small += 1;
  expect(await create(`small-${small}`, 1, 3)).toMatchObject({ topics: [{ errorCode: NONE }] });
}
let small = 0;

describe("CreateTopics", () => {
  test.each([1, 3, 10, 30])("of 9,999 partitions with %i replicas each", async (factor) => {
    expect(await create(`wide-${factor}`, 9_999, factor)).toMatchObject({
      topics: [{ errorCode: NONE, numPartitions: 9_999, replicationFactor: factor }],
    });
    await expectUnharmed();
  });

  test("one partition more is refused", async () => {
    expect(await create("beyond", 10_000, 1)).toMatchObject({ topics: [{ errorCode: POLICY }] });
    await expectUnharmed();
  });
});

test.each([
  [9_999, NONE],
  [10_000, NONE],
  [10_001, POLICY],
])("AlterPartitionReassignments of %i partitions: error %i", async (count, errorCode) => {
  await create("moved", 9_999, 3);
  await create("more", 2, 3);
  const partitions = Array.from({ length: count }, (_, at) => ({
    partitionIndex: at % 9_999,
    replicas: [0, 1, 2].map((next) => brokers[(at + 7 * next + count) % brokers.length]),
  }));
  const topics = [
    { name: "moved", partitions: partitions.slice(0, 9_999) },
    { name: "more", partitions: partitions.slice(9_999) },
  ];
  const move = { timeoutMs: 60_000, allowReplicationFactorChange: true, topics };
  expect(await ask("AlterPartitionReassignments", move)).toMatchObject({ errorCode });
  await expectUnharmed();
});

/** Registers a broker whose listeners and features are long strings; the last of them has `pad` bytes. */
async function registerLarge(pad: number): Promise<number> {
  const listeners = Array.from({ length: 100 }, (_, index) => ({
    name: `L${index}`.padEnd(32_767, "n"),
    host: index < 99 ? "h".repeat(32_767) : "h".repeat(pad),
    port: 9092,
    securityProtocol: 0,
  }));
  const features = Array.from({ length: 56 }, (_, index) => ({
    name: `F${index}`.padEnd(32_767, "n"),
    minSupportedVersion: 0,
    maxSupportedVersion: 1,
  }));
  const request = BrokerRegistration.request.fill(Object(registration(cluster, 2).body));
  const large = { ...request, listeners, features: [...request.features, ...features] };
  const header = { apiVersion: 4, correlationId: 1, clientId: "test" };
  const bytes = requestFrame(BrokerRegistration, header, large);
  const answer = await frame(cluster, leader.node_id, bytes);
  return decodeResponseFrame(BrokerRegistration, 4, answer.bytes).body.errorCode;
}

test("around what a batch holds, byte by byte, a registration is stored or refused by policy", async () => {
  const bytesWith = async (pad: number, expected: number): Promise<number> => {
    const { high_watermark: end } = await voterStatusOf(cluster, leader.node_id);
    expect(await registerLarge(pad)).toBe(expected);
    return expected === NONE ? largestBatchFrom(end ?? 0) : 0;
  };
  const full = 20_000 + BATCH_BYTES_MAX - (await bytesWith(20_000, NONE));
  expect(full).toBeLessThan(32_765);
  for (const over of [-1, 0])
    expect(await bytesWith(full + over, NONE)).toBe(BATCH_BYTES_MAX + over);
  for (const over of [1, 2]) await bytesWith(full + over, POLICY);
  await expectUnharmed();
});
