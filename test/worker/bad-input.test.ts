/**
 * Bad input: every kind of it gets a 4xx with `error_code` and `message` (or Kafka's own code inside a frame), no
 * record is written, and no controller changes its role.
 */
import { authorized } from "../../client/cluster-client.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ResourceList } from "../../worker/http/resources.ts";
import type { ControllerData } from "../../worker/routes/controllers.ts";
import { refusalOf, runningQuorum } from "./running-quorum.ts";
import type { RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
let before: unknown;

beforeAll(async () => {
  quorum = await runningQuorum(3);
  before = await footprint();
});
afterAll(() => quorum.stop());

/** What bad input must not change: the log's end, and every controller's role and epoch. */
async function footprint(): Promise<unknown> {
  const { highWatermark } = await quorum.cluster.log(0);
  const { body } = await quorum.cluster.get<ResourceList<ControllerData>>("controllers");
  const roles = body.data.map(({ status }) =>
    status !== undefined && "epoch" in status ? [status.role, status.epoch] : [],
  );
  expect(roles.flat()).toHaveLength(6);
  return { highWatermark, roles };
}

const base = (): string => "/kafka/v3/clusters";
const own = (): string => `${base()}/${quorum.formed.cluster_id}`;
const typed = (path: string, body: string | Uint8Array<ArrayBuffer>): RequestInit => {
  const type = path.endsWith("/frames") ? "application/octet-stream" : "application/json";
  return { method: "POST", headers: { "Content-Type": type }, body };
};
const get = (path: string): Promise<Response> => quorum.edge.fetch(path);
const post = (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
  quorum.edge.fetch(path, typed(path, body));
/** What brokers say, too, is said by a gateway. */
const speak = (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> => {
  const { url, gatewayToken } = quorum.edge;
  return fetch(`${url}${path}`, authorized(gatewayToken, typed(path, body)));
};
const rpc = (api: string, body: string, query = ""): Promise<Response> =>
  speak(`${own()}/rpc/${api}${query}`, body);

const TOPIC = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
const createTopics = (...topics: readonly unknown[]): string => JSON.stringify({ topics });

describe("an API call", () => {
  test.each([
    ["with an empty body", "", 40001, "not JSON"],
    ["with half an object", '{"topics":[', 40001, "not JSON"],
    [
      "nested 100,000 deep",
      `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
      40001,
      "nests deeper than 32",
    ],
    ["with an array for a body", "[]", 40002, "an array where an object was expected"],
    ["without a field it needs", "{}", 40002, "topics: the field is missing"],
    ["with an unknown field", '{"topics":[],"topic":1}', 40002, "topic: there is no such field"],
    [
      "with an unknown field inside",
      createTopics({ ...TOPIC, partitions: 3 }),
      40002,
      "topics[0].partitions: there is no such field",
    ],
    [
      "with a text for a number",
      createTopics({ ...TOPIC, numPartitions: "1" }),
      40002,
      "topics[0].numPartitions",
    ],
    [
      "with a fraction",
      createTopics({ ...TOPIC, numPartitions: 1.5 }),
      40002,
      "topics[0].numPartitions",
    ],
    [
      "with a number out of range",
      createTopics({ ...TOPIC, numPartitions: 2 ** 31 }),
      40002,
      "topics[0].numPartitions",
    ],
    ["with null for a name", createTopics({ ...TOPIC, name: null }), 40002, "topics[0].name"],
  ])("%s is refused", async (_, body, code, message) => {
    const refusal = await refusalOf(rpc("CreateTopics", body));
    expect(refusal).toMatchObject({ status: 400, error_code: code });
    expect(refusal.message).toContain(message);
  });

  test("with another version's field is refused, and the versions that have it are said", async () => {
    const body = JSON.stringify({ topicNames: ["t"], topics: [], timeoutMs: 1 });
    const refusal = await refusalOf(rpc("DeleteTopics", body));
    expect(refusal).toMatchObject({ status: 400, error_code: 40002 });
    expect(refusal.message).toContain("topicNames: version 6 has no such field; versions 0-5");
    expect((await rpc("DeleteTopics", body, "?version=5")).status).toBe(200);
  });

  test("with bytes that are not UTF-8 is refused", async () => {
    const url = `${own()}/rpc/CreateTopics`;
    expect(await refusalOf(post(url, new Uint8Array([0x7b, 0xff, 0x7d])))).toMatchObject({
      error_code: 40001,
    });
  });

  test("beyond the bound is refused, and the bound is said", async () => {
    const refusal = await refusalOf(rpc("CreateTopics", "x".repeat(8 * 1024 * 1024 + 1)));
    expect(refusal).toMatchObject({ status: 413, error_code: 41301 });
    expect(refusal.message).toContain("8388608 bytes");
  });

  test("to an unknown API is a 404, and so is one that is spoken in frames alone", async () => {
    for (const api of [
      "CreateTopic",
      "createTopics",
      "Produce",
      "Vote",
      "Fetch",
      "toString",
      "__proto__",
    ]) {
      expect(await refusalOf(rpc(api, "{}"))).toMatchObject({ status: 404, error_code: 40405 });
    }
  });

  test("in a version that is not there is refused, and the versions are said", async () => {
    for (const version of ["1", "8", "-1", "x", "1e1", "99999999999999999999"]) {
      const refusal = await refusalOf(
        rpc("CreateTopics", createTopics(TOPIC), `?version=${version}`),
      );
      expect([40002, 40003]).toContain(refusal.error_code);
    }
  });

  test("without any record to write answers inside Kafka's response", async () => {
    const { body } = await quorum.cluster.rpc<{ readonly errorCode: number }>("BrokerHeartbeat", {
      brokerId: 77,
      brokerEpoch: 5,
      currentMetadataOffset: 0,
      wantFence: false,
      wantShutDown: false,
    });
    expect(body.errorCode).not.toBe(0);
  });
});

describe("a path", () => {
  test("of an unknown cluster, controller or resource is a 404", async () => {
    const unknown = `${base()}/AAAAAAAAAAAAAAAAAAAAAQ`;
    expect(await refusalOf(get(unknown))).toMatchObject({ status: 404, error_code: 40401 });
    expect(await refusalOf(post(`${unknown}/rpc/CreateTopics`, "{}"))).toMatchObject({
      error_code: 40401,
    });
    expect(await refusalOf(post(`${own()}/controllers/9/frames`, "12345678"))).toMatchObject({
      error_code: 40402,
    });
    expect(await refusalOf(post(`${own()}/controllers/9:restart`, ""))).toMatchObject({
      error_code: 40402,
    });
    expect(await refusalOf(post(`${own()}/controllers/3000:explode`, ""))).toMatchObject({
      error_code: 40406,
    });
    expect(await refusalOf(get(`${own()}/nowhere`))).toMatchObject({ error_code: 40406 });
    expect(await refusalOf(get(`/%00`))).toMatchObject({ error_code: 40406 });
  });

  test.each([
    "metadata-log?from_offset=-1",
    "metadata-log?from_offset=1.5",
    "metadata-log?wait_ms=999999999",
    "metadata-log?max_bytes=lots",
    "topics?page_size=0",
    "topics?page_token=%25%25",
    "topics?min_offset=soon",
    "brokers?max_staleness_ms=-1",
  ])("with a bad parameter is refused: %s", async (path) => {
    expect(await refusalOf(get(`${own()}/${path}`))).toMatchObject({
      status: 400,
      error_code: 40002,
    });
  });
});

describe("a cluster to create", () => {
  test.each([
    ["{", 40001],
    ['{"voters":2}', 40002],
    ['{"voters":3,"name":"x"}', 40002],
    ['{"cluster_id":"not-a-uuid"}', 40002],
    ['{"controllers":[{"port":0}]}', 40002],
  ])("%s is refused", async (body, code) => {
    expect(await refusalOf(post(base(), body))).toMatchObject({ status: 400, error_code: code });
  });
});

const frame = (bytes: Uint8Array<ArrayBuffer>): Promise<Response> =>
  post(`${own()}/controllers/3000/frames`, bytes);

describe("a frame", () => {
  /** ApiVersions v0: api key 18, version 0, correlation id 7, null client id. */
  const apiVersions = Uint8Array.from([0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]);

  test("that is whole is answered", async () => {
    const response = await frame(apiVersions);
    expect(response.status).toBe(200);
    const answer = Buffer.from(await response.arrayBuffer());
    expect([answer.readInt32BE(0), answer.readInt16BE(4)]).toEqual([7, 0]);
  });

  test("that is empty or cut off is refused or carries Kafka's error", async () => {
    for (let length = 0; length < apiVersions.length; length++) {
      const refusal = await refusalOf(frame(apiVersions.slice(0, length)));
      expect(refusal.status).toBeGreaterThanOrEqual(400);
      expect(refusal.status).toBeLessThan(500);
      expect(refusal.message).not.toBe("");
    }
  });

  test("of random bytes is refused or carries Kafka's error", async () => {
    let word = 1;
    const byte = (): number => (word = Math.imul(word, 1_103_515_245) + 12_345) >>> 24;
    for (let round = 0; round < 100; round++) {
      const bytes = Uint8Array.from({ length: 8 + (round % 50) }, byte);
      // Half of them begin as a request of a real API would.
      if (round % 2 === 0)
        bytes.set([0, [1, 19, 52, 53, 54, 56, 58, 62, 63, 80][round % 10] ?? 0, 0, round % 7]);
      const response = await frame(bytes);
      await response.arrayBuffer();
      expect(response.status).toBeLessThan(500);
    }
  });

  test("beyond the bound is refused", async () => {
    const refusal = await refusalOf(frame(new Uint8Array(8 * 1024 * 1024 + 1)));
    expect(refusal).toMatchObject({ status: 413, error_code: 41301 });
  });
});

test("after all of it no record was written and no controller changed its role", async () => {
  expect(await footprint()).toEqual(before);
});
