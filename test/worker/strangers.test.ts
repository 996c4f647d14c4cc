/**
 * What a stranger could do to a quorum that asks nobody who he is, request by request, at one that asks. Each is
 * refused without a token, and with the token of somebody who may only look; the quorum notices nothing.
 */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorized, clusterClient, committedLog, posted } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import {
  decodeResponseFrame,
  encodePrincipal,
  DeleteTopics,
  Envelope,
  ErrorCode,
  Fetch,
  requestFrame,
} from "../../src/protocol/index.ts";
import { codeOf } from "./locked.ts";
import { runningQuorum, type RunningQuorum } from "./running-quorum.ts";

const UNAUTHENTICATED = [401, 40101];
const FORBIDDEN = [403, 40301];
const NODES = [3000, 3001, 3002];
const TOPIC = { topic_name: "orders", partitions_count: 1, replication_factor: 3 };

let quorum: RunningQuorum;
let crew: readonly JsonBroker[];
/** `/kafka/v3/clusters/{id}`. */
let path: string;
let viewer: string;
let before: unknown;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  const { edge, formed } = quorum;
  path = `/kafka/v3/clusters/${formed.cluster_id}`;
  viewer = await edge.mint({ role: "viewer", cluster: formed.cluster_id });
  crew = await Promise.all([1, 2, 3].map((id) => unfenced(id)));
  await edge.fetch(`${path}/topics`, { method: "POST", body: JSON.stringify(TOPIC) });
  before = await state();
});
afterAll(async () => {
  await Promise.all(crew.map((broker) => broker.fallSilent()));
  await quorum.stop();
});

/** A broker with a token of its own, which stays. */
async function unfenced(id: number): Promise<JsonBroker> {
  const { edge, formed } = quorum;
  const cluster = formed.cluster_id;
  const token = await edge.mint({ role: "broker", cluster, brokerIds: [id] });
  const broker = jsonBroker(clusterClient({ url: edge.url, token }, cluster), id);
  await broker.register();
  await broker.heartbeat();
  broker.keepAlive();
  return broker;
}

/** All that a request could have changed. */
async function state(): Promise<unknown> {
  const { edge, cluster } = quorum;
  const { leader_id: leader, leader_epoch: epoch } = await cluster.quorum();
  const { lines } = await committedLog(cluster);
  const clusters = await (await edge.fetch("/kafka/v3/clusters")).json();
  const { body: controllers } = await cluster.get<{ readonly data: readonly unknown[] }>(
    "controllers",
  );
  return { leader, epoch, lines, clusters, controllers: controllers.data.length };
}

const ask = (token: string | null, method: string, at: string, body?: unknown): Promise<Response> =>
  fetch(
    `${quorum.edge.url}${at}`,
    authorized(token, body === undefined ? { method } : { ...posted(body), method }),
  );

/** The refusals of a stranger and of a viewer. */
async function refusals(method: string, at: string, body?: unknown): Promise<unknown> {
  const stranger = await codeOf(await ask(null, method, at, body));
  return [stranger, await codeOf(await ask(viewer, method, at, body))];
}

const BOTH = [UNAUTHENTICATED, FORBIDDEN];

