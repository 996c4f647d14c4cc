/**
 * What every controller of a cluster measures of itself. An isolate asks each of them once in a few seconds, however
 * many scrape.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { readJson, readRefusal } from "../../durable-objects/contract.ts";
import { isNodeMetrics, type NodeMetrics } from "../../durable-objects/metrics-contract.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";
import { CallPlaces } from "./call-places.ts";
import { callController, clusterKey, nodeIdsOf, reasonOf } from "./controller-calls.ts";
import { CALLS_MAX } from "./statuses.ts";
import { within } from "./within.ts";

/** One controller's, or the sentence that says why there are none. */
export interface NodeAnswer {
  readonly nodeId: number;
  readonly metrics: NodeMetrics | string;
}

/** Shorter than any scrape interval that is in use, and longer than two Prometheus of one deployment are apart. */
const FRESH_MS = 3_000;
/** One that says nothing for so long is not there: a scrape ends after 10 s by default. */
const ANSWER_MS = 4_000;
const KEPT_MAX = 500;

const kept = new Recent<{ readonly metrics: NodeMetrics | string; readonly atMs: number }>(
  KEPT_MAX,
);

/** In the order of the entry; `places` bounds the calls of several clusters. */
export async function metricsOfAll(
  env: Bindings,
  entry: ClusterEntry,
  places = new CallPlaces(CALLS_MAX),
): Promise<readonly NodeAnswer[]> {
  return await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      const name = `${clusterKey(entry)}/${nodeId}`;
      const known = kept.get(name);
      const ageMs = Date.now() - (known?.atMs ?? Number.NEGATIVE_INFINITY);
      if (known !== undefined && ageMs >= 0 && ageMs < FRESH_MS)
        return { nodeId, metrics: known.metrics };
      const metrics = await places.run(() => metricsOf(env, entry, nodeId));
      kept.set(name, { metrics, atMs: Date.now() });
      return { nodeId, metrics };
    }),
  );
}

async function metricsOf(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
): Promise<NodeMetrics | string> {
  try {
    const call = callController(env, entry, { nodeId, route: "metrics" });
    const response = await within(ANSWER_MS, call);
    if (!response.ok) return await readRefusal(response);
    return await readJson(response, isNodeMetrics);
  } catch (error) {
    if (error instanceof Problem) throw error;
    return reasonOf(error);
  }
}
