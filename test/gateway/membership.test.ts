/** A gateway before a real quorum, whose voters come, go and are replaced. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { formCluster, posted } from "../../client/cluster-client.ts";
import { startClusterGateway } from "../../gateway/cluster-gateway.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { PortsFrom } from "../../gateway/places.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import {
  ApiVersions,
  decodeResponseFrame,
  DescribeQuorum,
  requestFrame,
} from "../../src/protocol/index.ts";
import { Client } from "./client.ts";
import { tunnelTo } from "../../local/tunnel.ts";

const EVERY_MS = 300;
const SOON_MS = 20_000;

let quorum: Quorum;
let gateway: Gateway;
const lines: string[] = [];

beforeAll(async () => {
  quorum = await startQuorum({
    form: (edge) => formCluster(edge, { voters: 1 }),
    onLine: (line) => void lines.push(line),
  });
  const metrics = new GatewayMetrics();
  const { edge, formed } = quorum;
  gateway = await startClusterGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics }),
    metrics,
    places: new PortsFrom({ host: "127.0.0.1", port: 0 }),
    everyMs: EVERY_MS,
    maxAgeMs: EVERY_MS,
    log: (line) => void lines.push(line),
  });
});
afterAll(async () => {
  await gateway.stop();
  await quorum.stop();
});

async function change(method: string, path: string): Promise<number> {
  const response = await quorum.edge.fetch(
    `/kafka/v3/clusters/${quorum.formed.cluster_id}/${path}`,
    { ...posted({}), method },
  );
  const text = await response.text();
  expect({ ok: response.ok, text }).toEqual({ ok: true, text });
  const { node_id: nodeId }: { readonly node_id: number } = JSON.parse(text);
  return nodeId;
}

/** Waits until exactly these have ports. */
async function untilOpen(...nodeIds: readonly number[]): Promise<void> {
  const wanted = nodeIds.map((nodeId) => [nodeId, true]);
  await expect
    .poll(
      () =>
        [3000, 3001, 3002, 3003, 3004, 3005]
          .map((nodeId) => [nodeId, gateway.at(nodeId) !== undefined])
          .filter(([, isOpen]) => isOpen === true),
      { timeout: SOON_MS },
    )
    .toEqual(wanted);
  expect(gateway.bootstrapServers.split(",")).toHaveLength(nodeIds.length);
}

const connect = (nodeId: number): Promise<Client> => Client.connect(gateway.at(nodeId)?.port);

/** Whether a controller answers on that connection. */
async function isAnswered(kafka: Client): Promise<boolean> {
  const header = { apiVersion: 0, correlationId: 1, clientId: "test" };
  kafka.send(Buffer.from(requestFrame(ApiVersions, header, {})));
  return (await kafka.frame()) !== undefined;
}

/** The voters, as the controller at the other end of the connection says them; empty where it does not lead. */
async function votersBy(kafka: Client): Promise<readonly number[]> {
  const header = { apiVersion: 2, correlationId: 2, clientId: "test" };
  const topics = [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }];
  kafka.send(Buffer.from(requestFrame(DescribeQuorum, header, { topics })));
  const answer = await kafka.frame();
  if (answer === undefined) throw new Error("the connection has ended");
  const { body } = decodeResponseFrame(DescribeQuorum, 2, answer);
  const [partition] = body.topics[0]?.partitions ?? [];
  return partition?.currentVoters.map(({ replicaId }) => replicaId) ?? [];
}

test("a voter that is added gets a port, where it is reached", async () => {
  await untilOpen(3000);
  const first = await connect(3000);
  expect(await change("POST", "controllers")).toBe(3001);
  expect(await change("POST", "controllers")).toBe(3002);
  await untilOpen(3000, 3001, 3002);
  for (const nodeId of [3001, 3002]) expect(await isAnswered(await connect(nodeId))).toBe(true);
  expect(await votersBy(first)).toEqual([3000, 3001, 3002]);
});

test("one that is removed, the leader, loses its port and its connections; the others go on", async () => {
  const { leader_id: leader } = await quorum.cluster.quorum();
  const others = [3000, 3001, 3002].filter((nodeId) => nodeId !== leader);
  const going = await connect(leader);
  expect(await isAnswered(going)).toBe(true);
  const staying = await Promise.all(others.map(connect));
  await change("DELETE", `controllers/${leader}`);
  await going.closed;
  await untilOpen(...others);
  for (const kafka of staying) expect(await isAnswered(kafka)).toBe(true);
  await change("POST", "controllers");
  await untilOpen(...others, 3003);
});

test("one that is replaced while the edge restarts hands over to the new one", async () => {
  const [old = 0] = [3000, 3001, 3002].filter((nodeId) => gateway.at(nodeId) !== undefined);
  const kept = [3000, 3001, 3002, 3003].filter(
    (nodeId) => nodeId !== old && gateway.at(nodeId) !== undefined,
  );
  await quorum.kill();
  await new Promise((settle) => setTimeout(settle, 3 * EVERY_MS));
  expect(gateway.bootstrapServers.split(",")).toHaveLength(3);
  await quorum.restart();
  await quorum.untilReady();
  const added = await change("POST", `controllers/${old}:replace`);
  expect(added).toBe(3004);
  await untilOpen(...kept, added);
  expect(await isAnswered(await connect(added))).toBe(true);
});

test("a voter that is stopped keeps its port: it has not left", async () => {
  const { leader_id: leader } = await quorum.cluster.quorum();
  await quorum.cluster.post(`controllers/${leader}:stop`);
  await new Promise((settle) => setTimeout(settle, 5 * EVERY_MS));
  expect(gateway.at(leader)).toBeDefined();
  expect(await isAnswered(await connect(leader))).toBe(false);
  await quorum.cluster.post(`controllers/${leader}:start`);
  await expect
    .poll(async () => await isAnswered(await connect(leader)), { timeout: SOON_MS })
    .toBe(true);
});