describe("nobody without a right", () => {
  test("deletes a cluster", async () => {
    expect(await refusals("DELETE", path)).toEqual(BOTH);
  });

  test("stops its quorum", async () => {
    for (const nodeId of NODES)
      for (const action of ["stop", "restart", "start"])
        expect(await refusals("POST", `${path}/controllers/${nodeId}:${action}`)).toEqual(BOTH);
  });

  test("takes acknowledged data out of an ISR, although a viewer sees the broker's epoch", async () => {
    expect(await codeOf(await ask(null, "GET", `${path}/brokers/1`))).toEqual(UNAUTHENTICATED);
    const seen = await ask(viewer, "GET", `${path}/brokers/1`);
    const { broker_epoch: brokerEpoch } = Object(await seen.json());
    expect(brokerEpoch).toBe(crew[0]?.epoch());
    const alter = { brokerId: 1, brokerEpoch, topics: [] };
    expect(await refusals("POST", `${path}/rpc/AlterPartition`, alter)).toEqual(BOTH);
  });

  test("shuts a broker down, and no other broker does", async () => {
    const heartbeat = {
      brokerId: 2,
      brokerEpoch: crew[1]?.epoch(),
      currentMetadataOffset: 0,
      wantFence: false,
      wantShutDown: true,
      offlineLogDirs: [],
    };
    const at = `${path}/rpc/BrokerHeartbeat?version=1`;
    expect(await refusals("POST", at, heartbeat)).toEqual(BOTH);
    const { edge, formed } = quorum;
    const other = await edge.mint({ role: "broker", cluster: formed.cluster_id, brokerIds: [1] });
    const answer = await ask(other, "POST", at, heartbeat);
    expect(await answer.json()).toMatchObject({ errorCode: CLUSTER_AUTHORIZATION_FAILED });
  });

  test("unregisters a broker, not even a broker itself", async () => {
    const at = `${path}/rpc/UnregisterBroker`;
    expect(await refusals("POST", at, { brokerId: 3 })).toEqual(BOTH);
    const { edge, formed } = quorum;
    const own = await edge.mint({ role: "broker", cluster: formed.cluster_id, brokerIds: [3] });
    expect(await codeOf(await ask(own, "POST", at, { brokerId: 3 }))).toEqual(FORBIDDEN);
  });

  test("fences a broker", async () => {
    expect(await refusals("POST", `${path}/brokers/3:fence`)).toEqual(BOTH);
    expect(await refusals("POST", `${path}/rpc/FenceBroker`, { brokerId: 3 })).toEqual(BOTH);
    const { edge, formed } = quorum;
    const own = await edge.mint({ role: "broker", cluster: formed.cluster_id, brokerIds: [3] });
    expect(await codeOf(await ask(own, "POST", `${path}/brokers/3:fence`))).toEqual(FORBIDDEN);
  });

  test("makes a dozen clusters", async () => {
    const asked = Array.from({ length: 12 }, () => refusals("POST", "/kafka/v3/clusters", {}));
    expect(await Promise.all(asked)).toEqual(asked.map(() => BOTH));
  });

  test("sets a config, or reads the log in which one would be", async () => {
    const at = `${path}/rpc/IncrementalAlterConfigs`;
    const config = { name: "ssl.keystore.password", configOperation: 0, value: "hunter2" };
    const resource = { resourceType: 4, resourceName: "1", configs: [config] };
    const body = { resources: [resource], validateOnly: false };
    expect(await refusals("POST", at, body)).toEqual(BOTH);
    const log = `${path}/metadata-log`;
    expect(await codeOf(await ask(null, "GET", log))).toEqual(UNAUTHENTICATED);
    const raw = { headers: { Accept: "application/vnd.kafka.records" } };
    const answer = await fetch(`${quorum.edge.url}${log}`, authorized(viewer, raw));
    expect(await codeOf(answer)).toEqual(FORBIDDEN);
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ["by a name that was pointed here", { Host: "evil.example" }],
    ["from a page of elsewhere", { Origin: "https://evil.example" }],
    ["from a page without an origin", { Origin: "null" }],
  ])("stops a quorum %s, not even with an admin's token", async (_how, headers) => {
    const { token } = quorum.edge;
    const at = `${path}/controllers/3000:stop`;
    const sent = { ...headers, "Content-Type": "text/plain" };
    expect(await simpleRequest(at, sent)).toEqual(FORBIDDEN);
    expect(await simpleRequest(at, { ...sent, Authorization: `Bearer ${token}` })).toEqual(
      FORBIDDEN,
    );
  });

  test("holds fetches open, or asks for clusters that are not there", async () => {
    const header = { apiVersion: 17, correlationId: 1, clientId: "stranger" };
    const fetching = requestFrame(Fetch, header, Fetch.request.fill({ maxWaitMs: 30_000 }));
    const startMs = performance.now();
    const parked = Array.from({ length: 200 }, () => frame(null, fetching));
    const ids = Array.from({ length: 300 }, () => crypto.randomUUID().slice(0, 22));
    const lost = ids.map((id) => ask(null, "GET", `/kafka/v3/clusters/${id}/topics`));
    const answers = await Promise.all([...parked, ...lost]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });

  test("says in an envelope that he is somebody else", async () => {
    const inner = requestFrame(
      DeleteTopics,
      { apiVersion: 6, correlationId: 2, clientId: "stranger" },
      DeleteTopics.request.fill({ topics: [{ name: TOPIC.topic_name }] }),
    );
    const header = { apiVersion: 0, correlationId: 1, clientId: "stranger" };
    const envelope = requestFrame(Envelope, header, {
      requestData: inner,
      requestPrincipal: encodePrincipal({
        type: "User",
        name: "admin",
        tokenAuthenticated: false,
      }),
      clientHostAddress: new Uint8Array([127, 0, 0, 1]),
    });
    expect(await codeOf(await frame(null, envelope))).toEqual(UNAUTHENTICATED);
    // In Kafka's own form, for who speaks Kafka but is no broker: an admin neither.
    for (const token of [viewer, quorum.edge.token]) {
      const answer = new Uint8Array(await (await frame(token, envelope)).arrayBuffer());
      const { body } = decodeResponseFrame(Envelope, 0, answer);
      expect(body.errorCode).toBe(CLUSTER_AUTHORIZATION_FAILED);
    }
  });

  test("learns which clusters there are", async () => {
    for (const at of ["/kafka/v3/clusters", path, "/health/ready", `${path}/controllers`])
      expect(await codeOf(await ask(null, "GET", at))).toEqual(UNAUTHENTICATED);
    const foreign = await quorum.edge.mint({ role: "viewer", cluster: "AAAAAAAAAAAAAAAAAAAAAA" });
    expect(await (await ask(foreign, "GET", "/kafka/v3/clusters")).json()).toMatchObject({
      data: [],
    });
    expect(await codeOf(await ask(foreign, "GET", path))).toEqual(FORBIDDEN);
  });

  test.each([
    ["with a second Authorization", (token: string) => [`Authorization: Bearer x`, bearer(token)]],
    ["with a second one after it", (token: string) => [bearer(token), `Authorization: Bearer x`]],
    ["with a folded line", (token: string) => ["Authorization: Bearer", ` ${token}`]],
    ["with a blank before the colon", (token: string) => [`Authorization : Bearer ${token}`]],
    ["with the header of the Worker", () => ["Kedge-Bearer: %7B%22role%22%3A%22admin%22%7D"]],
  ])("is let in %s", async (_how, headers) => {
    const token = quorum.edge.token ?? "";
    const status = await rawStatus("GET /kafka/v3/clusters", headers(token));
    expect([400, 401]).toContain(status);
    expect(await rawStatus("GET /kafka/v3/clusters", [bearer(token)])).toBe(200);
  });

  test("leaves a trace: all is as it was", async () => {
    expect(await state()).toEqual(before);
    const ready = await quorum.edge.fetch("/health/ready");
    expect(ready.status).toBe(200);
  });
});

const { CLUSTER_AUTHORIZATION_FAILED } = ErrorCode;

const bearer = (token: string): string => `Authorization: Bearer ${token}`;

const frame = (token: string | null, bytes: Uint8Array): Promise<Response> =>
  fetch(
    `${quorum.edge.url}${path}/controllers/3000/frames`,
    authorized(token, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: new Uint8Array(bytes),
    }),
  );

/** A POST as a page of a browser can send it without asking, with a Host that `fetch` would not send. */
function simpleRequest(
  at: string,
  headers: Readonly<Record<string, string>>,
): Promise<readonly [number, number]> {
  const { port } = quorum.edge;
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: at, method: "POST", headers };
    const sent = httpRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        resolve(codeOf(new Response(text, { status: response.statusCode ?? 599 }))),
      );
    });
    sent.on("error", reject);
    sent.end("x");
  });
}

/** The status of a request whose headers go out as they are. */
function rawStatus(line: string, headers: readonly string[]): Promise<number> {
  const { port } = quorum.edge;
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const host = `Host: 127.0.0.1:${port}`;
    socket.write([`${line} HTTP/1.1`, host, "Connection: close", ...headers, "", ""].join("\r\n"));
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)));
  });
}
