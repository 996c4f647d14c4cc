/** Reading what a client sent: bounds, JSON, fields, pages. Everything that is refused says where and why. */
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import {
  BODY_BYTES_MAX,
  nestingOf,
  parseJson,
  readBytes,
  readText,
} from "../../worker/http/body.ts";
import {
  fixVoters,
  nodesOf,
  type ClusterEntry,
  type ClusterPlan,
} from "../../durable-objects/cluster-entry.ts";
import {
  QUORUM_SETTINGS,
  SETTING_BOUNDS,
  defaultSettings,
  settingsOf,
} from "../../durable-objects/cluster-settings.ts";
import { raftConfig } from "../../durable-objects/replica/raft-config.ts";
import { EMPTY_LOG, boot } from "../../src/raft/index.ts";
import { agrees, clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";
import {
  fieldsOf,
  finite,
  integerParameter,
  listOf,
  mapOf,
  text,
  valueAt,
} from "../../worker/http/fields.ts";
import { Recent } from "../../worker/recent.ts";
import { keyOfToken, tokenOfKey } from "../../worker/http/pages.ts";
import { isUuidText, randomUuid } from "../../durable-objects/random-uuid.ts";

const FRAME = "application/octet-stream";
const JSON_TYPE = "application/json";

const posted = (body: string | Uint8Array<ArrayBuffer>, type: string | null = JSON_TYPE): Request =>
  new Request("http://edge/", {
    method: "POST",
    headers: type === null ? {} : { "Content-Type": type },
    body,
  });

describe("a body", () => {
  test("is read whole up to the bound", async () => {
    expect((await readBytes(posted(new Uint8Array(BODY_BYTES_MAX), FRAME), FRAME)).byteLength).toBe(
      BODY_BYTES_MAX,
    );
  });

  test("beyond the bound is refused, also when it does not announce its length", async () => {
    const chunk = new Uint8Array(BODY_BYTES_MAX / 2 + 1);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const request = new Request("http://edge/", { method: "POST", body: endless, duplex: "half" });
    await expect(readBytes(request, FRAME)).rejects.toThrow("at most 8388608 bytes");
  });

  test.each(["8388609", "some"])(
    "that announces %s bytes is refused, whatever comes",
    async (said) => {
      const request = posted("{}");
      request.headers.set("Content-Length", said);
      await expect(readText(request)).rejects.toThrow("at most 8388608 bytes");
    },
  );

  test("that is not UTF-8 is refused", async () => {
    await expect(readText(posted(new Uint8Array([0x22, 0xff, 0x22])))).rejects.toThrow("not UTF-8");
  });

  test.each(["application/json", "Application/JSON; charset=utf-8"])(
    "of the type that it claims is read: %s",
    async (type) => {
      expect(await readText(posted("{}", type))).toBe("{}");
    },
  );

  test.each([
    ["text/plain", "says that it is text/plain"],
    ["application/x-www-form-urlencoded", "says that it is application/x-www-form-urlencoded"],
    ["application/jsonp", "says that it is application/jsonp"],
    ["text/plain; application/json", "says that it is text/plain"],
  ])("of another type is refused: %s", async (type, said) => {
    const sentence = `the body ${said}; here it must be sent with Content-Type: application/json`;
    await expect(readText(posted("{}", type))).rejects.toThrow(sentence);
  });

  test("of no type is refused, and one without bytes needs none", async () => {
    const one = posted(new Uint8Array(1), null);
    await expect(readBytes(one, FRAME)).rejects.toThrow("the body says no type");
    expect(await readBytes(posted(new Uint8Array(0), null), FRAME)).toHaveLength(0);
  });

  test.each([
    ["nothing", ""],
    ["half an object", '{"a":'],
    ["a word", "topic"],
    ["two values", "{}{}"],
  ])("of %s is not JSON", (_, body) => {
    expect(() => parseJson(body)).toThrow("not JSON");
  });

  test.each(['{"value": hunter2}', '{"value": "hunter2" "x"}', "hunter2", '{"value": "hunter2'])(
    "that is not JSON is not repeated: %s",
    (body) => {
      const long = body.replace("hunter2", `hunter2${"x".repeat(40)}`);
      for (const each of [body, long]) {
        expect(() => parseJson(each)).toThrow(/^the body is not JSON: (?!.*unter2)/);
      }
    },
  );

  test("nested 100,000 deep is refused before it is parsed", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(() => parseJson(deep)).toThrow("deeper than 32 levels");
    expect(() => parseJson(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)).toThrow("deeper");
  });

  test("may hold brackets in strings", () => {
    expect(nestingOf(String.raw`{"a":"[[[[\"[[","b":[1]}`)).toBe(2);
  });
});

