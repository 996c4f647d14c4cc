/**
 * Requests of every served API, grown to each bound and past it, as frames to a quorum of real objects. Whatever is
 * asked is answered, by Kafka's error or by a 4xx; no controller trips, the same one leads in the same epoch, and the
 * next small write is committed.
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { SERVED_APIS } from "../../durable-objects/listener/served-apis.ts";
import {
  apis,
  BrokerRegistration,
  CreateTopics,
  ErrorCode,
  decodeResponseFrame,
  requestFrame,
  uuidFromBytes,
  versionsOf,
  covers,
  type ApiName,
} from "../../src/protocol/index.ts";
import { fallbackOf } from "../../src/protocol/schema/fallback.ts";
import type { AnyField, Fields, Shape } from "../../src/protocol/schema/field.ts";
import type { VoterStatus } from "../../durable-objects/contract.ts";
import { clusterOf, form, frame, registration, rpc, stubOf, voterStatusOf } from "./quorum.ts";

// Asleep, an object may be dropped from memory, and then another leads.
const cluster = {
  ...clusterOf("AAAAAAAAAAAAAAAAAAAS0A"),
  settings: { "controller.quorum.sleep.after.ms": 0 },
};
const nodes = [3000, 3001, 3002];
let leader: VoterStatus;

beforeAll(async () => {
  leader = await form(cluster);
  expect(await rpc(cluster, leader.node_id, registration(cluster, 1))).toMatchObject({
    body: { errorCode: 0 },
  });
});

/** How large the parts of a request are: its strings, its bytes, its lists, and lists inside of lists. */
interface Growth {
  readonly text: number;
  readonly bytes: number;
  readonly counts: readonly number[];
}

const GROWTHS: readonly (readonly [string, Growth])[] = [
  ["nothing in it", { text: 0, bytes: 0, counts: [0] }],
  ["one of each", { text: 1, bytes: 1, counts: [1, 1, 1] }],
  ["names of 249 characters", { text: 249, bytes: 1_000, counts: [2, 2, 2] }],
  ["names of 250 characters", { text: 250, bytes: 1_000, counts: [2, 2, 2] }],
  ["strings one below their bound", { text: 32_766, bytes: 32_767, counts: [1, 1, 1] }],
  ["strings at their bound", { text: 32_767, bytes: 32_768, counts: [1, 1, 1] }],
  ["strings past what a row holds together", { text: 32_767, bytes: 10, counts: [63, 1, 1] }],
  ["strings past what a batch holds together", { text: 32_767, bytes: 10, counts: [257, 1, 1] }],
  ["bytes past a row", { text: 3, bytes: 2_100_000, counts: [1, 1, 1] }],
  ["bytes past a batch", { text: 3, bytes: 8_400_000, counts: [1, 1, 1] }],
  ["lists one below the bound of an operation", { text: 3, bytes: 3, counts: [9_999, 1, 1] }],
  ["lists at the bound of an operation", { text: 3, bytes: 3, counts: [10_000, 1, 1] }],
  ["lists past the bound of an operation", { text: 3, bytes: 3, counts: [10_001, 1, 1] }],
  ["lists in lists at the bound", { text: 3, bytes: 3, counts: [1, 10_000, 1] }],
  ["lists in lists past the bound", { text: 3, bytes: 3, counts: [1, 10_001, 1] }],
  ["lists of lists", { text: 3, bytes: 3, counts: [100, 100, 3] }],
];

/** A value of these fields of that size; strings and numbers of one list differ. */
function grown(fields: Fields, version: number, growth: Growth): Record<string, unknown> {
  let drawn = 0;
  const next = (): number => (drawn += 1);
  return ofFields(fields, 0);

  function ofFields(inner: Fields, depth: number): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(inner).map(([name, field]) => [name, ofField(name, field, depth)]),
    );
  }
  function ofField(name: string, field: AnyField, depth: number): unknown {
    const { versions } = field.traits;
    if (versions !== undefined && !covers(versions, version)) return fallbackOf(field);
    if (name === "clusterId") return cluster.cluster_id;
    // A long poll would be one.
    if (name === "maxWaitMs") return 0;
    // Without time left it would not be run.
    if (name === "timeoutMs") return 60_000;
    return ofShape(field.shape, depth);
  }
  function ofShape(shape: Shape, depth: number): unknown {
    switch (shape.kind) {
      case "struct":
        return ofFields(shape.fields, depth);
      case "array": {
        const length = growth.counts[depth] ?? 1;
        return Array.from({ length }, () => ofShape(shape.element, depth + 1));
      }
      case "string":
      case "legacyString":
        return `${next()}-`.padEnd(growth.text, "x").slice(0, growth.text);
      case "bytes":
      case "records":
        return new Uint8Array(growth.bytes);
      case "uuid":
        return uuidFromBytes(
          Uint8Array.from({ length: 16 }, (_, at) => (next() >>> (at % 4)) & 0xff),
        );
      case "bool":
        return next() % 2 === 0;
      case "int64":
        return BigInt(next());
      case "int8":
        return next() % 100;
      case "int16":
      case "uint16":
        return next() % 30_000;
      default:
        return next();
    }
  }
}

/** Sends one request to the leader; resolves when it is answered in kind, or with a 4xx. */
async function answered(api: ApiName, version: number, bytes: Uint8Array): Promise<void> {
  const answer = await frame(cluster, leader.node_id, bytes);
  if (answer.status >= 400 && answer.status < 500) return;
  expect(answer.status).toBe(200);
  const { correlationId } = decodeResponseFrame(apis[api], version, answer.bytes);
  expect(correlationId).toBe(7);
}

