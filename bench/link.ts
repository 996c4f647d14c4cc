/**
 * What links gain: the same brokers' connections through two gateways of one quorum, one with a link to each controller
 * and one that sends each frame by a request of its own. Rounds are interleaved, and the median is shown. Gateways and
 * brokers share one Node process, the quorum another.
 */
import type { Transport } from "../gateway/edge/tunnel.ts";
import { startGateway, type Gateway } from "../gateway/gateway.ts";
import { GatewayMetrics } from "../gateway/metrics.ts";
import { BrokerHeartbeat, requestFrame } from "../src/protocol/index.ts";
import type { Load } from "./load.ts";
import { benchQuorum, median, type BenchQuorum } from "./quorum.ts";
import { overTcp } from "./tcp-load.ts";
import { tunnelTo } from "../local/tunnel.ts";

const CONNECTIONS = [1, 10, 100];
const ROUND_MS = 2_000;
const ROUNDS = 3;

interface Way {
  readonly gateway: Gateway;
  readonly port: number;
  readonly metrics: GatewayMetrics;
}

export async function link(): Promise<void> {
  const quorum = await benchQuorum();
  const ways: Way[] = [];
  try {
    for (const transport of ["http", "link"] as const) ways.push(await way(quorum, transport));
    const [http, linked] = ways;
    if (http === undefined || linked === undefined) return;
    await untilLinked(linked, quorum.writeFrame);
    console.log(
      "| frame | connections | HTTP/s | link/s | link ÷ HTTP | HTTP p50, p99 ms | link p50, p99 ms |",
    );
    console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (const [title, frame] of kinds(quorum))
      for (const connections of CONNECTIONS)
        console.log(await row({ title, connections }, frame, [http, linked]));
  } finally {
    for (const { gateway } of ways) await gateway.stop();
    await quorum.stop();
  }
}

const kinds = ({
  brokerEpoch,
  writeFrame,
}: BenchQuorum): readonly (readonly [string, Uint8Array])[] => [
  [
    "BrokerHeartbeat",
    requestFrame(
      BrokerHeartbeat,
      { apiVersion: 0, correlationId: 1, clientId: "bench" },
      {
        brokerId: 1,
        brokerEpoch,
        currentMetadataOffset: -1,
        wantFence: true,
        wantShutDown: false,
      },
    ),
  ],
  ["AllocateProducerIds", writeFrame],
];

async function way({ edge, formed, state }: BenchQuorum, transport: Transport): Promise<Way> {
  const metrics = new GatewayMetrics();
  const gateway = await startGateway({
    tunnel: tunnelTo(edge, formed.cluster_id, { metrics, transport }),
    metrics,
    controllers: [{ nodeId: state.leader_id, host: "127.0.0.1", port: 0 }],
  });
  return { gateway, metrics, port: Number(gateway.bootstrapServers.split(":")[1]) };
}

/** The first frames go by HTTP, while the link is being opened. */
async function untilLinked({ port, metrics }: Way, frame: Uint8Array): Promise<void> {
  while (metrics.framesLinked === 0) await overTcp(port, { writers: 1, ms: 100 }, frame);
}

async function row(
  { title, connections }: { readonly title: string; readonly connections: number },
  frame: Uint8Array,
  [http, linked]: readonly [Way, Way],
): Promise<string> {
  const shape = { writers: connections, ms: ROUND_MS };
  const before: Load[] = [];
  const after: Load[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    before.push(await overTcp(http.port, shape, frame));
    after.push(await overTcp(linked.port, shape, frame));
  }
  const cells = [
    title,
    connections,
    middle(before, "perSecond").toFixed(0),
    middle(after, "perSecond").toFixed(0),
    `× ${(middle(after, "perSecond") / middle(before, "perSecond")).toFixed(2)}`,
    `${middle(before, "p50Ms").toFixed(2)}, ${middle(before, "p99Ms").toFixed(1)}`,
    `${middle(after, "p50Ms").toFixed(2)}, ${middle(after, "p99Ms").toFixed(1)}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

const middle = (loads: readonly Load[], of: "perSecond" | "p50Ms" | "p99Ms"): number =>
  median(loads.map((load) => load[of]));
