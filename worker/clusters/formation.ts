/**
 * Forming a cluster: every controller learns the initial voters, and the cluster exists once one of them leads
 * and its bootstrap records are committed. Every step can be repeated, so a request that broke off is finished by
 * sending it again.
 */
import { stableImage } from "../../src/metadata/index.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { Env } from "../../durable-objects/env.ts";
import {
  clusterKey,
  nodeIdsOf,
  reachController,
  statusOfAll,
} from "../channel/controller-calls.ts";
import type { ControllerStatus } from "../channel/controller-calls.ts";
import { Problem } from "../http/errors.ts";
import { observe } from "../observer/metadata-read.ts";
import { rememberActive } from "../channel/active.ts";

/** Several elections long: the first one may meet split votes while the objects are still starting. */
const FORMATION_MS = 20_000;
const PAUSE_MS = 20;

/** Forms the cluster, or finds it formed; answers once a leader has committed the bootstrap records. */
export async function formCluster(env: Env, entry: ClusterEntry): Promise<ControllerStatus> {
  await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      const init = { method: "POST", body: JSON.stringify({ cluster: entry }) };
      const response = await reachController(env, entry, { nodeId, path: "/form", init });
      const text = await response.text();
      if (response.ok) return;
      throw new Problem("CONTROLLER_UNREACHABLE", `controller ${nodeId} was not formed: ${text}`);
    }),
  );
  const deadline = Date.now() + FORMATION_MS;
  const active = await untilActive(env, entry, deadline);
  await untilBootstrapped(env, entry, deadline);
  return active;
}

/** Waits until one controller is active. */
async function untilActive(
  env: Env,
  entry: ClusterEntry,
  deadline: number,
): Promise<ControllerStatus> {
  for (;;) {
    const active = activeOf((await statusOfAll(env, entry)).map(({ status }) => status));
    if (active !== undefined) {
      rememberActive(clusterKey(entry), active.node_id);
      return active;
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
async function untilBootstrapped(env: Env, entry: ClusterEntry, deadline: number): Promise<void> {
  let observation = await observe(env, entry, {});
  while (stableImage(observation.image).features.metadataVersion === 0) {
    const minOffset = observation.position.offset + 1;
    observation = await observe(env, entry, {
      minOffset,
      waitMs: Math.max(0, deadline - Date.now()),
    });
  }
}

/** The controller that can commit now: active, with a known high watermark. The newest epoch wins over a zombie's. */
export function activeOf(
  statuses: readonly (ControllerStatus | string)[],
): ControllerStatus | undefined {
  return statuses
    .filter((status) => typeof status !== "string")
    .filter((status) => status.active && (status.high_watermark ?? -1) > 0)
    .toSorted((one, other) => (other.epoch ?? -1) - (one.epoch ?? -1))[0];
}
