/**
 * The way of one frame: raw TCP through gateway, Worker and controller, and the same frames over HTTP without the
 * gateway. One connection, one frame at a time, as a broker's channel has it.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { startGateway } from "../gateway/main.ts";
import { FrameCutter, sizePrefix } from "../gateway/frame-cutter.ts";
import { ApiVersions, BrokerHeartbeat, requestFrame } from "../src/protocol/index.ts";
import { closedLoop, type Load } from "./load.ts";
import { benchQuorum, median } from "./quorum.ts";

const ROUND_MS = 1_500;
const ROUNDS = 3;
const FRAME_BYTES_MAX = 8 * 1_048_576;

export async function frames(): Promise<void> {
  const quorum = await benchQuorum();
  const { edge, formed, leaderId, brokerEpoch, writeFrame } = quorum;
  const gateway = await startGateway({
    edge: edge.url,
    clusterId: formed.cluster_id,
    controllers: [{ nodeId: leaderId, host: "127.0.0.1", port: 0 }],
  });
  const header = { apiVersion: 0, correlationId: 1, clientId: "bench" };
  const heartbeat = {
    brokerId: 1,
    brokerEpoch,
    currentMetadataOffset: -1,
    wantFence: true,
    wantShutDown: false,
  };
  const kinds: readonly (readonly [string, Uint8Array])[] = [
    ["ApiVersions: the controller answers from memory", requestFrame(ApiVersions, header, {})],
    [
      "BrokerHeartbeat: waits for what is uncommitted",
      requestFrame(BrokerHeartbeat, header, heartbeat),
    ],
    ["AllocateProducerIds: one record is committed", writeFrame],
  ];
  try {
    console.log("| frame | TCP p50 ms | TCP p99 ms | HTTP p50 ms | HTTP p99 ms | gateway adds |");
    console.log("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (const [title, frame] of kinds) {
      const tcp: Load[] = [];
      const http: Load[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        tcp.push(await overTcp(gateway.bootstrapServers, frame));
        http.push(
          await overHttp(
            `${edge.url}/kafka/v3/clusters/${formed.cluster_id}/controllers/${leaderId}/frames`,
            frame,
          ),
        );
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
    await gateway.stop();
    await quorum.stop();
  }
}

const middle = (loads: readonly Load[], of: "p50Ms" | "p99Ms"): number =>
  median(loads.map((load) => load[of]));

async function overTcp(address: string, frame: Uint8Array): Promise<Load> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  await once(socket, "connect");
  socket.setNoDelay(true);
  const cutter = new FrameCutter(FRAME_BYTES_MAX);
  try {
    return await closedLoop({ writers: 1, ms: ROUND_MS }, () => exchange(socket, cutter, frame));
  } finally {
    socket.destroy();
  }
}

async function exchange(socket: Socket, cutter: FrameCutter, frame: Uint8Array): Promise<void> {
  socket.write(Buffer.concat([sizePrefix(frame), frame]));
  for (let answered = false; !answered;) {
    const [chunk]: readonly Buffer[] = await once(socket, "data");
    answered = chunk !== undefined && cutter.push(chunk).length > 0;
  }
}

async function overHttp(url: string, frame: Uint8Array): Promise<Load> {
  return await closedLoop({ writers: 1, ms: ROUND_MS }, async () => {
    const response = await fetch(url, { method: "POST", body: Buffer.from(frame) });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the edge answered ${response.status}`);
  });
}
