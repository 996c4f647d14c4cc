/** `POST …/reads`: many paths, one image. Each answer is what a GET answers, and all are of one position. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorized, posted } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { PERMISSIONS } from "../../worker/access/permissions.ts";
import { mounted } from "../../worker/routes/reads.ts";
import { cutCluster } from "./cut-log.ts";
import { refusalOf, runningQuorum, type RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
let broker: JsonBroker;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  broker = jsonBroker(quorum.cluster, 1);
  await broker.register();
  await broker.heartbeat();
  broker.keepAlive();
  await create("orders", "payments");
});
afterAll(async () => {
  await broker.fallSilent();
  await quorum.stop();
});

interface Batch {
  readonly epoch: number;
  readonly offset: number;
  readonly answers: readonly {
    readonly status: number;
    readonly body: { readonly error_code?: number; readonly message?: string };
  }[];
}

const at = (path: string): string => `/kafka/v3/clusters/${quorum.formed.cluster_id}/${path}`;

const ask = (body: unknown, init: RequestInit = {}): Promise<Response> =>
  quorum.edge.fetch(at("reads"), { ...posted(body), ...init });

async function batchOf(paths: readonly string[], demands: object = {}): Promise<Batch> {
  const response = await ask({ paths, ...demands });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const batch: Batch = JSON.parse(text);
  expect(response.headers.get("Kafka-Metadata-Offset")).toBe(String(batch.offset));
  return batch;
}

/** Topics of one partition, all in one batch of the log. */
async function create(...names: readonly string[]): Promise<number> {
  const topics = names.map((name) => ({
    name,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  return (await quorum.cluster.rpc("CreateTopics", { topics })).offset;
}

/** What is left of a body, as `JSON.parse` takes it: of lists where they go on, and no other address. */
function unlinked(this: object, name: string, value: unknown): unknown {
  if (name === "metadata" && typeof value === "object" && value !== null)
    return "next" in value ? { next: value.next } : undefined;
  const isLink =
    typeof value === "object" && value !== null && Object.keys(value).join() === "related";
  return isLink && !Array.isArray(this) ? undefined : value;
}

describe("a batch", () => {
  test.each([
    "topics",
    "topics?page_size=1",
    "topics/orders",
    "topics/orders/partitions",
    "topics/orders/partitions/0/replicas/1",
    "topics/orders/configs",
    "topics/-/partitions/-/health",
    "topics/none",
    "topics/orders/partitions/7",
    "topics?pagesize=1",
    "brokers",
    "brokers/1/configs",
    "brokers/9",
    "broker-configs",
    "features",
    "features/metadata.version",
    "client-quotas",
    "scram-users",
    "a%20path%20of%20its%20own",
  ])("has for %s what a GET has, without links", async (path) => {
    const { answers, offset } = await batchOf([path]);
    const alone = await quorum.edge.fetch(at(path));
    const body: unknown = JSON.parse(await alone.text(), unlinked);
    if (alone.ok) expect(alone.headers.get("Kafka-Metadata-Offset")).toBe(String(offset));
    expect(answers[0]?.status).toBe(alone.status);
    // Where nothing is, the two say so in their own words.
    if (path.startsWith("a%20")) expect(answers[0]?.body.error_code).toBe(40_406);
    else expect(answers).toEqual([{ status: alone.status, body }]);
  });

  test.each([
    ["quorum", 404],
    ["acls", 404],
    ["controllers", 404],
    ["controllers/3000/link", 404],
    ["metadata-log", 404],
    ["snapshots", 404],
    ["reads", 404],
    ["../../clusters", 400],
    ["../xxxxxxxxxxxxxxxxxxxxxx/topics", 400],
    ["topics/%2e%2e/brokers", 400],
    ["/topics", 404],
    ["topics#part", 400],
    ["topics/a b", 400],
    ["topics?max_staleness_ms=1000", 400],
    ["topics?at_offset=3", 400],
  ])("finds nothing at %s, and answers the others", async (path, status) => {
    const { answers } = await batchOf(["brokers", path, "topics"]);
    expect(answers.map((answer) => answer.status)).toEqual([200, status, 200]);
  });

  test("is of one position, while somebody writes", async () => {
    const over = new AbortController();
    const writing = (async () => {
      for (let each = 0; !over.signal.aborted; each += 1)
        await create(`left-${each}`, `right-${each}`);
    })();
    try {
      for (let round = 0; round < 60; round += 1) {
        const paths = Array.from({ length: 40 }, (_, each) => [
          `topics/left-${each}`,
          `topics/right-${each}`,
        ]).flat();
        // Without a demand one isolate reads on with nearly each of them.
        const { answers } = await batchOf([...paths, "topics"]);
        const found = answers.slice(0, -1).map(({ status }) => status);
        for (let pair = 0; pair < found.length; pair += 2)
          expect([pair, found[pair]]).toEqual([pair, found[pair + 1]]);
      }
    } finally {
      over.abort();
      await writing;
    }
  }, 60_000);

  test("demands freshness of all its paths", async () => {
    const offset = await create("demanded");
    const newest = await batchOf(["topics/demanded"], { min_offset: offset });
    expect(newest.offset).toBeGreaterThanOrEqual(offset);
    expect(newest.answers[0]?.status).toBe(200);
    const linearizable = await batchOf(["topics/demanded"], { consistency: "linearizable" });
    expect(linearizable.answers[0]?.status).toBe(200);
    const before = await batchOf(["topics/demanded", "topics/orders"], { at_offset: offset - 2 });
    expect(before.offset).toBeLessThan(offset);
    expect(before.answers.map(({ status }) => status)).toEqual([404, 200]);
    const late = await refusalOf(
      ask({ paths: ["topics"], min_offset: offset + 1_000_000, wait_ms: 100 }),
    );
    expect(late).toMatchObject({ status: 503, error_code: 50303 });
  });

  test("and a GET show what was written since the text was made", async () => {
    const [path] = ["topics/orders/configs/retention.ms"];
    const values: unknown[] = [];
    for (const value of ["1000", "2000"]) {
      const written = await quorum.edge.fetch(at(path), {
        ...posted({ value }),
        method: "PUT",
      });
      expect(written.ok).toBe(true);
      const { answers } = await batchOf([path], { max_staleness_ms: 3_600_000 });
      const alone: unknown = await (await quorum.edge.fetch(at(path))).json();
      values.push([answers[0]?.body, alone]);
    }
    expect(values).toMatchObject([
      [{ value: "1000" }, { value: "1000" }],
      [{ value: "2000" }, { value: "2000" }],
    ]);
  });

  test("that is too large to be answered has what fits, and says so of the rest", async () => {
    const { answers } = await batchOf(Array.from({ length: 256 }, () => "topics/orders/configs"));
    const statuses = answers.map(({ status }) => status);
    const fitting = statuses.indexOf(413);
    expect(fitting).toBeGreaterThan(20);
    expect(new Set(statuses.slice(fitting))).toEqual(new Set([413]));
    expect(answers.at(-1)?.body.error_code).toBe(41_302);
  });

  test.each([
    ["nothing", {}, "paths: must be an array of 1 to 256 paths"],
    ["no path", { paths: [] }, "paths: must be an array of 1 to 256 paths"],
    ["257 paths", { paths: Array.from({ length: 257 }, () => "topics") }, "of 1 to 256 paths"],
    ["text", { paths: "topics" }, "paths: must be an array"],
    ["an empty path", { paths: [""] }, "paths[0]: must be a path below the cluster"],
    ["a number", { paths: ["topics", 7] }, "paths[1]: must be a path below the cluster"],
    ["a long path", { paths: ["x".repeat(2_049)] }, "paths[0]: must have at most 2048 characters"],
    ["an age below 0", { paths: ["topics"], max_staleness_ms: -1 }, "must be a whole number"],
    ["another level", { paths: ["topics"], consistency: "strong" }, "must be one of linearizable"],
    ["no time", { paths: ["topics"], at_time: [] }, "at_time: must be a time"],
    [
      "the past and the present",
      { paths: ["topics"], at_offset: 3, min_offset: 2 },
      "min_offset: cannot be asked together",
    ],
    ["what is not known", { paths: ["topics"], if_match: "*" }, "if_match: unknown field"],
  ])("of %s is refused as a whole", async (_, body, words) => {
    const refusal = await refusalOf(ask(body));
    expect(refusal).toMatchObject({ status: 400, error_code: 40_002 });
    expect(refusal.message).toContain(words);
  });
});

test("a batch asks a controller for its image alone, whatever its paths are", async () => {
  const { edge, one, other } = cutCluster(() => undefined);
  const paths = mounted.routes
    .filter(({ method }) => method === "GET")
    .map(({ path }) => path.replace(/^.*:cluster_id\//, "").replaceAll(/:\w+(\{[^/]*\})?/g, "1"));
  expect(paths.length).toBeGreaterThan(20);
  const response = await edge.request("reads", posted({ paths }));
  const { answers }: Batch = JSON.parse(await response.text());
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 404]));
  expect(new Set([...one.asked, ...other.asked])).toEqual(new Set(["snapshots", "log"]));
});

describe("who may read in batches", () => {
  test("may read by itself each thing that is in one, and the reverse", () => {
    const rows = mounted.routes.filter(({ method }) => method === "GET");
    expect(rows.length).toBeGreaterThan(20);
    const batch = PERMISSIONS["POST /kafka/v3/clusters/:cluster_id/reads"];
    expect(PERMISSIONS["GET /kafka/v3/clusters/:cluster_id/reads"]).toEqual(batch);
    for (const { path } of rows) expect([path, PERMISSIONS[`GET ${path}`]]).toEqual([path, batch]);
  });

  test("has a token for it", async () => {
    const clusterId = quorum.formed.cluster_id;
    const by = async (role: "viewer" | "metrics"): Promise<number> => {
      const token = await quorum.edge.mint({ role, cluster: clusterId });
      const url = `${quorum.edge.url}${at("reads")}`;
      const response = await fetch(url, authorized(token, posted({ paths: ["topics"] })));
      return response.status;
    };
    expect([await by("viewer"), await by("metrics")]).toEqual([200, 403]);
  });
});
