/**
 * A cluster that others run is read here and never changed: what would change it is refused before any object is asked.
 * Frames and `rpc` may hold reads too; of those the observer itself refuses the others, in Kafka's words.
 */
import type { ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";

/** What holds frames or reads, and what an operator may do to the node that observes; below the cluster's own path. */
const IS_NO_CHANGE =
  /^\/kafka\/v3\/clusters\/[^/]+\/(?:rpc\/[^/]+|reads|controllers\/\d+(?:\/frames|:(?:restart|stop|start)))\/?$/;

/** Throws a `Problem` for a request that would change an observed cluster. */
export function refuseChangeOfObserved({ req, var: { entry } }: ScopedContext): void {
  if (entry.observed !== true || req.method === "GET" || req.method === "HEAD") return;
  if (IS_NO_CHANGE.test(req.path)) return;
  throw new Problem(
    "OBSERVED_CLUSTER",
    `cluster ${entry.cluster_id} is observed: it is changed where it runs, and nothing was changed here`,
  );
}
