/** A gateway that observes a running quorum: brokers' fetches that it answers, and what of it the leader is told. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, type Gateway } from "../../gateway/gateway.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import {
  AllocateProducerIds,
  BrokerHeartbeat,
  BrokerRegistration,
  DescribeQuorum,
  ErrorCode,
  Fetch,
  METADATA_TOPIC_ID,
  type Api,
  type InputOf,
  type RequestOf,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import { directoryOf, registrationOf } from "../metadata/office.ts";
import { asked } from "./asked.ts";
import { Client } from "./client.ts";
import { metadataFetch } from "./metadata-fetch.ts";
import { tunnelTo } from "../../local/tunnel.ts";

const DIRECTORY = directoryOf(1);

interface Way {
  readonly gateway: Gateway;
  readonly metrics: GatewayMetrics;
  readonly portOf: (nodeId: number) => number;
}

let quorum: Quorum;
const ways: Way[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  quorum = await startQuorum();
});
afterAll(async () => {
  for (const each of clients) each.close();
  for (const { gateway } of ways) await gateway.stop();
  await quorum.stop();
});

async function opened(observe: object | null = {}): Promise<Way> {
  const metrics = new GatewayMetrics();
  const { edge, formed } = quorum;
  const nodeIds = formed.controllers.map(({ node_id: nodeId }) => nodeId);
  const gateway = await startGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics }),
    metrics,
    observe,
    controllers: nodeIds.map((nodeId) => ({ nodeId, host: "127.0.0.1", port: 0 })),
  });
  const portOf = (nodeId: number): number => gateway.at(nodeId)?.port ?? 0;
  const way = { gateway, metrics, portOf };
  ways.push(way);
  return way;
}

async function clientOf({ portOf }: Way, nodeId: number): Promise<Client> {
  const connected = await Client.connect(portOf(nodeId));
  clients.push(connected);
  return connected;
}

const ask = <A extends Api>(
  kafka: Client,
  api: A,
  version: number,
  body: InputOf<A["request"]>,
): Promise<ResponseOf<A>> => asked(kafka, api, { version, body })();

interface State {
  readonly leader: number;
  readonly epoch: number;
  readonly end: number;
}

async function stateOf(): Promise<State> {
  const {
    leader_id: leader,
    leader_epoch: epoch,
    high_watermark: end,
  } = await quorum.cluster.quorum();
  return { leader, epoch, end };
}

interface Place {
  readonly replicaId: number;
  readonly offset: number;
  readonly epoch: number;
  readonly maxWaitMs?: number;
}

async function fetched(kafka: Client, { replicaId, offset, epoch, maxWaitMs = 500 }: Place) {
  const { cluster_id: clusterId } = quorum.formed;
  const place = { clusterId, replicaId, directoryId: DIRECTORY, epoch, offset, maxWaitMs };
  const body = await ask(kafka, Fetch, 17, metadataFetch(place));
  const partition = body.responses[0]?.partitions[0];
  if (partition === undefined) throw new Error("no partition");
  return partition;
}

/** Fetches at the end of the log until the gateway answers one itself. */
async function untilObserved(way: Way, kafka: Client, replicaId: number): Promise<State> {
  for (let tries = 0; tries < 50; tries++) {
    const state = await stateOf();
    const before = way.metrics.fetchesObserved;
    const { errorCode } = await fetched(kafka, {
      replicaId,
      offset: state.end,
      epoch: state.epoch,
      maxWaitMs: 100,
    });
    expect(errorCode).toBe(ErrorCode.NONE);
    if (way.metrics.fetchesObserved > before) return state;
  }
  throw new Error("the gateway answers no fetch");
}

const registrationOfBroker = (brokerId: number): RequestOf<typeof BrokerRegistration> =>
  BrokerRegistration.request.fill({
    ...registrationOf(brokerId),
    brokerId,
    clusterId: quorum.formed.cluster_id,
  });

