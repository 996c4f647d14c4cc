/**
 * How long one frame takes: raw TCP through a gateway that sends each by HTTP, Worker and controller, and the same
 * frames over HTTP without the gateway. One connection, one frame at a time, as a broker's channel has it.
 */
import {
  ApiVersions,
  BrokerHeartbeat,
  Fetch,
  METADATA_TOPIC_ID,
  requestFrame,
} from "../src/protocol/index.ts";
import type { Load } from "./load.ts";
import { benchQuorum, median, type BenchQuorum } from "./quorum.ts";
import { overTcp } from "./tcp-load.ts";

const ROUND_MS = 1_500;
const ROUNDS = 3;
const FRAME_BYTES_MAX = 8 * 1_048_576;

export async function frames(): Promise<void> {
  const quorum = await benchQuorum({ ports: "free", transport: "http" });
  const { brokerEpoch, writeFrame } = quorum;
  const header = { apiVersion: 0, correlationId: 1, clientId: "bench" };
  const heartbeat = {
    brokerId: 1,
    brokerEpoch,
    currentMetadataOffset: -1,
    wantFence: true,
    wantShutDown: false,
  };
  const kinds: readonly (readonly [string, Uint8Array])[] = [
    ["Fetch of an observer: no record is left to read", idleFetch(quorum)],
    ["ApiVersions: the controller answers from memory", requestFrame(ApiVersions, header, {})],
    [
      "BrokerHeartbeat: waits for what is uncommitted",
      requestFrame(BrokerHeartbeat, header, heartbeat),
    ],
    ["AllocateProducerIds: one record is committed", writeFrame],
  ];
  const port = quorum.gatewayPort(quorum.state.leader_id);
  try {
    console.log("| frame | TCP p50 ms | TCP p99 ms | HTTP p50 ms | HTTP p99 ms | gateway adds |");
    console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (const [title, frame] of kinds) {
      const tcp: Load[] = [];
      const http: Load[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        tcp.push(await overTcp(port, { writers: 1, ms: ROUND_MS }, frame));
        http.push(await quorum.overHttp({ writers: 1, ms: ROUND_MS }, frame));
      }
      const cells = [
        title,
        middle(tcp, "p50Ms").toFixed(2),
        middle(tcp, "p99Ms").toFixed(2),
        middle(http, "p50Ms").toFixed(2),
        middle(http, "p99Ms").toFixed(2),
        `× ${(middle(tcp, "p50Ms") / middle(http, "p50Ms")).toFixed(2)}`,
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
  } finally {
    await quorum.stop();
  }
}

/** A broker's Fetch at the end of the log, that does not wait for more. */
function idleFetch({ formed, state }: BenchQuorum): Uint8Array {
  const { leader_epoch: leaderEpoch, high_watermark: endOffset } = state;
  const partition = {
    partition: 0,
    partitionMaxBytes: 0,
    currentLeaderEpoch: leaderEpoch,
    fetchOffset: endOffset,
    lastFetchedEpoch: leaderEpoch,
  };
  return requestFrame(
    Fetch,
    { apiVersion: 17, correlationId: 1, clientId: "bench" },
    {
      clusterId: formed.cluster_id,
      replicaState: { replicaId: 1 },
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: FRAME_BYTES_MAX,
      topics: [{ topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    },
  );
}

const middle = (loads: readonly Load[], of: "p50Ms" | "p99Ms"): number =>
  median(loads.map((load) => load[of]));