async function expectUnharmed(): Promise<void> {
  const statuses = await Promise.all(nodes.map((node) => voterStatusOf(cluster, node)));
  expect(statuses.map(({ tripped }) => tripped)).toEqual([null, null, null]);
  const { node_id: nodeId, epoch } = leader;
  expect(statuses.map((each) => [each.leader_id, each.epoch])).toEqual(
    nodes.map(() => [nodeId, epoch]),
  );
  const before = (await voterStatusOf(cluster, nodeId)).high_watermark ?? 0;
  small += 1;
  const { api, body } = registration(cluster, small);
  expect(await rpc(cluster, nodeId, { api, body })).toMatchObject({ body: { errorCode: 0 } });
  expect((await voterStatusOf(cluster, nodeId)).high_watermark).toBeGreaterThan(before);
}
let small = 10;

const header = (apiVersion: number) => ({ apiVersion, correlationId: 7, clientId: "test" });

describe("every served API", () => {
  test.each(SERVED_APIS)("%s answers requests of any size and harms nothing", async (name) => {
    const { request, valid } = apis[name];
    const versions = versionsOf(valid);
    for (const version of new Set([versions[0] ?? 0, versions.at(-1) ?? 0])) {
      for (const [, growth] of GROWTHS) {
        const body = grown(request.fields, version, growth);
        await answered(name, version, requestFrame(apis[name], header(version), body));
      }
    }
    await expectUnharmed();
  });
});

const { INVALID_REGISTRATION: INVALID } = ErrorCode;

const registers = async (grow: object): Promise<number> => {
  const { body } = registration(cluster, 2);
  const request = BrokerRegistration.request.fill({ ...Object(body), ...grow });
  const bytes = requestFrame(BrokerRegistration, header(4), request);
  const answer = await frame(cluster, leader.node_id, bytes);
  return decodeResponseFrame(BrokerRegistration, 4, answer.bytes).body.errorCode;
};
const listener = (index: number, pad = 0) => ({
  name: `L${index}`.padEnd(pad, "n"),
  host: "h".padEnd(pad, "h"),
  port: 9092,
  securityProtocol: 0,
});
const listeners = (count: number, pad = 0) =>
  Array.from({ length: count }, (_, index) => listener(index, pad));
const directory = (index: number) =>
  uuidFromBytes(
    Uint8Array.of(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, index >> 16, index >> 8, index),
  );

describe("a registration", () => {
  test.each([
    ["as many log directories as it may", 1_000, 0],
    ["one more", 1_001, INVALID],
    ["as many as a row once took", 124_921, INVALID],
  ])("with %s", async (_, count, expected) => {
    const logDirs = Array.from({ length: count }, (__, index) => directory(index));
    expect(await registers({ logDirs })).toBe(expected);
    await expectUnharmed();
  });

  test.each([
    ["as many listeners as it may", 100, 0],
    ["one more", 101, INVALID],
  ])("with %s", async (_, count, expected) => {
    expect(await registers({ listeners: listeners(count) })).toBe(expected);
    await expectUnharmed();
  });

  test("around what a row holds, byte by byte, is stored in as many rows as it takes", async () => {
    // 15 listeners of two long strings each, and one that makes up the rest.
    const long = listeners(15, 32_767);
    const last = listener(15, 32_767);
    const stored = async (pad: number): Promise<readonly number[]> => {
      const host = "r".repeat(pad);
      expect(await registers({ listeners: [...long, { ...last, host }] })).toBe(0);
      return rowsOfLastBatch();
    };
    const [bytes = 0] = await stored(30_000);
    const toFull = 30_000 + ROW_BYTES - bytes;
    for (let pad = toFull - 3; pad <= toFull + 3; pad += 1) {
      const over = pad - toFull;
      expect(await stored(pad)).toEqual(over > 0 ? [ROW_BYTES, over] : [ROW_BYTES + over]);
    }
    await expectUnharmed();
  });
});

const ROW_BYTES = 1024 * 1024;

/** The bytes in each row of the newest batch in the leader's log. */
const rowsOfLastBatch = (): Promise<readonly number[]> =>
  runInDurableObject(stubOf(cluster, leader.node_id), (_, { storage }) =>
    storage.sql
      .exec<{ size: number }>(
        `WITH last AS (SELECT base_offset AS at, bytes FROM log ORDER BY base_offset DESC LIMIT 1)
         SELECT length(bytes) AS size FROM last UNION ALL
         SELECT length(log_parts.bytes) FROM log_parts, last WHERE id BETWEEN at * 16 AND at * 16 + 15`,
      )
      .toArray()
      .map(({ size }) => size),
  );

describe("a refusal that quotes what it refuses", () => {
  test("is said in every version, and what was good in the request is done and heard of", async () => {
    const config = { name: "retention.ms", value: "x".repeat(32_767) };
    for (const version of versionsOf(CreateTopics.valid)) {
      const topic = { numPartitions: 1, replicationFactor: 1, assignments: [] };
      const topics = [
        { ...topic, name: `bad-${version}`, configs: [config] },
        { ...topic, name: `good-${version}`, configs: [] },
      ];
      const body = CreateTopics.request.fill({ topics, timeoutMs: 60_000, validateOnly: false });
      const answer = await frame(
        cluster,
        leader.node_id,
        requestFrame(CreateTopics, header(version), body),
      );
      expect(answer.status).toBe(200);
      const results = decodeResponseFrame(CreateTopics, version, answer.bytes).body.topics;
      expect(results.map(({ name }) => name)).toEqual([`bad-${version}`, `good-${version}`]);
      expect(results[0]?.errorCode).toBe(40);
    }
    await expectUnharmed();
  });
});
