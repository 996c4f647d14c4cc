/** A quorum with one registered broker, and the frames that broker would send. */
import { Agent, request } from "node:http";
import type { QuorumState } from "../client/cluster-client.ts";
import { jsonBroker } from "../client/json-broker.ts";
import { startQuorum, type GatewayPorts, type Quorum } from "../local/quorum.ts";
import { AllocateProducerIds, requestFrame } from "../src/protocol/index.ts";
import { closedLoop, type Load } from "./load.ts";

export interface BenchQuorum extends Pick<Quorum, "edge" | "formed" | "gatewayPort" | "stop"> {
  /** Who leads, and where the committed log ended, when the broker was registered. */
  readonly state: QuorumState;
  readonly brokerEpoch: number;
  /** One small record is committed for each: the smallest write that a broker asks for. */
  readonly writeFrame: Uint8Array;
  /** Sends `frame` to the leader over HTTP, on one kept connection a writer, without the gateway. */
  overHttp(shape: LoadShape, frame: Uint8Array): Promise<Load>;
}

export interface LoadShape {
  readonly writers: number;
  readonly ms: number;
}

export async function benchQuorum(
  gateway?: GatewayPorts,
  config = "bench/wrangler.toml",
): Promise<BenchQuorum> {
  const quorum = await startQuorum(gateway === undefined ? { config } : { config, gateway });
  try {
    return await withBroker(quorum);
  } catch (error) {
    await quorum.stop();
    throw error;
  }
}

async function withBroker(quorum: Quorum): Promise<BenchQuorum> {
  const { cluster, edge, formed, gatewayPort, stop } = quorum;
  const brokerEpoch = await jsonBroker(cluster, 1).register();
  const state = await cluster.quorum();
  const writeFrame = requestFrame(
    AllocateProducerIds,
    { apiVersion: 0, correlationId: 1, clientId: "bench" },
    { brokerId: 1, brokerEpoch },
  );
  const url = `${edge.url}/kafka/v3/clusters/${formed.cluster_id}/controllers/${state.leader_id}/frames`;
  const overHttp = async (shape: LoadShape, frame: Uint8Array): Promise<Load> => {
    const agent = new Agent({ keepAlive: true, maxSockets: shape.writers });
    try {
      return await closedLoop(shape, () => post({ url, token: edge.gatewayToken, frame }, agent));
    } finally {
      agent.destroy();
    }
  };
  return { edge, formed, gatewayPort, stop, state, brokerEpoch, writeFrame, overHttp };
}

/** Rejects unless a frame comes back. */
function post(
  {
    url,
    token,
    frame,
  }: { readonly url: string; readonly token: string | null; readonly frame: Uint8Array },
  agent: Agent,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-length": frame.byteLength,
      authorization: `Bearer ${token ?? ""}`,
      "content-type": "application/octet-stream",
    };
    const outgoing = request(url, { method: "POST", agent, headers });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      incoming.resume();
      incoming.once("end", () => {
        if (incoming.statusCode === 200) resolve();
        else reject(new Error(`the edge answered ${incoming.statusCode}`));
      });
    });
    outgoing.end(frame);
  });
}

/** The median of some measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
