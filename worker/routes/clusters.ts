/**
 * `/clusters`: create, list, get, delete. The only resource that is built from the directory's entries and not from
 * metadata; an answer about one cluster carries a position all the same.
 */
import { Hono } from "hono";
import type {
  ClusterEntry,
  ClusterIdentity,
  ControllerEntry,
  ForkOrigin,
  ListedCluster,
} from "../../durable-objects/cluster-entry.ts";
import { settingsOf, type ClusterSettings } from "../../durable-objects/cluster-settings.ts";
import { parseJson, readText } from "../http/body.ts";
import { agrees, clusterRequestOf, type ClusterRequest } from "../clusters/cluster-requests.ts";
import { clusterKey, nodeIdsOf, reachController } from "../channel/controller-calls.ts";
import { directoryOf, findCluster, findListed, forgetCluster } from "../clusters/directory.ts";
import { forkPlan } from "../clusters/fork.ts";
import { assertClusterMay, demandRole, isFor } from "../access/authenticate.ts";
import { from } from "../../src/access/index.ts";
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
      entries
        .filter(({ cluster_id: id }) => isFor(context.var.asker, id))
        .map((entry) => clusterData(context, entry)),
    ),
  );
});

/** Answers once the cluster is formed and led. The same request again finishes a formation that broke off. */
clusters.post("/", async (context) => {
  const text = await readText(context.req.raw);
  const asked = clusterRequestOf(text.trim() === "" ? {} : parseJson(text), Date.now());
  const { asker } = context.var;
  // Whoever may change a cluster's controllers may rehearse on a fork of it; others are an admin's to make.
  if (asked.fork === null) demandRole(asker, from("admin"));
  else assertClusterMay(asker, asked.fork.cluster_id);
  const { created, listed } = await listedFor(context.env, asked);
  if (!created && !agrees(listed.cluster, asked)) {
    throw new Problem(
      "CLUSTER_EXISTS",
      `cluster ${asked.plan.cluster_id} exists with other controllers, other settings, another metadata_version or another origin`,
    );
  }
  const entry = await formCluster(context.env, listed);
  context.set("entry", entry);
  const body = clusterData(context, entry);
  context.res = created
    ? context.json(body, 201, { Location: body.metadata.self })
    : context.json(body, 200);
  stampPosition(context);
  return context.res;
});

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