describe("the schema of a body", () => {
  const schema = fieldsOf({
    name: text,
    "a.b": v.optional(text),
    parts: v.optional(listOf(fieldsOf({ limits: mapOf(v.string(), finite) }))),
  });

  test("takes what it describes", () => {
    const body = { name: "n", "a.b": "c", parts: [{ limits: { one: 1 } }] };
    expect(valueAt(schema, body)).toEqual(body);
  });

  test.each([
    [null, "the body: must be an object"],
    [[], "the body: must be an object"],
    ["name", "the body: must be an object"],
    [{}, "name: must be a string"],
    [{ nane: "n" }, "nane: unknown field; known are name, a.b, parts"],
    [{ name: "n", "a.b": 1 }, 'a.b"]: must be a string'],
    [{ name: "n", parts: [[]] }, "parts[0]: must be an object"],
    [{ name: "n", parts: [{}] }, "parts[0].limits: must be an object"],
    [{ name: "n", parts: [{ limits: [] }] }, "parts[0].limits: must be an object"],
    [{ name: "n", parts: [{ limits: { x: "1" } }] }, "parts[0].limits.x: must be a number"],
  ])("refuses %j", (body, message) => {
    expect(() => valueAt(schema, body)).toThrow(message);
  });

  test.each(["__proto__", "constructor", "prototype", "toString"])(
    "drops no key without a word: %s",
    (key) => {
      const stray: unknown = JSON.parse(`{"name": "n", "${key}": {}}`);
      expect(() => valueAt(schema, stray)).toThrow(`${key}: unknown field`);
      const limits: unknown = JSON.parse(`{"name": "n", "parts": [{"limits": {"${key}": "1"}}]}`);
      expect(() => valueAt(schema, limits)).toThrow(`parts[0].limits.${key}: `);
    },
  );

  test("ends with the first fault, however many there are", () => {
    const parts = Array.from({ length: 200_000 }, () => 0);
    expect(() => valueAt(schema, { name: "n", parts })).toThrow("parts[0]: must be an object");
  });
});

describe("a number in the query", () => {
  const bounds = { min: 0, max: 100 };

  test("is absent or within its bounds", () => {
    expect(integerParameter(undefined, "wait_ms", bounds)).toBeUndefined();
    expect(integerParameter("100", "wait_ms", bounds)).toBe(100);
  });

  test.each(["", "1.5", "101", "-1", "1e2", "0x10", "ten", "99999999999999999999"])(
    "%j is refused",
    (given) => {
      expect(() => integerParameter(given, "wait_ms", bounds)).toThrow(
        "wait_ms: must be a whole number from 0 to 100",
      );
    },
  );
});

const clusterPlanOf = (body: unknown, nowMs: number): ClusterPlan =>
  clusterRequestOf(body, nowMs).plan;

/** The entry of a cluster that was asked for in these words, when its nodes have drawn their ids. */
function entryOf(body: unknown): ClusterEntry {
  const plan = clusterPlanOf(body, 0);
  const drawn = nodesOf(plan).map(({ node_id }) => [node_id, "JEXY6aqzQY-32P5TStzaFg"] as const);
  const entry = fixVoters(plan, new Map(drawn));
  if (entry === null) throw new Error("a node has no directory id");
  return entry;
}

