/**
 * A quorum of real objects inside workerd, driven by the routes that the Worker and the gateway use. Waiting is
 * for something that happens, by long poll or by asking again; never for a time.
 */
import { bearerHeader, UNLOCKED } from "../../durable-objects/bearer.ts";
import { env } from "cloudflare:workers";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { controllerName } from "../../durable-objects/cluster-entry.ts";
import {
  HEADERS,
  ROUTES,
  isControllerStatus,
  isPrepareAnswer,
  leaderNamedIn,
  readJson,
  urlOf,
  type ControllerStatus,
  type FormRequest,
  type RouteName,
  type VoterStatus,
} from "../../durable-objects/contract.ts";
import {
  apis,
  boundsOf,
  decodeResponseFrame,
  fromJson,
  requestFrame,
  type Api,
  type ApiName,
} from "../../src/protocol/index.ts";

const DIRECTORIES = ["JEXY6aqzQY-32P5TStzaFg", "MvDxzVmcRsaTz33bUuRU6A", "07R5amHmR32VDA6jHkGbTA"];

/** Three voters, or one, under a name of their own. Their directory ids are made up: `form` puts in those drawn. */
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

export const stubOf = (cluster: ClusterEntry, nodeId: number) =>
  env.CONTROLLERS.getByName(controllerName(cluster.cluster_id, nodeId));

/** Calls a route of one node. */
export const call = (
  cluster: ClusterEntry,
  nodeId: number,
  { route, body }: { readonly route: RouteName; readonly body?: string | Uint8Array },
): Promise<Response> =>
  stubOf(cluster, nodeId).fetch(urlOf(route), {
    method: ROUTES[route].method,
    body: body ?? null,
    headers: bearerHeader(UNLOCKED),
  });

export const statusOf = async (cluster: ClusterEntry, nodeId: number): Promise<ControllerStatus> =>
  readJson(await call(cluster, nodeId, { route: "status" }), isControllerStatus);

/** The status of a node that takes part; an error when it does not. */
export async function voterStatusOf(cluster: ClusterEntry, nodeId: number): Promise<VoterStatus> {
  const status = await statusOf(cluster, nodeId);
  if (!("epoch" in status)) throw new Error(`controller ${nodeId} takes no part: ${status.role}`);
  return status;
}

/** Prepares and forms every voter and resolves with the status of the one that is active. */
export async function form(cluster: ClusterEntry): Promise<VoterStatus> {
  const voters = await Promise.all(
    cluster.initial_voters.map(async (voter) => {
      const prepared = await call(cluster, voter.node_id, { route: "prepare" });
      return { ...voter, ...(await readJson(prepared, isPrepareAnswer)) };
    }),
  );
  const request: FormRequest = {
    cluster: { ...cluster, initial_voters: voters },
    is_formed: false,
  };
  for (const { node_id } of voters) {
    const formed = await call(cluster, node_id, { route: "form", body: JSON.stringify(request) });
    await formed.text();
  }
  return activeOf(cluster);
}

/** Waits until every node has replayed what the active one has committed; a follower hears of it a round later. */
export async function untilReplayed(cluster: ClusterEntry): Promise<void> {
  const { high_watermark: end } = await activeOf(cluster);
  for (const { node_id } of cluster.initial_voters) {
    for (;;) {
      const status = await statusOf(cluster, node_id);
      if ("applied_offset" in status && status.applied_offset + 1 >= (end ?? 0)) break;
      await scheduler.wait(20);
    }
  }
}

/** Asks around until a node is active with a committed log; the test's own time-out is the bound. */
export async function activeOf(cluster: ClusterEntry, not = -1): Promise<VoterStatus> {
  for (;;) {
    await scheduler.wait(20);
    for (const { node_id } of cluster.initial_voters) {
      const status = await statusOf(cluster, node_id).catch(() => null);
      if (status !== null && status.active && (status.high_watermark ?? 0) > 3 && node_id !== not)
        return status;
    }
  }
}

/** One request to one node, written as JSON and sent as a frame; the answer's `notController` names the leader. */
export async function rpc(
  cluster: ClusterEntry,
  nodeId: number,
  request: { readonly api: ApiName; readonly body: unknown; readonly version?: number },
): Promise<{
  readonly status: number;
  readonly notController: number | undefined;
  readonly isOutcomeUnknown: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}> {
  const api: Api = apis[request.api];
  const apiVersion = request.version ?? boundsOf(api.valid).high;
  const value = fromJson(api.request, apiVersion, request.body);
  const header = { apiVersion, correlationId: 1, clientId: "test" };
  const body = requestFrame(api, header, value);
  const response = await call(cluster, nodeId, { route: "frames", body });
  const { status } = response;
  const notController = leaderNamedIn(response.headers);
  const isOutcomeUnknown = response.headers.has(HEADERS.outcomeUnknown);
  const said = { status, notController, isOutcomeUnknown };
  if (!response.ok) return { ...said, body: await response.json() };
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { ...said, body: decodeResponseFrame(api, apiVersion, bytes).body };
}

/** One Kafka frame to one node. */
export async function frame(
  cluster: ClusterEntry,
  nodeId: number,
  bytes: Uint8Array,
): Promise<{ readonly status: number; readonly bytes: Uint8Array }> {
  const response = await call(cluster, nodeId, { route: "frames", body: bytes });
  return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
}

export const registration = (
  cluster: Pick<ClusterEntry, "cluster_id">,
  brokerId: number,
): { readonly api: ApiName; readonly body: unknown } => ({
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