async function observers(): Promise<ReadonlyMap<number, number>> {
  const { leader } = await stateOf();
  const way = ways[0] ?? (await opened());
  const body = await ask(await clientOf(way, leader), DescribeQuorum, 2, {
    topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
  });
  const [partition] = body.topics[0]?.partitions ?? [];
  return new Map(partition?.observers.map((each) => [each.replicaId, each.logEndOffset]));
}

/** Something is committed; where the log ends then. */
async function written(way: Way, brokerId: number): Promise<number> {
  const { leader } = await stateOf();
  const kafka = await clientOf(way, leader);
  const { errorCode } = await ask(kafka, BrokerRegistration, 4, registrationOfBroker(brokerId));
  expect(errorCode).toBe(ErrorCode.NONE);
  return (await stateOf()).end;
}

test("a parked fetch is answered by the push, and DescribeQuorum lists where the broker is", async () => {
  const way = await opened();
  const { leader } = await stateOf();
  const kafka = await clientOf(way, leader);
  const { epoch, end } = await untilObserved(way, kafka, 71);
  const before = way.metrics.fetchesObserved;
  const begun = performance.now();
  const parked = fetched(kafka, { replicaId: 71, offset: end, epoch, maxWaitMs: 20_000 });
  await expect.poll(() => way.metrics.fetchesParked).toBe(1);
  const after = await written(way, 71);
  const answer = await parked;
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(way.metrics.fetchesObserved).toBe(before + 1);
  expect(answer.records?.byteLength).toBeGreaterThan(0);
  expect(answer.highWatermark).toBeLessThanOrEqual(after);
  const { metrics } = way;
  expect(metrics.logShownOffset).toBe(answer.highWatermark);
  expect(metrics.logHeld?.offset).toBe(answer.highWatermark);
  expect(answer.currentLeader).toEqual({ leaderId: leader, leaderEpoch: epoch });
  // It fetches on from there, which only the gateway hears of.
  const next = fetched(kafka, { replicaId: 71, offset: after, epoch, maxWaitMs: 3_000 });
  await expect.poll(async () => (await observers()).get(71), { timeout: 5_000 }).toBe(after);
  expect((await next).errorCode).toBe(ErrorCode.NONE);
});

test("an empty answer comes at its time, and costs the controller nothing", async () => {
  const [way] = ways;
  if (way === undefined) throw new Error("no gateway");
  const { leader } = await stateOf();
  const kafka = await clientOf(way, leader);
  await untilObserved(way, kafka, 72);
  const { epoch, end } = await stateOf();
  const linked = way.metrics.framesLinked;
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    const { records } = await fetched(kafka, { replicaId: 72, offset: end, epoch, maxWaitMs: 200 });
    expect(records?.byteLength ?? 0).toBe(0);
    expect(performance.now() - begun).toBeGreaterThan(190);
  }
  expect(way.metrics.framesLinked).toBe(linked);
});

