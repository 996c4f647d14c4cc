/**
 * `worker/openapi.json`: it is as its script writes it, has every route and no other, and whatever it shows is so, on a
 * real quorum: each example is sent, and each answer judged by what the document says of it.
 */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorized, clusterClient, formCluster } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { STANDARD_AUTHORIZER } from "../../durable-objects/cluster-settings.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import { app } from "../../worker/app.ts";
import { PERMISSIONS } from "../../worker/access/permissions.ts";
import { written } from "../../worker/routes/parameters.ts";
import { exampleOf, faultsIn, OPERATIONS, TEXT, type Operation } from "./open-api.ts";

test("the document is what its script writes", () => {
  const printed = execFileSync(process.execPath, ["scripts/openapi.ts", "--print"], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  expect(printed === TEXT).toBe(true);
});

/** The route that an operation is served by: actions and Kafka's APIs are one route each. */
const routeOf = ({ method, path }: Operation): string =>
  `${method} ${path.replace(/\{\w+\}:(?:undelete|restart|stop|start|replace|fence)$/, "{action}").replace(/\/rpc\/\w+$/, "/rpc/{api}")}`;

/** The page's files are for a browser, and in no document. */
const OF_PAGE: ReadonlySet<string> = new Set(["GET ", "GET /", "GET /{folder}/{file}"]);

const served = app.routes
  .filter(({ method }) => method !== "ALL")
  .map(({ method, path }) => `${method} ${written(path)}`)
  .filter((route) => !OF_PAGE.has(route));

test("every route is in the document, and nothing else is", () => {
  const described = new Set(OPERATIONS.map(routeOf));
  expect([...described].toSorted()).toEqual([...new Set(served)].toSorted());
});

test("every operation has a name of its own, a summary, and an example of each thing that it must be given", () => {
  expect(new Set(OPERATIONS.map(({ operationId }) => operationId)).size).toBe(OPERATIONS.length);
  for (const { name, summary, parameters } of OPERATIONS) {
    expect([name, summary.length > 5]).toEqual([name, true]);
    const bare = parameters.filter((each) => each.required === true && each.example === undefined);
    expect([name, bare]).toEqual([name, []]);
  }
});

test("what asks nobody who they are says so, and nothing else does", () => {
  const open = OPERATIONS.filter(({ security }) => security?.length === 0).map(routeOf);
  const allowed = Object.entries(PERMISSIONS)
    .flatMap(([route, roles]) => (roles === null ? [written(route)] : []))
    .filter((route) => !OF_PAGE.has(route));
  expect(open.toSorted()).toEqual(allowed.toSorted());
});

const QUOTAS_OF_ANN = {
  entity: [{ entity_type: "user", entity_name: "ann" }],
  quotas: { request_percentage: 50 },
};

/** Reads come first, what takes controllers away after all else, and a cluster is made before it is deleted. */
const RANK = [/^GET/, /^POST (?!.*(controllers|undelete))/, /^(PUT|PATCH)/, /^DELETE (?!.*nodes)/];
const LAST = [
  /POST .*\/controllers$/,
  /:restart$/,
  /:stop$/,
  /:start$/,
  /frames$/,
  /DELETE .*node_id/,
  /:replace$/,
  /DELETE .*\{cluster_id\}$/,
  /:undelete$/,
];
function rankOf({ name }: Operation): number {
  const last = LAST.findIndex((each) => each.test(name));
  return last < 0 ? RANK.findIndex((each) => each.test(name)) : RANK.length + last;
}

/** What an example is answered with where that is no success. */
const REFUSED: readonly (readonly [RegExp, number])[] = [
  [/\/(link|relay)$|^GET .*\/reads$/, 426],
  [/consumer-groups|\/offset$|\/records/, 501],
  [/snapshots\/\{id\}$/, 404],
  [/snapshots\/latest$/, 404],
  [/frames$/, 400],
];

describe("an example", () => {
  let quorum: Quorum;
  let brokers: readonly JsonBroker[] = [];
  const ask = async (method: string, path: string, body?: unknown) => {
    const { url, token, gatewayToken } = quorum.edge;
    const init: RequestInit = {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    };
    const first = await fetch(`${url}${path}`, authorized(token, init));
    // Snapshots and brokers' own APIs are not an admin's.
    const response =
      first.status === 403 ? await fetch(`${url}${path}`, authorized(gatewayToken, init)) : first;
    const text = await response.text();
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json") === true;
    const parsed: unknown = isJson ? JSON.parse(text) : text === "" ? undefined : text;
    return { status: response.status, body: parsed };
  };

  beforeAll(async () => {
    const cluster = OPERATIONS.find(({ path }) => path === "/kafka/v3/clusters/{cluster_id}");
    const id = String(cluster?.parameters[0]?.example);
    const settings = {
      "authorizer.class.name": STANDARD_AUTHORIZER,
      "super.users": "User:admin;User:ANONYMOUS",
    };
    quorum = await startQuorum({
      form: (edge) => formCluster(edge, { cluster_id: id, voters: 1, settings }),
    });
    const client = clusterClient(quorum.edge, id);
    brokers = [1, 2].map((each) => jsonBroker(client, each));
    for (const broker of brokers) {
      await broker.register();
      await broker.heartbeat();
      broker.keepAlive();
    }
    const base = `/kafka/v3/clusters/${id}`;
    const ann = {
      user: "ann",
      mechanism: "SCRAM-SHA-256",
      iterations: 8192,
      salt: btoa("a salt of some length"),
      salted_password: btoa("x".repeat(32)),
    };
    for (const [method, path, body] of [
      ["POST", "/topics", { topic_name: "orders", replicas_assignments: { "0": [1], "1": [2] } }],
      ["PUT", "/broker-configs/log.cleaner.threads", { value: "2" }],
      ["PUT", "/brokers/1/configs/log.cleaner.threads", { value: "2" }],
      ["POST", "/scram-users:alter", { upsertions: [ann] }],
      ["POST", "/client-quotas:alter", { data: [QUOTAS_OF_ANN] }],
    ] as const) {
      const { status, body: answer } = await ask(method, `${base}${path}`, body);
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    }
  }, 180_000);
  afterAll(async () => {
    for (const broker of brokers) await broker.fallSilent();
    await quorum.stop();
  });

  const ordered = OPERATIONS.toSorted((one, other) => rankOf(one) - rankOf(other));
  test.each(ordered.map((operation) => ({ name: operation.name, operation })))(
    "of $name is answered as the document says",
    async ({ operation }) => {
      const example = exampleOf(operation);
      const { status, body } = await ask(operation.method, example.path, example.body);
      const refused = REFUSED.find(([pattern]) => pattern.test(operation.name))?.[1];
      const expected = refused ?? expect.toSatisfy((each: number) => each >= 200 && each < 300);
      expect([status, body]).toEqual([expected, body]);
      expect(faultsIn(operation, status, body)).toBe("");
    },
  );
});
