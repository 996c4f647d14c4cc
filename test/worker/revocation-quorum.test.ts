/** Revocation end to end: a quorum, an edge that asks for tokens, and a client that comes by a gateway. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, type Gateway } from "../../gateway/gateway.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import {
  DescribeCluster,
  decodeResponseFrame,
  requestFrame,
  SaslAuthenticate,
  SaslHandshake,
  type Api,
  type Encodable,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import { Client } from "../gateway/client.ts";
import { refusalOf, runningQuorum, type RunningQuorum } from "./running-quorum.ts";
import { posted } from "../../client/cluster-client.ts";
import { tunnelTo } from "../../local/tunnel.ts";

let quorum: RunningQuorum;
let gateway: Gateway;

beforeAll(async () => {
  quorum = await runningQuorum();
  const { edge, formed } = quorum;
  const metrics = new GatewayMetrics();
  gateway = await startGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics }),
    metrics,
    controllers: [{ nodeId: 3000, host: "127.0.0.1", port: 0 }],
    listener: { protocol: "SASL_PLAINTEXT" },
    log: () => undefined,
  });
});
afterAll(async () => {
  await gateway.stop();
  await quorum.stop();
});

interface Answer {
  readonly not_before: string | null;
  readonly revoked: readonly { readonly id: string }[];
  readonly unconfirmed: readonly unknown[];
  readonly clusters_untold: number;
}

async function revoke(body: Readonly<Record<string, unknown>>): Promise<Answer> {
  const init = posted(body);
  const response = await quorum.edge.fetch("/kafka/v3/tokens:revoke", init);
  expect(response.status).toBe(200);
  const answer: Answer = JSON.parse(await response.text());
  return answer;
}

/** Asks for the topics of the cluster with another token than the admin's. */
const topicsWith = (token: string): Promise<Response> =>
  fetch(`${quorum.edge.url}/kafka/v3/clusters/${quorum.formed.cluster_id}/topics`, {
    headers: { Authorization: `Bearer ${token}` },
  });

/** Asks until the answer is a refusal; how long that took, in ms. */
async function untilRefused(ask: () => Promise<Response>): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const response = await ask();
    await response.body?.cancel();
    if (response.status === 401) return performance.now() - begun;
    expect(response.status).toBe(200);
    await new Promise((settle) => setTimeout(settle, 100));
  }
}

/** The promise, and what a crowded machine may take beyond it. */
const BOUND_MS = 13_000;

test("a token that is revoked everywhere is refused within ten seconds", async () => {
  const token = await quorum.edge.mint({ role: "viewer", cluster: quorum.formed.cluster_id });
  const other = await quorum.edge.mint({ role: "viewer", cluster: "*" });
  for (const each of [token, other]) expect((await topicsWith(each)).status).toBe(200);
  const [, , claims = ""] = other.split(".");
  const { jti: id }: { readonly jti: string } = JSON.parse(
    Buffer.from(claims, "base64url").toString(),
  );
  expect(await revoke({ id, cluster_id: "*" })).toMatchObject({
    unconfirmed: [],
    clusters_untold: 0,
  });
  expect(await untilRefused(() => topicsWith(other))).toBeLessThan(BOUND_MS);
  expect(await refusalOf(topicsWith(other))).toMatchObject({
    error_code: 40_101,
    message: "the token was revoked",
  });
  expect((await topicsWith(token)).status).toBe(200);
});

/** One request and its answer; undefined when the connection ended without one. */
const speak = async <A extends Api>(
  kafka: Client,
  api: A,
  body: Encodable<A["request"]["fields"]>,
): Promise<ResponseOf<A> | undefined> => {
  const header = { apiVersion: 1, correlationId: 7, clientId: "test" };
  kafka.send(Buffer.from(requestFrame(api, header, body)));
  const answer = await kafka.frame();
  return answer === undefined ? undefined : decodeResponseFrame(api, 1, answer).body;
};

const describeCluster = (kafka: Client): Promise<ResponseOf<typeof DescribeCluster> | undefined> =>
  speak(kafka, DescribeCluster, {
    includeClusterAuthorizedOperations: false,
    endpointType: 2,
  });

test("a client that has come by a gateway is refused from then on, and cannot come again", async () => {
  const token = await quorum.edge.mint({
    role: "broker",
    cluster: quorum.formed.cluster_id,
    brokerIds: [1],
  });
  const port = Number(gateway.bootstrapServers.split(":")[1]);
  const comeIn = async (kafka: Client): Promise<number | undefined> => {
    await speak(kafka, SaslHandshake, { mechanism: "PLAIN" });
    const authBytes = Buffer.from(`\0broker-1\0${token}`);
    return (await speak(kafka, SaslAuthenticate, { authBytes }))?.errorCode;
  };
  const kafka = await Client.connect(port);
  expect(await comeIn(kafka)).toBe(0);
  expect((await describeCluster(kafka))?.errorCode).toBe(0);
  const begun = performance.now();
  expect((await revoke({ token })).unconfirmed).toEqual([]);
  while ((await describeCluster(kafka)) !== undefined)
    await new Promise((settle) => setTimeout(settle, 100));
  expect(performance.now() - begun).toBeLessThan(BOUND_MS);
  kafka.close();
  const again = await Client.connect(port);
  // SASL_AUTHENTICATION_FAILED
  expect(await comeIn(again)).toBe(58);
  again.close();
});

test("all that were signed before a moment are refused, through a restart, and later ones are not", async () => {
  const { edge, formed } = quorum;
  const token = await edge.mint({ role: "viewer", cluster: "*" });
  expect((await topicsWith(token)).status).toBe(200);
  await new Promise((settle) => setTimeout(settle, 1_100));
  const { not_before: notBefore } = await revoke({
    cluster_id: formed.cluster_id,
    not_before: new Date().toISOString(),
  });
  expect(Date.parse(String(notBefore))).toBeGreaterThan(Date.now() - 5_000);
  expect(await untilRefused(() => topicsWith(token))).toBeLessThan(BOUND_MS);
  await new Promise((settle) => setTimeout(settle, 1_100));
  const later = await edge.mint({ role: "viewer", cluster: "*" });
  expect((await topicsWith(later)).status).toBe(200);
  // A restart takes nothing of it back: it stands in the nodes.
  await quorum.kill();
  await quorum.restart();
  expect(await refusalOf(topicsWith(token))).toMatchObject({ error_code: 40_101 });
  const admin = await quorum.edge.mint({ role: "admin" });
  const response = await fetch(
    `${quorum.edge.url}/kafka/v3/clusters/${formed.cluster_id}/controllers`,
    {
      headers: { Authorization: `Bearer ${admin}` },
    },
  );
  expect(response.status).toBe(200);
});
