/**
 * A quorum of real objects inside workerd, driven by the routes that the Worker and the gateway use. Waiting is
 * for something that happens, by long poll or by asking again; never for a time.
 */
import { env } from "cloudflare:workers";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { controllerName } from "../../durable-objects/cluster-entry.ts";

const DIRECTORIES = ["JEXY6aqzQY-32P5TStzaFg", "MvDxzVmcRsaTz33bUuRU6A", "07R5amHmR32VDA6jHkGbTA"];

/** Three voters, or one, under a name of their own. */
export const clusterOf = (clusterId: string, voters = 3): ClusterEntry => ({
  cluster_id: clusterId,
  initial_voters: DIRECTORIES.slice(0, voters).map((directory_id, index) => ({
    node_id: 3000 + index,
    directory_id,
    host: "localhost",
    port: 9093 + index,
  })),
  metadata_version: 25,
  created_ms: 1_700_000_000_000,
});

export interface Status {
  readonly node_id: number;
  readonly role: string;
  readonly epoch: number;
  readonly leader_id: number;
  readonly high_watermark: number | null;
  readonly log_end_offset: number;
  readonly active: boolean;
  readonly tripped: string | null;
}

export const stubOf = (cluster: ClusterEntry, nodeId: number) =>
  env.CONTROLLERS.getByName(controllerName(cluster.cluster_id, nodeId));

export async function statusOf(cluster: ClusterEntry, nodeId: number): Promise<Status> {
  const response = await stubOf(cluster, nodeId).fetch("https://controller/status");
  return response.json();
}

/** Forms every voter and resolves with the status of the one that is active. */
export async function form(cluster: ClusterEntry): Promise<Status> {
  for (const { node_id } of cluster.initial_voters) {
    await stubOf(cluster, node_id).fetch("https://controller/form", {
      method: "POST",
      body: JSON.stringify({ cluster }),
    });
  }
  return activeOf(cluster);
}

/** Asks around until a node is active with a committed log; the test's own time-out is the bound. */
export async function activeOf(cluster: ClusterEntry, not = -1): Promise<Status> {
  for (;;) {
    await scheduler.wait(20);
    for (const { node_id } of cluster.initial_voters) {
      const status = await statusOf(cluster, node_id).catch(() => null);
      if (status?.active === true && (status.high_watermark ?? 0) > 3 && node_id !== not)
        return status;
    }
  }
}

/** One request in Kafka's JSON form to one node. */
export async function rpc(
  cluster: ClusterEntry,
  nodeId: number,
  call: { readonly api: string; readonly body: unknown; readonly version?: number },
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const version = call.version === undefined ? "" : `?version=${call.version}`;
  const response = await stubOf(cluster, nodeId).fetch(
    `https://controller/rpc/${call.api}${version}`,
    {
      method: "POST",
      body: JSON.stringify(call.body),
    },
  );
  return { status: response.status, body: await response.json() };
}

/** One Kafka frame to one node. */
export async function frame(
  cluster: ClusterEntry,
  nodeId: number,
  bytes: Uint8Array,
): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
  const response = await stubOf(cluster, nodeId).fetch("https://controller/frames", {
    method: "POST",
    body: bytes,
  });
  return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
}

export const registration = (
  cluster: ClusterEntry,
  brokerId: number,
): { readonly api: string; readonly body: unknown } => ({
  api: "BrokerRegistration",
  body: {
    brokerId,
    clusterId: cluster.cluster_id,
    incarnationId: "MkU3OEVBNTcwNTJENDM2Qg",
    listeners: [{ name: "PLAINTEXT", host: "127.0.0.1", port: 9092, securityProtocol: 0 }],
    features: [
      { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 },
      { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
      { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
      { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
    ],
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [`${String(brokerId).padStart(2, "0")}7xkX3pQm2vYtB9nW1sRA`],
    previousBrokerEpoch: -1,
  },
});
