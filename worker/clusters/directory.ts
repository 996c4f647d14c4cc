/**
 * Calls of the directory. It is one object, so nothing waits for it without a bound, and that it does not answer is a
 * refusal of its own. Which requests need it at all is in `known-clusters.ts`.
 */
import type { ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { clusterDeleted, reasonOf } from "../channel/controller-calls.ts";
import { within } from "../channel/within.ts";
import type { Bindings, Directory } from "../env.ts";
import { Problem } from "../http/errors.ts";

/** A look that every request about a cluster may have to wait for. */
const LOOK_MS = 1_000;
/** A list, which is read whole. */
const LIST_MS = 10_000;
/** A change: it may tell the nodes of a cluster, and waits some seconds for them. */
const CHANGE_MS = 30_000;

export const lookIntoDirectory = <Answer>(
  env: Bindings,
  look: (directory: Directory) => Promise<Answer>,
): Promise<Answer> => askDirectory(env, look, LOOK_MS);

export const listFromDirectory = <Answer>(
  env: Bindings,
  list: (directory: Directory) => Promise<Answer>,
): Promise<Answer> => askDirectory(env, list, LIST_MS);

/** Every change can be made again: whether one was made that was not answered is not known. */
export const changeDirectory = <Answer>(
  env: Bindings,
  change: (directory: Directory) => Promise<Answer>,
): Promise<Answer> => askDirectory(env, change, CHANGE_MS);

async function askDirectory<Answer>(
  env: Bindings,
  ask: (directory: Directory) => Promise<Answer>,
  limitMs: number,
): Promise<Answer> {
  try {
    return await within(limitMs, ask(env.DIRECTORY.getByName("directory")));
  } catch (error) {
    throw new Problem(
      "DIRECTORY_UNREACHABLE",
      `the directory of clusters did not answer: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** The refusal of a cluster that is not there. */
export const unknownCluster = (clusterId: string): Problem =>
  new Problem("UNKNOWN_CLUSTER", `no cluster has the id ${clusterId.slice(0, 100)}`);

/** The cluster as it is listed, if it is there and not deleted; else a `Problem`. */
export function requireListed(clusterId: string, listed: ListedCluster | null): ListedCluster {
  if (listed === null) throw unknownCluster(clusterId);
  if (listed.deletion === undefined) return listed;
  throw clusterDeleted(clusterId, listed.deletion.undelete_until_ms);
}
