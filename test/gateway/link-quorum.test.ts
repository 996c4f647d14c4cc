/**
 * The gateway's links to a running quorum: brokers' frames over them, and what becomes of both when the edge is killed.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, type Gateway } from "../../gateway/gateway.ts";
import { sentencesTo } from "../../gateway/log.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import {
  BrokerHeartbeat,
  BrokerRegistration,
  DescribeCluster,
  Fetch,
  METADATA_TOPIC_ID,
  type RequestOf,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import { registrationOf } from "../metadata/office.ts";
import { asked } from "./asked.ts";
import { Client } from "./client.ts";
import { metadataFetch } from "./metadata-fetch.ts";
import { tunnelTo } from "../../local/tunnel.ts";

let quorum: Quorum;
let gateway: Gateway;
let metrics: GatewayMetrics;
let portOf: (nodeId: number) => number;
const lines: string[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  quorum = await startQuorum();
  metrics = new GatewayMetrics();
  const { edge, formed } = quorum;
  const nodeIds = formed.controllers.map(({ node_id: nodeId }) => nodeId);
  gateway = await startGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics }),
    metrics,
    controllers: nodeIds.map((nodeId) => ({ nodeId, host: "127.0.0.1", port: 0 })),
    log: sentencesTo((line) => void lines.push(line)),
  });
  const ports = gateway.bootstrapServers.split(",").map((each) => Number(each.split(":")[1]));
  portOf = (nodeId) => ports[nodeIds.indexOf(nodeId)] ?? 0;
});
afterAll(async () => {
  for (const each of clients) each.close();
  await gateway.stop();
  await quorum.stop();
});

async function clientOf(nodeId: number): Promise<Client> {
  const connected = await Client.connect(portOf(nodeId));
  clients.push(connected);
  return connected;
}

const registrationOfBroker = (brokerId: number): RequestOf<typeof BrokerRegistration> =>
  BrokerRegistration.request.fill({
    ...registrationOf(brokerId),
    brokerId,
    clusterId: quorum.formed.cluster_id,
  });

const described = (kafka: Client): Promise<ResponseOf<typeof DescribeCluster>> =>
  asked(kafka, DescribeCluster, {
    version: 1,
    body: { includeClusterAuthorizedOperations: false, endpointType: 2 },
  })();

async function leaderId(): Promise<number> {
  const { leader_id: id } = await quorum.cluster.quorum();
  return id;
}

/** Frames of `kafka` go over a link from here on. */
async function untilLinked(kafka: Client): Promise<void> {
  await expect
    .poll(
      async () => {
        const before = metrics.framesLinked;
        await described(kafka);
        return metrics.framesLinked - before;
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);
}

test("brokers register and beat over a link, many at once, each in its own order", async () => {
  const leader = await leaderId();
  await untilLinked(await clientOf(leader));
  const ids = Array.from({ length: 25 }, (_, at) => at + 1);
  const brokers = await Promise.all(ids.map(() => clientOf(leader)));
  const linkedBefore = metrics.framesLinked;
  const { high_watermark: before } = await quorum.cluster.quorum();
  const registrations = ids.map((brokerId, at) =>
    asked(brokers[at], BrokerRegistration, {
      version: 4,
      body: registrationOfBroker(brokerId),
    }),
  );
  const registered = await Promise.all(registrations.map((answer) => answer()));
  expect(registered.map(({ errorCode }) => errorCode)).toEqual(ids.map(() => 0));
  for (let round = 0; round < 5; round++) {
    const beats = ids.map((brokerId, at) =>
      asked(brokers[at], BrokerHeartbeat, {
        version: 1,
        body: {
          brokerId,
          brokerEpoch: registered[at]?.brokerEpoch ?? -1,
          currentMetadataOffset: before + 1_000,
          wantFence: false,
          wantShutDown: false,
        },
      }),
    );
    const answers = await Promise.all(beats.map((answer) => answer()));
    expect(answers.map(({ errorCode }) => errorCode)).toEqual(ids.map(() => 0));
  }
  expect(metrics.framesLinked - linkedBefore).toBe(6 * ids.length);
  expect(metrics.linksOpen).toBeGreaterThan(0);
});

test("a parked fetch hears of a write that came over the same link", async () => {
  const leader = await leaderId();
  const [fetcher, writer] = [await clientOf(leader), await clientOf(leader)];
  await untilLinked(fetcher);
  const { leader_epoch: epoch, high_watermark: end } = await quorum.cluster.quorum();
  const fetched = asked(fetcher, Fetch, {
    version: 17,
    body: metadataFetch({
      clusterId: quorum.formed.cluster_id,
      replicaId: 99,
      epoch,
      offset: end,
      maxWaitMs: 20_000,
    }),
  });
  const begun = performance.now();
  await asked(writer, BrokerRegistration, {
    version: 4,
    body: registrationOfBroker(99),
  })();
  const [topic] = (await fetched()).responses;
  expect(topic?.partitions[0]?.records?.byteLength).toBeGreaterThan(0);
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test("a killed edge: who waits is cut off, and links are back when the edge is", async () => {
  const leader = await leaderId();
  const [waiting, idle] = [await clientOf(leader), await clientOf(leader)];
  await untilLinked(waiting);
  await untilLinked(idle);
  const { leader_epoch: epoch, high_watermark: end } = await quorum.cluster.quorum();
  const parked = asked(waiting, Fetch, {
    version: 17,
    body: {
      clusterId: quorum.formed.cluster_id,
      replicaState: { replicaId: 98, replicaEpoch: -1 },
      maxWaitMs: 20_000,
      minBytes: 1,
      maxBytes: 1_000,
      topics: [
        {
          topicId: METADATA_TOPIC_ID,
          partitions: [
            {
              partition: 0,
              currentLeaderEpoch: epoch,
              fetchOffset: end,
              lastFetchedEpoch: epoch,
              partitionMaxBytes: 1_000,
            },
          ],
        },
      ],
    },
  });
  await expect.poll(() => metrics.framesInFlight).toBeGreaterThan(0);
  await quorum.kill();
  await expect(parked()).rejects.toThrow("closed");
  expect(lines.join("\n")).toContain(`the link to controller ${leader} ended`);
  expect(idle.socket.destroyed).toBe(false);
  await quorum.restart();
  await quorum.untilReady();
  await untilLinked(idle);
});

test("a restarted controller: the brokers of another are not disturbed, and its own find it again", async () => {
  const leader = await leaderId();
  const other = quorum.formed.controllers.find(({ node_id: id }) => id !== leader)?.node_id ?? -1;
  const [own, others] = [await clientOf(leader), await clientOf(other)];
  await untilLinked(own);
  await untilLinked(others);
  await quorum.cluster.post(`controllers/${leader}:restart`);
  await untilLinked(others);
  await untilLinked(await clientOf(leader));
  expect(others.socket.destroyed).toBe(false);
});
