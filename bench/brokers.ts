/**
 * What brokers that have nothing to do cost: the requests and messages that reach the leader's object, and their bytes,
 * by the gateway's way of carrying them. Brokers are simulated as far as a gateway sees them: one connection that
 * fetches the log, parked for half a second at a time, and one that beats every two seconds. It counts, and times
 * nothing, so that a busy machine does it no harm.
 */
import { setTimeout as pause } from "node:timers/promises";
import { jsonBroker } from "../client/json-broker.ts";
import { startGateway } from "../gateway/gateway.ts";
import { GatewayMetrics } from "../gateway/metrics.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import { BrokerHeartbeat, Fetch, METADATA_TOPIC_ID, recordBatches } from "../src/protocol/index.ts";
import { tunnelTo } from "../local/tunnel.ts";
import { KafkaConnection } from "../local/kafka-connection.ts";

const BROKERS = [0, 3, 100];
/** Until links are open, and what is fetched for the first time is there. */
const SETTLE_MS = 12_000;
/** As long as a connection is answered by the gateway before the controller is asked once more. */
const MEASURED_MS = 60_000;
const FETCH_WAIT_MS = 500;
const BEAT_MS = 2_000;

const WAYS = [
  { title: "requests by HTTP", transport: "http", observe: null },
  { title: "links", transport: "link", observe: null },
  { title: "links, observing", transport: "link", observe: {} },
] as const;

export async function brokers(): Promise<void> {
  const quorum = await startQuorum();
  try {
    console.log(
      "| brokers | way | requests and messages a minute | a broker | bytes in, out a broker | pushes a minute |",
    );
    console.log("| ---: | --- | ---: | ---: | ---: | ---: |");
    const epochs: number[] = [];
    for (let id = 1; id <= Math.max(...BROKERS); id += 1)
      epochs.push(await jsonBroker(quorum.cluster, id).register());
    for (const count of BROKERS)
      for (const way of WAYS) console.log(await steady(quorum, epochs.slice(0, count), way));
  } finally {
    await quorum.stop();
  }
}

/** A leader that goes meanwhile, on a machine that does much else, spoils a count. */
async function steady(...args: Parameters<typeof row>): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await row(...args);
    } catch (error) {
      if (tries === 3) throw error;
      await args[0].untilReady();
    }
  }
}

async function row(
  quorum: Quorum,
  epochs: readonly number[],
  { title, transport, observe }: (typeof WAYS)[number],
): Promise<string> {
  const { edge, formed, cluster } = quorum;
  const metrics = new GatewayMetrics();
  const { leader_id: leader } = await cluster.quorum();
  const gateway = await startGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics, transport }),
    metrics,
    observe,
    controllers: [{ nodeId: leader, host: "127.0.0.1", port: 0 }],
  });
  const ended = new AbortController();
  try {
    const port = gateway.at(leader)?.port ?? 0;
    const living = Promise.all([
      pause(SETTLE_MS + MEASURED_MS),
      ...epochs.map((epoch, at) =>
        live({ id: at + 1, epoch, port, isWell: false }, quorum, ended.signal),
      ),
    ]);
    await Promise.race([pause(SETTLE_MS), living]);
    const before = countsOf(metrics);
    await Promise.race([pause(MEASURED_MS), living]);
    const after = countsOf(metrics);
    ended.abort();
    await living;
    const minutes = MEASURED_MS / 60_000;
    const a = (name: keyof Counts): number => (after[name] - before[name]) / minutes;
    const perBroker = (value: number): string =>
      epochs.length === 0
        ? ""
        : (value / epochs.length).toFixed(value / epochs.length < 10 ? 1 : 0);
    const cells = [
      epochs.length,
      title,
      a("arrivals").toFixed(0),
      perBroker(a("arrivals")),
      epochs.length === 0 ? "" : `${perBroker(a("bytesIn"))}, ${perBroker(a("bytesOut"))}`,
      a("pushes").toFixed(0),
    ];
    return `| ${cells.join(" | ")} |`;
  } finally {
    ended.abort();
    await gateway.stop();
  }
}

interface Counts {
  /** Requests by HTTP, and messages over links: an event of the object each. */
  readonly arrivals: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly pushes: number;
}

function countsOf(metrics: GatewayMetrics): Counts {
  const { framesAnswered, framesLinked, fetchesObserved, linkMessages, pushesTaken } = metrics;
  const byHttp = framesAnswered - framesLinked - fetchesObserved;
  const isByHttp = framesLinked === 0;
  return {
    arrivals: byHttp + linkMessages.sent,
    // Of frames alone, without the headers of HTTP.
    bytesIn: isByHttp ? metrics.bytesReceived : linkMessages.bytesSent,
    bytesOut: isByHttp ? metrics.bytesSent : linkMessages.bytesReceived,
    pushes: pushesTaken,
  };
}

interface Broker {
  readonly id: number;
  readonly epoch: number;
  readonly port: number;
  /** It has caught up and is unfenced; else it waits for ever. */
  readonly isWell: boolean;
}

export async function live(broker: Broker, quorum: Quorum, signal: AbortSignal): Promise<void> {
  // Brokers do not start at one moment.
  await pause(Math.random() * BEAT_MS);
  await Promise.all([fetching(broker, quorum, signal), beating(broker, signal)]);
}

async function beating({ id, epoch, port, isWell }: Broker, signal: AbortSignal): Promise<void> {
  const kafka = await KafkaConnection.open(port, { clientId: "bench" });
  while (!signal.aborted) {
    await kafka.call(BrokerHeartbeat, 1, {
      brokerId: id,
      brokerEpoch: epoch,
      currentMetadataOffset: isWell ? Number.MAX_SAFE_INTEGER : 1,
      wantFence: !isWell,
      wantShutDown: false,
    });
    await pause(BEAT_MS);
  }
  kafka.close();
}

async function fetching({ id, port }: Broker, quorum: Quorum, signal: AbortSignal): Promise<void> {
  const kafka = await KafkaConnection.open(port, { clientId: "bench" });
  const state = await quorum.cluster.quorum();
  let [offset, lastFetchedEpoch] = [state.high_watermark, state.leader_epoch];
  while (!signal.aborted) {
    const { responses } = await kafka.call(Fetch, 17, {
      clusterId: quorum.formed.cluster_id,
      replicaState: { replicaId: id, replicaEpoch: -1 },
      maxWaitMs: FETCH_WAIT_MS,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [
        {
          topicId: METADATA_TOPIC_ID,
          partitions: [
            {
              partition: 0,
              currentLeaderEpoch: state.leader_epoch,
              fetchOffset: offset,
              lastFetchedEpoch,
              partitionMaxBytes: 1_000_000,
            },
          ],
        },
      ],
    });
    const [partition] = responses[0]?.partitions ?? [];
    if (partition?.errorCode !== 0) throw new Error(`a fetch met error ${partition?.errorCode}`);
    for (const batch of recordBatches(partition.records ?? new Uint8Array(0)))
      [offset, lastFetchedEpoch] = [batch.lastOffset + 1, batch.leaderEpoch];
  }
  kafka.close();
}