describe("a request for a cluster", () => {
  test("may leave everything open", () => {
    const plan = clusterPlanOf({}, 5);
    expect(isUuidText(plan.cluster_id)).toBe(true);
    expect(plan.planned_voters.map(({ node_id, host, port }) => [node_id, host, port])).toEqual([
      [3000, "localhost", 9093],
      [3001, "localhost", 9094],
      [3002, "localhost", 9095],
    ]);
    expect(plan).toMatchObject({ metadata_version: 25, created_ms: 5 });
    // A directory id is its node's to draw.
    expect(JSON.stringify(plan)).not.toContain("directory_id");
  });

  test("may say how many voters there are, or name them", () => {
    expect(clusterPlanOf({ voters: 5 }, 0).planned_voters).toHaveLength(5);
    const named = clusterPlanOf(
      { controllers: [{ node_id: 7, host: "a", port: 1, location_hint: "weur" }] },
      0,
    );
    expect(named.planned_voters).toMatchObject([
      { node_id: 7, host: "a", port: 1, location_hint: "weur" },
    ]);
  });

  test.each([
    [[], "the body: must be an object"],
    [{ voters: 2 }, "voters: must be 1, 3 or 5"],
    [{ voters: "3" }, "voters: must be 1, 3 or 5"],
    [{ voters: 3, replicas: 1 }, "replicas: unknown field"],
    [{ cluster_id: "short" }, "cluster_id: must be a Kafka uuid"],
    [{ cluster_id: 3 }, "cluster_id: must be a string"],
    [{ metadata_version: 99 }, "metadata_version: must be a whole number from 21 to 33"],
    [{ controllers: {} }, "controllers: must be an array"],
    [{ controllers: [] }, "the number of controllers: must be 1, 3 or 5"],
    [{ controllers: [{ node_id: 2 ** 31 }] }, "controllers[0].node_id: must be a whole number"],
    [{ controllers: [{ port: 65_536 }] }, "controllers[0].port: must be"],
    [{ controllers: [{ host: "a b" }] }, "controllers[0].host: must be a host name"],
    [{ controllers: [{ location_hint: "moon" }] }, "controllers[0].location_hint: must be one of"],
    [{ controllers: [{ rack: "a" }] }, "controllers[0].rack: unknown field"],
    [{ controllers: [{}, { node_id: 3000 }, {}] }, "no node_id occurs twice"],
    [{ voters: 1, controllers: [{}, {}, {}] }, "voters: must be 3"],
    [{ settings: [] }, "settings: must be an object"],
    [{ settings: { "broker.id": 1 } }, 'settings["broker.id"]: unknown field'],
    [
      { settings: { "controller.quorum.fetch.timeout.ms": 10 } },
      'settings["controller.quorum.fetch.timeout.ms"]: must be a whole number from 200 to 120000',
    ],
    [
      { settings: { "controller.quorum.election.timeout.ms": "1s" } },
      'settings["controller.quorum.election.timeout.ms"]: must be a whole number',
    ],
    [
      { settings: { "metadata.log.max.record.bytes.between.snapshots": 0 } },
      'settings["metadata.log.max.record.bytes.between.snapshots"]: must be a whole number from 1',
    ],
    [
      { settings: { "metadata.max.retention.ms": "-2" } },
      'settings["metadata.max.retention.ms"]: must be a whole number from -1',
    ],
  ])("%j is refused", (body, message) => {
    expect(() => clusterPlanOf(body, 0)).toThrow(message);
  });

  test("may set the quorum's time-outs under Kafka's names, as numbers or as texts", () => {
    const settings = {
      "controller.quorum.election.timeout.ms": "1500",
      "controller.quorum.fetch.timeout.ms": 3_000,
    };
    const entry = entryOf({ settings });
    expect(entry.settings).toMatchObject({
      "controller.quorum.election.timeout.ms": 1_500,
      "controller.quorum.election.backoff.max.ms": 1_000,
      "controller.quorum.fetch.timeout.ms": 3_000,
      "controller.quorum.request.timeout.ms": 1_250,
      "controller.quorum.retry.backoff.ms": 20,
    });
    expect(raftConfig(entry, 3000)).toMatchObject({
      electionTimeoutMs: 1_500,
      fetchTimeoutMs: 3_000,
    });
    expect(agrees(entry, clusterRequestOf({ settings }, 0))).toBe(true);
    expect(agrees(entry, clusterRequestOf({}, 0))).toBe(false);
  });

  test("may say when its log is cut, and keeps Kafka's defaults of what it leaves out", () => {
    const settings = {
      "metadata.log.max.record.bytes.between.snapshots": 10_240,
      "metadata.max.retention.bytes": "-1",
    };
    const entry = entryOf({ settings });
    expect(entry.settings).toMatchObject({
      "metadata.log.max.record.bytes.between.snapshots": 10_240,
      "metadata.log.max.snapshot.interval.ms": 3_600_000,
      "metadata.max.retention.bytes": -1,
      "metadata.max.retention.ms": 604_800_000,
    });
    expect(agrees(entry, clusterRequestOf({ settings }, 0))).toBe(true);
    expect(agrees(entry, clusterRequestOf({}, 0))).toBe(false);
  });

  test("that an earlier build formed has the defaults of what that build did not know", () => {
    const { settings: _, ...rest } = entryOf({});
    const first: ClusterEntry = rest;
    const second = { ...first, settings: { "controller.quorum.fetch.timeout.ms": 3_000 } };
    expect(settingsOf(first)).toEqual(defaultSettings([]));
    expect(agrees(first, clusterRequestOf({}, 0))).toBe(true);
    expect(agrees(second, clusterRequestOf({ settings: second.settings }, 0))).toBe(true);
    expect(raftConfig(second, 3000)).toMatchObject({ fetchTimeoutMs: 3_000 });
  });

  test.each([
    [["weur", "weur", "eeur"], 1_000],
    [["enam", "wnam", undefined], 1_000],
    [["enam", "weur", "weur"], 3_000],
    [["apac", "oc", "apac"], 3_000],
  ] as const)("of voters in %j gets an election time-out of %i ms", (hints, electionTimeoutMs) => {
    const controllers = hints.map((hint) => (hint === undefined ? {} : { location_hint: hint }));
    expect(raftConfig(entryOf({ controllers }), 3000)).toMatchObject({
      electionTimeoutMs,
    });
  });

  test("may ask for the shortest time-outs, and its controllers can go by them", () => {
    const settings = Object.fromEntries(
      QUORUM_SETTINGS.map((name) => [name, SETTING_BOUNDS[name].min]),
    );
    const config = raftConfig(entryOf({ settings }), 3000);
    const image = {
      election: null,
      log: EMPTY_LOG,
      highWatermark: null,
      joining: false,
      voters: [],
    };
    expect(() => boot(image, config, { now: 0, seed: 1, incarnation: 1 })).not.toThrow();
  });

  const OTHER = "JEXY6aqzQY-32P5TStzaFg";

  test.each([
    [{ fork_of: "x" }, "fork_of: must be a Kafka uuid"],
    [{ fork_of: OTHER, cluster_id: OTHER }, "cluster_id: must be another than that of fork_of"],
    [{ at_offset: 5 }, "at_offset: must be left out unless fork_of names a cluster"],
    [{ fork_of: OTHER, at_offset: -1 }, "at_offset: must be a whole number from 0"],
    [{ fork_of: OTHER, at_offset: "newest" }, "at_offset: must be a whole number from 0"],
    [{ fork_of: OTHER, metadata_version: 25 }, "metadata_version: must be left out"],
  ])("for a fork, %j is refused", (body, message) => {
    expect(() => clusterRequestOf(body, 0)).toThrow(message);
  });

  test("for a fork agrees with one of the same state, asked for in the same words", () => {
    const plan = clusterPlanOf({}, 1);
    const origin = { cluster_id: OTHER, created_ms: 1, offset: 4, epoch: 2 };
    const newest = { ...plan, metadata_version: 22, fork_of: { ...origin, at_offset: null } };
    const fixed = { ...plan, metadata_version: 22, fork_of: { ...origin, at_offset: 4 } };
    const asked = clusterRequestOf({ fork_of: OTHER }, 2);
    const askedAt = clusterRequestOf({ fork_of: OTHER, at_offset: 4 }, 2);
    expect([agrees(newest, asked), agrees(fixed, askedAt)]).toEqual([true, true]);
    expect([agrees(newest, askedAt), agrees(fixed, asked)]).toEqual([false, false]);
    expect([agrees(plan, asked), agrees(newest, clusterRequestOf({}, 2))]).toEqual([false, false]);
  });

  test("agrees with the cluster that an earlier one made, whatever identities were drawn", () => {
    const first = clusterPlanOf({ voters: 3 }, 1);
    expect(agrees(first, clusterRequestOf({ cluster_id: first.cluster_id }, 2))).toBe(true);
    expect(agrees(first, clusterRequestOf({ cluster_id: first.cluster_id, voters: 1 }, 2))).toBe(
      false,
    );
  });
});

describe("a page", () => {
  test("is named by a token that survives any topic name", () => {
    for (const key of ["a.b_c-d", "λ", "", "x".repeat(249)])
      expect(keyOfToken(tokenOfKey(key))).toBe(key);
    expect(() => keyOfToken("%%%")).toThrow("page_token");
  });
});

describe("what an isolate remembers", () => {
  test("is bounded, and what was used last stays", () => {
    const recent = new Recent<number>(2);
    recent.set("a", 1);
    recent.set("b", 2);
    recent.get("a");
    recent.set("c", 3);
    expect([recent.get("a"), recent.get("b"), recent.get("c"), recent.size]).toEqual([
      1,
      undefined,
      3,
      2,
    ]);
  });

  test("a fresh uuid never begins with a dash", () => {
    const drawn = Array.from({ length: 500 }, randomUuid);
    expect(drawn.every(isUuidText)).toBe(true);
    expect(new Set(drawn).size).toBe(500);
  });
});
