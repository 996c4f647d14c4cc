/**
 * Whether the authorizer of a cluster lets somebody do what no frame of his asks for: steps that the Worker takes in
 * his name, among them some that the log knows nothing of.
 */
import type { Bearer } from "../../durable-objects/bearer.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { authorizerOf, settingsOf } from "../../durable-objects/cluster-settings.ts";
import { DescribeCluster, errorName } from "../../src/protocol/index.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { callKafka } from "./kafka-calls.ts";

/** On a controller it takes ALTER to be answered (KIP-919), so the answer says who has it. */
const CONTROLLERS = { endpointType: 2, includeClusterAuthorizedOperations: false } as const;

/** Returns when the bearer may ALTER the cluster. A `Problem` FORBIDDEN when he may not. */
export async function assertMayAlter(
  env: Bindings,
  entry: ClusterEntry,
  bearer: Bearer,
): Promise<void> {
  if (authorizerOf(settingsOf(entry)) === null) return;
  const call = { api: DescribeCluster, version: 1, request: CONTROLLERS, bearer };
  const { response } = await callKafka(env, entry, call);
  const error = errorName(response.errorCode);
  if (error === "NONE") return;
  if (error === "CLUSTER_AUTHORIZATION_FAILED") throw clusterDenied("ALTER", bearer);
  throw new Problem("FORBIDDEN", `whether ALTER is allowed cannot be told: ${error}`);
}

/** The refusal of whom the authorizer denies `operation` on the cluster. */
export const clusterDenied = (operation: "ALTER" | "DESCRIBE", { principal }: Bearer): Problem =>
  new Problem(
    "FORBIDDEN",
    `the authorizer of this cluster denies ${operation} on it to User:${principal}`,
  );
