/**
 * `/clusters`: create, list, get, delete. The only resource that is built from the directory's entries and not from
 * metadata; an answer about one cluster carries a position all the same.
 */
import { Hono } from "hono";
import type {
  ClusterEntry,
  ClusterIdentity,
  ClusterPlan,
  ControllerEntry,
  ForkOrigin,
  ListedCluster,
} from "../../durable-objects/cluster-entry.ts";
import { settingsOf, type ClusterSettings } from "../../durable-objects/cluster-settings.ts";
import { parseJson, readText } from "../http/body.ts";
import { agrees, clusterRequestOf, type ClusterRequest } from "../clusters/cluster-requests.ts";
import {
  clusterKey,
  controllersOf,
  nodeIdsOf,
  reasonOf,
  reachController,
} from "../channel/controller-calls.ts";
import { directoryOf, findCluster, findListed, forgetCluster } from "../clusters/directory.ts";
import { forkPlan } from "../clusters/fork.ts";
import type { Bindings, Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { formCluster } from "../clusters/formation.ts";
import { observe } from "../observer/metadata-read.ts";
import { addressOf, resource, wholeList } from "../http/resources.ts";
import type { Related, Resource } from "../http/resources.ts";
import { forgetActive } from "../channel/active.ts";
import { stampPosition } from "../observer/position.ts";

interface ClusterData extends Resource, Omit<ClusterIdentity, "fork_of"> {
  /** The initial voters. */
  readonly controllers: readonly ControllerEntry[];
  /** Under Kafka's names, in milliseconds and bytes. */
  readonly settings: ClusterSettings;
  /** Of a fork: which cluster it began with, and the last record of it that it has. */
  readonly fork_of?: Pick<ForkOrigin, "cluster_id" | "offset">;
  readonly brokers: Related;
  readonly topics: Related;
  readonly quorum: Related;
  readonly metadata_log: Related;
  readonly snapshots: Related;
}

export const clusters = new Hono<Scope>();

clusters.get("/", async (context) => {
  const entries = await directoryOf(context.env).list();
  return context.json(
    wholeList(
      context,
      "KafkaClusterList",
      entries.map((entry) => clusterData(context, entry)),
    ),
  );
});

/** Answers once the cluster is formed and led. The same request again finishes a formation that broke off. */
clusters.post("/", async (context) => {
  const text = await readText(context.req.raw);
  const body = text.trim() === "" ? {} : parseJson(text);
  const asked = clusterRequestOf(body, Date.now(), continentOf(context.req.raw));
  assertKept(context.env, asked.plan);
  const { created, listed } = await listedFor(context.env, asked);
  if (!created && !agrees(listed.cluster, asked)) {
    throw new Problem(
      "CLUSTER_EXISTS",
      `cluster ${asked.plan.cluster_id} exists with other controllers, other settings, another metadata_version or another origin`,
    );
  }
  const entry = await formCluster(context.env, listed);
  context.set("entry", entry);
  const data = clusterData(context, entry);
  context.res = created
    ? context.json(data, 201, { Location: data.metadata.self })
    : context.json(data, 200);
  stampPosition(context);
  return context.res;
});

/** Where the platform says that the request comes from; a local run says nothing. */
function continentOf(request: Request): string | undefined {
  const cf: unknown = "cf" in request ? request.cf : undefined;
  if (typeof cf !== "object" || cf === null || !("continent" in cf)) return undefined;
  return typeof cf.continent === "string" ? cf.continent : undefined;
}

/** Refuses a jurisdiction that the runtime cannot keep, before anything is listed. */
function assertKept(env: Bindings, plan: ClusterPlan): void {
  try {
    controllersOf(env, plan);
  } catch (error) {
    const message = `jurisdiction: must be left out here: ${reasonOf(error)}`;
    throw new Problem("INVALID_REQUEST", message, { cause: error });
  }
}

/** A fork that cannot be made leaves nothing behind: which state it begins with is found out before it is listed. */
async function listedFor(
  env: Bindings,
  { plan, fork }: ClusterRequest,
): Promise<{ readonly created: boolean; readonly listed: ListedCluster }> {
  const directory = directoryOf(env);
  if (fork === null) return await directory.create(plan);
  const listed = await directory.get(plan.cluster_id);
  if (listed !== null) return { created: false, listed };
  return await directory.create(await forkPlan(env, plan, fork));
}

clusters.get("/:cluster_id", async (context) => {
  const entry = await findCluster(context.env, context.req.param("cluster_id"));
  context.set("entry", entry);
  const { position } = await observe(context.env, entry, {});
  context.set("position", position);
  context.res = context.json(clusterData(context, entry));
  stampPosition(context);
  return context.res;
});

/**
 * Wipes every controller, then takes the cluster off the list. The entry outlives the data, so a deletion that broke
 * off is finished by deleting again.
 */
clusters.delete("/:cluster_id", async (context) => {
  const { env } = context;
  const clusterId = context.req.param("cluster_id");
  forgetCluster(clusterId);
  const { cluster: entry } = await findListed(env, clusterId);
  await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      const response = await reachController(env, entry, { nodeId, route: "wipe" });
      await response.body?.cancel();
      if (!response.ok) {
        throw new Problem(
          "CONTROLLER_UNREACHABLE",
          `controller ${nodeId} was not wiped; delete again`,
        );
      }
    }),
  );
  await directoryOf(env).remove(clusterId);
  forgetCluster(clusterId);
  forgetActive(clusterKey(entry));
  return context.body(null, 204);
});

function clusterData(context: ScopedContext, entry: ClusterEntry): ClusterData {
  const path = ["clusters", entry.cluster_id];
  const { fork_of: origin } = entry;
  const related = (name: string): Related => ({ related: addressOf(context, ...path, name) });
  return {
    ...resource(context, "KafkaCluster", path),
    cluster_id: entry.cluster_id,
    controllers: entry.initial_voters,
    metadata_version: entry.metadata_version,
    settings: settingsOf(entry),
    created_ms: entry.created_ms,
    ...(entry.jurisdiction === undefined ? {} : { jurisdiction: entry.jurisdiction }),
    ...(origin === undefined
      ? {}
      : { fork_of: { cluster_id: origin.cluster_id, offset: origin.offset } }),
    brokers: related("brokers"),
    topics: related("topics"),
    quorum: related("quorum"),
    metadata_log: related("metadata-log"),
    snapshots: related("snapshots"),
  };
}
