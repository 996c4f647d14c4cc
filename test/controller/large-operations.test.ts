/**
 * The largest operations through a whole controller: a request is one batch of up to 8 MiB or is refused, what a broker
 * causes comes in many small ones, and whatever was asked, the same controller leads and the next small write is
 * committed.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Controller } from "../../durable-objects/controller.ts";
import { UNLOCKED } from "../../durable-objects/bearer.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import {
  BOUNDED_BATCH_BYTES,
  BOUNDED_BATCH_RECORDS,
} from "../../src/metadata/control/batch-bound.ts";
import { brokerById, isActiveBroker, partitionsLedBy } from "../../src/metadata/index.ts";
import {
  apis,
  BATCH_BYTES_MAX,
  decodeResponseFrame,
  errorName,
  requestFrame,
  uuidFromBytes,
  versionsOf,
  type ApiName,
  type RequestOf,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import { CLUSTER, World } from "./world.ts";

const BROKERS = 40;
const sender = {
  origin: "client",
  bearer: UNLOCKED,
  signal: new AbortController().signal,
} as const;

type Request<Name extends ApiName> = Partial<RequestOf<(typeof apis)[Name]>>;
type Response<Name extends ApiName> = ResponseOf<(typeof apis)[Name]>;

let world: World;
let controller: Controller;

/** Sends a frame of the newest version. */
async function ask<Name extends ApiName>(
  name: Name,
  parts: Request<Name>,
): Promise<Response<Name>> {
  const api = apis[name];
  const apiVersion = versionsOf(api.valid).at(-1) ?? 0;
  const header = { apiVersion, correlationId: 1, clientId: "test" };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filling a request gives what encoding takes
  const bytes = requestFrame(api, header, api.request.fill(parts) as never);
  const answer = await answerFrame({ voter: controller, cluster: CLUSTER }, bytes, sender);
  expect(answer.status).toBe(200);
  const frame = new Uint8Array(await answer.arrayBuffer());
  return decodeResponseFrame(api, apiVersion, frame).body;
}

const uuidOf = (id: number) =>
  uuidFromBytes(Uint8Array.from({ length: 16 }, (_, at) => (at < 2 ? id >> (8 * at) : 7)));

