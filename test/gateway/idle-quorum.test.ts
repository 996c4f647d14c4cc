/**
 * A gateway whose brokers do nothing, before a running quorum: what it sends, and how it hears of another voter all the
 * same.
 */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { posted } from "../../client/cluster-client.ts";
import { jsonBroker } from "../../client/json-broker.ts";
import { startClusterGateway } from "../../gateway/cluster-gateway.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { PortsFrom } from "../../gateway/places.ts";
import { KafkaConnection } from "../../local/kafka-connection.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import { tunnelTo } from "../../local/tunnel.ts";
import { BrokerHeartbeat, ErrorCode, Fetch, recordBatches } from "../../src/protocol/index.ts";
import { directoryOf } from "../metadata/office.ts";
import { metadataFetch } from "./metadata-fetch.ts";

const BEAT_MS = 2_000;
const SETTLED_MS = 6_000;
const IDLE_BEATS = 5;
const SOON_MS = 20_000;

let quorum: Quorum;
let gateway: Gateway;
const metrics = new GatewayMetrics();
const ended = new AbortController();
let broker: Promise<unknown> = Promise.resolve();

beforeAll(async () => {
  quorum = await startQuorum();
  const { edge, formed } = quorum;
  gateway = await startClusterGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics }),
    metrics,
    places: new PortsFrom({ host: "127.0.0.1", port: 0 }),
  });
});
afterAll(async () => {
  ended.abort();
  await broker;
  await gateway.stop();
  await quorum.stop();
});

/** What is sent in `ms`: messages over links, and requests by HTTP. */
async function sentIn(
  ms: number,
): Promise<{ readonly messages: number; readonly requests: number }> {
  const before = { messages: metrics.linkMessages.sent, requests: metrics.edgeRequests };
  await pause(ms);
  return {
    messages: metrics.linkMessages.sent - before.messages,
    requests: metrics.edgeRequests - before.requests,
  };
}

async function live(id: number): Promise<void> {
  const epoch = await jsonBroker(quorum.cluster, id).register();
  const state = await quorum.cluster.quorum();
  const port = gateway.at(state.leader_id)?.port ?? 0;
  await Promise.all([beat(port, id, epoch), fetch(port, id, state)]);
}

async function beat(port: number, id: number, epoch: number): Promise<void> {
  const kafka = await KafkaConnection.open(port, { clientId: "test" });
  while (!ended.signal.aborted) {
    const { errorCode } = await kafka.call(BrokerHeartbeat, 1, {
      brokerId: id,
      brokerEpoch: epoch,
      currentMetadataOffset: 1,
      wantFence: true,
      wantShutDown: false,
    });
    expect(errorCode).toBe(ErrorCode.NONE);
    await pause(BEAT_MS);
  }
  kafka.close();
}

async function fetch(
  port: number,
  replicaId: number,
  state: { readonly high_watermark: number; readonly leader_epoch: number },
): Promise<void> {
  const kafka = await KafkaConnection.open(port, { clientId: "test" });
  const epoch = state.leader_epoch;
  let [offset, lastFetchedEpoch] = [state.high_watermark, epoch];
  while (!ended.signal.aborted) {
    const place = { clusterId: quorum.formed.cluster_id, replicaId, directoryId: directoryOf(1) };
    const at = { epoch, offset, lastFetchedEpoch, maxWaitMs: 500 };
    const { responses } = await kafka.call(Fetch, 17, metadataFetch({ ...place, ...at }));
    const [partition] = responses[0]?.partitions ?? [];
    for (const batch of recordBatches(partition?.records ?? new Uint8Array()))
      [offset, lastFetchedEpoch] = [batch.lastOffset + 1, batch.leaderEpoch];
  }
  kafka.close();
}

test("without brokers it sends nothing", async () => {
  expect(await sentIn(SETTLED_MS)).toEqual({ messages: 0, requests: 0 });
});

test("with a broker that does nothing it sends a message for each heartbeat, and nothing else", async () => {
  broker = live(1);
  await pause(SETTLED_MS);
  expect(metrics.linksOpen).toBe(1);
  const fetched = metrics.fetchesObserved;
  const { messages, requests } = await sentIn(IDLE_BEATS * BEAT_MS);
  expect(requests).toBe(0);
  // A slow machine beats more slowly.
  expect(messages).toBeLessThanOrEqual(IDLE_BEATS + 1);
  expect(messages).toBeGreaterThan(IDLE_BEATS / 2);
  expect(metrics.fetchesObserved).toBeGreaterThan(fetched);
});

test("and still hears of another voter at once, from the log", async () => {
  const path = `/kafka/v3/clusters/${quorum.formed.cluster_id}/controllers`;
  const before = metrics.edgeRequests;
  const response = await quorum.edge.fetch(path, { ...posted({}), method: "POST" });
  const { node_id: nodeId }: { readonly node_id: number } = JSON.parse(await response.text());
  await expect.poll(() => gateway.at(nodeId) !== undefined, { timeout: SOON_MS }).toBe(true);
  expect(metrics.edgeRequests).toBeGreaterThan(before);
  // What came of it leaves nothing open.
  await pause(SETTLED_MS);
  expect((await sentIn(IDLE_BEATS * BEAT_MS)).requests).toBe(0);
});
