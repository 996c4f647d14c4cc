/** A quorum with one registered broker, and the frames that broker would send. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterClient, formCluster, type FormedCluster } from "../scripts/cluster-client.ts";
import { startEdge, type Edge } from "../scripts/edge.ts";
import { jsonBroker } from "../scripts/json-broker.ts";
import { AllocateProducerIds, requestFrame } from "../src/protocol/index.ts";

export interface BenchQuorum {
  readonly edge: Edge;
  readonly formed: FormedCluster;
  readonly leaderId: number;
  readonly brokerEpoch: number;
  /** One small record is committed for each: the smallest write that a broker asks for. */
  readonly writeFrame: Uint8Array;
  stop(): Promise<void>;
}

export async function benchQuorum(): Promise<BenchQuorum> {
  const persistTo = await mkdtemp(join(tmpdir(), "kedge-bench-"));
  const edge = await startEdge({ persistTo, config: "bench/wrangler.toml" });
  const formed = await formCluster(edge.url, { voters: 3 });
  const cluster = clusterClient(edge.url, formed.cluster_id);
  const brokerEpoch = await jsonBroker(cluster, 1).register();
  const quorum = await cluster.get<{ readonly leader_id: number }>("quorum");
  const writeFrame = requestFrame(
    AllocateProducerIds,
    { apiVersion: 0, correlationId: 1, clientId: "bench" },
    { brokerId: 1, brokerEpoch },
  );
  return {
    edge,
    formed,
    leaderId: quorum.body.leader_id,
    brokerEpoch,
    writeFrame,
    async stop() {
      await edge.stop();
      await rm(persistTo, { recursive: true, force: true });
    },
  };
}

/** The middle of some measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
