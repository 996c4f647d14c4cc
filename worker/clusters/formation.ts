/**
 * Forming a cluster: every controller learns the initial voters, and the cluster exists once one of them leads
 * and its bootstrap records are committed. Every step can be repeated, so a request that broke off is finished by
 * sending it again.
 */
import { stableImage } from "../../src/metadata/index.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { readRefusal, type FormRequest } from "../../durable-objects/contract.ts";
import { clusterKey, nodeIdsOf, reachController } from "../channel/controller-calls.ts";
import { activeOf, statusOfAll } from "../channel/statuses.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { observe } from "../observer/metadata-read.ts";
import { rememberActive } from "../channel/active.ts";

/** Several elections long: the first one may meet split votes while the objects are still starting. */
const FORMATION_MS = 20_000;
const PAUSE_MS = 20;

/** Forms the cluster, or finds it formed; answers once a leader has committed the bootstrap records. */
export async function formCluster(env: Bindings, entry: ClusterEntry): Promise<void> {
  const request: FormRequest = { cluster: entry };
  const body = JSON.stringify(request);
  await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      const response = await reachController(env, entry, { nodeId, route: "form", body });
      if (response.ok) {
        await response.body?.cancel();
        return;
      }
      const reason = await readRefusal(response);
      throw new Problem("CONTROLLER_UNREACHABLE", `controller ${nodeId} was not formed: ${reason}`);
    }),
  );
  const deadline = Date.now() + FORMATION_MS;
  await untilActive(env, entry, deadline);
  await untilBootstrapped(env, entry, deadline);
}

/** Waits until one controller is active. */
async function untilActive(env: Bindings, entry: ClusterEntry, deadline: number): Promise<void> {
  for (;;) {
    const active = activeOf(await statusOfAll(env, entry));
    if (active !== undefined) {
      rememberActive(clusterKey(entry), active.node_id);
      return;
    }
    if (Date.now() >= deadline) {
      throw new Problem(
        "NO_ACTIVE_CONTROLLER",
        `cluster ${entry.cluster_id} has no active controller after ${FORMATION_MS} ms; send the request again`,
      );
    }
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** Waits until a reader sees the first records of the cluster, which the first leader writes as one transaction. */
async function untilBootstrapped(
  env: Bindings,
  entry: ClusterEntry,
  deadline: number,
): Promise<void> {
  let observation = await observe(env, entry, {});
  while (stableImage(observation.image).features.metadataVersion === 0) {
    const minOffset = observation.position.offset + 1;
    observation = await observe(env, entry, {
      minOffset,
      waitMs: Math.max(0, deadline - Date.now()),
    });
  }
}
