/** Having a node draw the id of its storage, which is the first thing that a node of a cluster does. */
import type { ClusterEntry, ClusterPlan } from "../../durable-objects/cluster-entry.ts";
import { isPrepareAnswer, readJson, readRefusal } from "../../durable-objects/contract.ts";
import { reachController } from "../channel/controller-calls.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";

/** The directory id of the node's storage, drawn now or before; a Kafka uuid. */
export async function prepare(
  env: Bindings,
  cluster: ClusterPlan | ClusterEntry,
  nodeId: number,
): Promise<string> {
  const response = await reachController(env, cluster, { nodeId, route: "prepare" });
  if (response.ok) return (await readJson(response, isPrepareAnswer)).directory_id;
  const message = `controller ${nodeId} was not prepared: ${await readRefusal(response)}`;
  throw new Problem("CONTROLLER_UNREACHABLE", message);
}
