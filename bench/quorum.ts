/** A quorum with one registered broker, and the frames that broker would send. */
import { mkdtemp, rm } from "node:fs/promises";
import { request, type Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterClient, formCluster, type FormedCluster } from "../client/cluster-client.ts";
import { startEdge, type Edge } from "../local/edge.ts";
import { jsonBroker } from "../client/json-broker.ts";
import { AllocateProducerIds, requestFrame } from "../src/protocol/index.ts";

export interface BenchQuorum {
  readonly edge: Edge;
  readonly formed: FormedCluster;
  readonly leaderId: number;
  readonly leaderEpoch: number;
  /** Where the committed log ended when the broker was registered. */
  readonly endOffset: number;
  readonly brokerEpoch: number;
  /** One small record is committed for each: the smallest write that a broker asks for. */
  readonly writeFrame: Uint8Array;
  /** Sends a frame to the leader over HTTP, on a connection that is kept; rejects unless a frame comes back. */
  send(frame: Uint8Array, agent: Agent): Promise<void>;
  stop(): Promise<void>;
}

export async function benchQuorum(): Promise<BenchQuorum> {
  const persistTo = await mkdtemp(join(tmpdir(), "kedge-bench-"));
  const edge = await startEdge({ persistTo, config: "bench/wrangler.toml" });
  const stop = async (): Promise<void> => {
    await edge.stop();
    await rm(persistTo, { recursive: true, force: true });
  };
  try {
    return { ...(await formedOn(edge)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function formedOn(edge: Edge): Promise<Omit<BenchQuorum, "stop">> {
  const formed = await formCluster(edge.url, { voters: 3 });
  const cluster = clusterClient(edge.url, formed.cluster_id);
  const brokerEpoch = await jsonBroker(cluster, 1).register();
  const { body } = await cluster.get<{
    readonly leader_id: number;
    readonly leader_epoch: number;
    readonly high_watermark: number;
  }>("quorum");
  const { leader_id: leaderId, leader_epoch: leaderEpoch, high_watermark: endOffset } = body;
  const writeFrame = requestFrame(
    AllocateProducerIds,
    { apiVersion: 0, correlationId: 1, clientId: "bench" },
    { brokerId: 1, brokerEpoch },
  );
  const url = `${edge.url}/kafka/v3/clusters/${formed.cluster_id}/controllers/${leaderId}/frames`;
  const send = (frame: Uint8Array, agent: Agent): Promise<void> => post(url, frame, agent);
  return { edge, formed, leaderId, leaderEpoch, endOffset, brokerEpoch, writeFrame, send };
}

function post(url: string, frame: Uint8Array, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": frame.byteLength };
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

/** The middle of some measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