test("what only a controller can say is the controller's answer: another epoch, a snapshot's place, another replica", async () => {
  const [way] = ways;
  if (way === undefined) throw new Error("no gateway");
  const { leader } = await stateOf();
  const kafka = await clientOf(way, leader);
  const { epoch, end } = await untilObserved(way, kafka, 73);
  const before = way.metrics.fetchesObserved;
  const fenced = await fetched(kafka, {
    replicaId: 73,
    offset: end,
    epoch: epoch - 1,
    maxWaitMs: 0,
  });
  expect(fenced.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  const voter = quorum.formed.controllers.find(({ node_id: id }) => id !== leader)?.node_id ?? -1;
  const forged = ask(kafka, Fetch, 17, {
    clusterId: quorum.formed.cluster_id,
    replicaState: { replicaId: voter, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1,
    topics: [
      {
        topicId: METADATA_TOPIC_ID,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: epoch,
            fetchOffset: end,
            lastFetchedEpoch: epoch,
            partitionMaxBytes: 1,
          },
        ],
      },
    ],
  });
  expect((await forged).errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
  expect(way.metrics.fetchesObserved).toBe(before);
});

test("a broker that fetches by two gateways is described where it is now", async () => {
  const [one] = ways;
  if (one === undefined) throw new Error("no gateway");
  const other = await opened();
  const { leader } = await stateOf();
  const [first, second] = [await clientOf(one, leader), await clientOf(other, leader)];
  await untilObserved(one, first, 74);
  const { epoch } = await untilObserved(other, second, 74);
  const end = await written(one, 75);
  await Promise.all(
    [first, second].map(
      async (kafka) => await fetched(kafka, { replicaId: 74, offset: end, epoch, maxWaitMs: 300 }),
    ),
  );
  await expect.poll(async () => (await observers()).get(74), { timeout: 5_000 }).toBe(end);
});

test("heartbeats of many brokers leave together, and each is the controller's own answer", async () => {
  const [way] = ways;
  if (way === undefined) throw new Error("no gateway");
  const { leader } = await stateOf();
  const brokers = await Promise.all(
    [81, 82, 83].map(async (brokerId) => {
      const kafka = await clientOf(way, leader);
      const { brokerEpoch } = await ask(
        kafka,
        BrokerRegistration,
        4,
        registrationOfBroker(brokerId),
      );
      return { brokerId, kafka, brokerEpoch };
    }),
  );
  const beat = ({ brokerId, kafka, brokerEpoch }: (typeof brokers)[number]) =>
    ask(kafka, BrokerHeartbeat, 1, {
      brokerId,
      brokerEpoch,
      currentMetadataOffset: 1,
      wantFence: false,
      wantShutDown: false,
    });
  await Promise.all(brokers.map(beat));
  // What comes early does not wait.
  await pause(510);
  const before = way.metrics.linkMessages.sent;
  const answers = await Promise.all(brokers.map(beat));
  // One more may say how far brokers have read.
  expect(way.metrics.linkMessages.sent - before).toBeLessThan(brokers.length);
  expect(answers.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0]);
  const stale = await ask(brokers[0]?.kafka ?? Client.prototype, BrokerHeartbeat, 1, {
    brokerId: 81,
    brokerEpoch: 1,
    currentMetadataOffset: 1,
    wantFence: false,
    wantShutDown: false,
  });
  expect(stale.errorCode).toBe(ErrorCode.STALE_BROKER_EPOCH);
});

test("another leader: brokers are answered from it, and the log goes on from where the gateway is", async () => {
  const [way] = ways;
  if (way === undefined) throw new Error("no gateway");
  const { leader } = await stateOf();
  const kafka = await clientOf(way, leader);
  const { epoch, end } = await untilObserved(way, kafka, 76);
  const parked = fetched(kafka, { replicaId: 76, offset: end, epoch, maxWaitMs: 20_000 });
  // It is told of the other leader, or its connection ends: it does not wait for its time.
  const ended = parked.then(
    ({ errorCode }) => errorCode !== ErrorCode.NONE,
    (error: unknown) => String(error).includes("closed"),
  );
  await expect.poll(() => way.metrics.fetchesParked).toBeGreaterThan(0);
  await quorum.cluster.post(`controllers/${leader}:restart`);
  expect(await ended).toBe(true);
  await expect
    .poll(async () => (await stateOf()).epoch, { timeout: 20_000 })
    .toBeGreaterThan(epoch);
  const next = await stateOf();
  await untilObserved(way, await clientOf(way, next.leader), 76);
});

test("allocations are not disturbed by any of it", async () => {
  const [way] = ways;
  if (way === undefined) throw new Error("no gateway");
  const { leader } = await stateOf();
  const kafka = await clientOf(way, leader);
  const { brokerEpoch } = await ask(kafka, BrokerRegistration, 4, registrationOfBroker(90));
  const { errorCode } = await ask(kafka, AllocateProducerIds, 0, { brokerId: 90, brokerEpoch });
  expect(errorCode).toBe(ErrorCode.NONE);
});