async function register(brokerId: number): Promise<void> {
  const { errorCode, brokerEpoch } = await ask("BrokerRegistration", {
    brokerId,
    clusterId: CLUSTER.cluster_id,
    incarnationId: uuidOf(brokerId),
    listeners: [{ name: "PLAINTEXT", host: "localhost", port: 9092, securityProtocol: 0 }],
    features: [
      { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 },
      { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
      { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
      { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
    ],
    rack: null,
    logDirs: [uuidOf(brokerId)],
  });
  expect(errorCode).toBe(0);
  await beat(brokerId, { brokerEpoch });
}

const beat = (brokerId: number, parts: Request<"BrokerHeartbeat"> = {}) =>
  ask("BrokerHeartbeat", {
    brokerId,
    brokerEpoch: brokerById(controller.committedImage.cluster, brokerId)?.epoch ?? -1,
    currentMetadataOffset: controller.committedEnd - 1,
    ...parts,
  });

const create = async (
  name: string,
  numPartitions: number,
  replicationFactor: number,
): Promise<string> => {
  const topic = { name, numPartitions, replicationFactor, assignments: [], configs: [] };
  const { topics } = await ask("CreateTopics", { topics: [topic], timeoutMs: 60_000 });
  return errorName(topics[0]?.errorCode ?? -1);
};

/** The sizes of the batches from `offset` on, in records and in bytes. */
const batchesFrom = (offset: number) =>
  world.disk.log
    .read({ from: offset, upTo: controller.committedEnd, maxBytes: Number.POSITIVE_INFINITY })
    .map(({ baseOffset, lastOffset, bytes }) => ({
      records: lastOffset - baseOffset + 1,
      bytes: bytes.byteLength,
    }));

/** The same controller leads, in the same epoch, and commits. */
async function expectUnharmed(): Promise<void> {
  expect(world.failures).toEqual([]);
  expect(controller.state.role.kind).toBe("leader");
  expect(controller.state.election.epoch).toBe(epoch);
  const before = controller.committedEnd;
  small += 1;
  expect(await create(`small-${small}`, 1, 1)).toBe("NONE");
  expect(controller.committedEnd).toBeGreaterThan(before);
}
let epoch: number;
let small = 0;

const started = async (brokers: number): Promise<void> => {
  world = new World();
  controller = await world.inOffice();
  epoch = controller.state.election.epoch;
  for (let id = 0; id < brokers; id += 1) await register(id);
};

describe("an operation that was asked for", () => {
  beforeAll(() => started(BROKERS));

  test.each([1, 3, 10, 30])(
    "creates 9,999 partitions with %i replicas each, in one batch",
    async (replicationFactor) => {
      const from = controller.committedEnd;
      expect(await create(`wide-${replicationFactor}`, 9_999, replicationFactor)).toBe("NONE");
      const [batch, ...more] = batchesFrom(from);
      expect([batch?.records, more]).toEqual([10_000, []]);
      expect(batch?.bytes).toBeLessThanOrEqual(BATCH_BYTES_MAX);
      await expectUnharmed();
    },
  );

  test("is one batch while that has 8 MiB, and refused with nothing written one partition later", async () => {
    // 40 replicas in sync in a directory each: of so many partitions the batch has a little less than 8 MiB.
    const from = controller.committedEnd;
    expect(await create("nearly", 7_900, 40)).toBe("NONE");
    const bytes = batchesFrom(from)[0]?.bytes ?? 0;
    const each = Math.ceil(bytes / 7_900);
    let most = 7_900 + Math.floor((BATCH_BYTES_MAX - bytes) / each);
    while ((await create(`most-${most}`, most, 40)) !== "NONE") most -= 1;
    // Its last partitions take a byte more than the average: the bound lies within a few of them.
    let least = most + 1;
    while ((await create(`least-${least}`, least, 40)) === "NONE") least += 1;
    const end = controller.committedEnd;
    expect(least - most).toBeLessThan(30);
    expect(await create("beyond", least, 40)).toBe("POLICY_VIOLATION");
    expect(controller.committedEnd).toBe(end);
    const largest = Math.max(...batchesFrom(from).map((batch) => batch.bytes));
    expect(BATCH_BYTES_MAX - largest).toBeLessThan(2 * each);
    await expectUnharmed();
  });

  test.each([40, 200])("creates nothing of 9,999 partitions with %i replicas", async (factor) => {
    const end = controller.committedEnd;
    const expected = factor > BROKERS ? "INVALID_REPLICATION_FACTOR" : "POLICY_VIOLATION";
    expect(await create("none", 9_999, factor)).toBe(expected);
    expect(controller.committedEnd).toBe(end);
    await expectUnharmed();
  });

  test.each([
    [9_999, "NONE"],
    [10_000, "NONE"],
    [10_001, "POLICY_VIOLATION"],
  ])("moves %i partitions: %s", async (count, expected) => {
    for (const topic of ["moved", "more"]) await create(topic, topic === "moved" ? 9_999 : 2, 3);
    const end = controller.committedEnd;
    const partitions = Array.from({ length: count }, (_, at) => ({
      partitionIndex: at % 9_999,
      replicas: [0, 1, 2].map((next) => (at + next * 7 + count) % BROKERS),
    }));
    const topics = [
      { name: "moved", partitions: partitions.slice(0, 9_999) },
      { name: "more", partitions: partitions.slice(9_999) },
    ];
    const { errorCode, responses } = await ask("AlterPartitionReassignments", {
      timeoutMs: 60_000,
      topics,
    });
    expect(errorName(errorCode)).toBe(expected);
    const codes = responses.flatMap((each) => each.partitions.map((one) => one.errorCode));
    expect(new Set(codes)).toEqual(new Set(expected === "NONE" ? [0] : []));
    expect(batchesFrom(end).map(({ records }) => records)).toEqual(
      expected === "NONE" ? [expect.any(Number)] : [],
    );
    if (expected === "NONE") expect(batchesFrom(end)[0]?.records).toBeGreaterThan(0.9 * count);
    await expectUnharmed();
  });

  test.each([
    [9_999, "NONE"],
    [10_000, "NONE"],
    [10_001, "POLICY_VIOLATION"],
  ])("adds %i partitions: %s", async (count, expected) => {
    expect(await create(`grown-${count}`, 1, 3)).toBe("NONE");
    const { results } = await ask("CreatePartitions", {
      topics: [{ name: `grown-${count}`, count: 1 + count, assignments: null }],
      timeoutMs: 60_000,
    });
    expect(errorName(results[0]?.errorCode ?? -1)).toBe(expected);
    await expectUnharmed();
  });

  test("that needs more room than is left in the queue is told to come back, and fits when it is empty", async () => {
    // The round of whatever was written before is over.
    await world.pass(0);
    const codes = await Promise.all(
      Array.from({ length: 5 }, (_, at) => create(`queued-${at}`, 9_999, 30)),
    );
    // One under way, two that wait: the queue holds two of the largest.
    expect(codes).toEqual(["NONE", "NONE", "NONE", "REQUEST_TIMED_OUT", "REQUEST_TIMED_OUT"]);
    expect(await create("queued-4", 9_999, 30)).toBe("NONE");
    await expectUnharmed();
  });
});

describe("what a broker causes", () => {
  beforeEach(() => started(3));

  test("when it falls silent and leads 30,000 partitions, comes in many batches, and it is fenced in the last", async () => {
    for (const topic of ["a", "b", "c", "d"]) {
      const assignments = Array.from({ length: 7_500 }, (_, partitionIndex) => ({
        partitionIndex,
        brokerIds: [0, 1, 2],
      }));
      const { topics } = await ask("CreateTopics", {
        topics: [
          { name: topic, numPartitions: -1, replicationFactor: -1, assignments, configs: [] },
        ],
        timeoutMs: 60_000,
      });
      expect(topics[0]?.errorCode).toBe(0);
    }
    const from = controller.committedEnd;
    const isSound = (): boolean => {
      const { cluster, topics } = controller.committedImage;
      return isActiveBroker(cluster, 0) || partitionsLedBy(topics, 0).next().done === true;
    };
    const sound: boolean[] = [];
    world.afterEvent = () => sound.push(isSound());
    for (let second = 0; second < 12; second += 1) {
      await world.pass(1_000);
      for (const id of [1, 2]) await beat(id);
    }
    expect(new Set(sound)).toEqual(new Set([true]));
    expect(isActiveBroker(controller.committedImage.cluster, 0)).toBe(false);
    expect([...partitionsLedBy(controller.committedImage.topics, 0)]).toEqual([]);
    expect([...partitionsLedBy(controller.committedImage.topics, 1)]).toHaveLength(30_000);
    const batches = batchesFrom(from);
    expect(batches.reduce((sum, { records }) => sum + records, 0)).toBe(30_001);
    expect(batches.length).toBe(Math.ceil(30_001 / BOUNDED_BATCH_RECORDS));
    expect(Math.max(...batches.map(({ bytes }) => bytes))).toBeLessThanOrEqual(BOUNDED_BATCH_BYTES);
    await expectUnharmed();
  });
});
