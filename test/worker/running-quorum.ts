/**
 * A real quorum for a test file: one workerd in a folder of its own on a free port, one cluster in it, gone when the
 * file is done.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterClient, formCluster } from "../../client/cluster-client.ts";
import type { ClusterClient, FormedCluster } from "../../client/cluster-client.ts";
import { startEdge } from "../../local/edge.ts";
import type { Edge } from "../../local/edge.ts";

export interface RunningQuorum {
  readonly edge: Edge;
  readonly formed: FormedCluster;
  readonly cluster: ClusterClient;
  readonly persistTo: string;
  stop(): Promise<void>;
}

export async function runningQuorum(voters: 1 | 3 | 5 = 3): Promise<RunningQuorum> {
  const persistTo = await mkdtemp(join(tmpdir(), "kedge-worker-test-"));
  const edge = await startEdge({ persistTo });
  const formed = await formCluster(edge.url, { voters });
  return {
    edge,
    formed,
    cluster: clusterClient(edge.url, formed.cluster_id),
    persistTo,
    async stop() {
      await edge.stop();
      await rm(persistTo, { recursive: true, force: true });
    },
  };
}

/** What `request` was refused with; fails when it was not. */
export async function refusalOf(
  request: Promise<Response>,
): Promise<{ readonly status: number; readonly error_code: number; readonly message: string }> {
  const response = await request;
  const text = await response.text();
  if (response.ok) throw new Error(`not refused: ${response.status} ${text.slice(0, 200)}`);
  const body: { readonly error_code: number; readonly message: string } = JSON.parse(text);
  return { status: response.status, ...body };
}
