/**
 * `/clusters`: create, list, get. The only resource that is built from the directory's entries and not from
 * metadata; an answer about one cluster carries a position all the same.
 */
import { Hono } from "hono";
import type { BootstrapUser } from "../../durable-objects/bootstrap-users.ts";
import { undeletableUntil } from "../../durable-objects/cluster-deletion.ts";
import type { ClusterEntry, ClusterPlan } from "../../durable-objects/cluster-entry.ts";
import type { ClusterOwner, ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { jsonOrNothing } from "../http/body-fields.ts";
import { bootstrapUsers, usersAgree } from "../clusters/bootstrap-users.ts";
import { agrees, clusterRequestOf, type ClusterRequest } from "../clusters/cluster-requests.ts";
import { objectsOf } from "../../durable-objects/jurisdictions.ts";
import { reasonOf } from "../channel/controller-calls.ts";
import { changeDirectory, listFromDirectory, lookIntoDirectory } from "../clusters/directory.ts";
import { forkPlan } from "../clusters/fork.ts";
import { assertClusterMay, demandRole, isFor } from "../access/authenticate.ts";
import { from } from "../../src/access/index.ts";
import { forgetCluster } from "../clusters/known-clusters.ts";
import type { Authenticated, Bindings, Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { invalid } from "../http/fields.ts";
import { formCluster } from "../clusters/formation.ts";
import { observeFor } from "../observer/metadata-read.ts";
import { wholeList } from "../http/resources.ts";
import { stampPosition } from "../observer/position.ts";
import { assertNotRevokedIn, findForAsker } from "./revoked.ts";
import { clusterData, type ClusterData } from "./cluster-data.ts";

/** Each is objects that stay awake, and cost. */
const CLUSTERS_PER_TOKEN = 100;

export const clusters = new Hono<Scope>();

clusters.get("/", async (context) =>
  context.json(wholeList(context, "KafkaClusterList", await listedData(context))),
);

/** The clusters; with `?deleted=true` those that are deleted and not wiped yet. */
async function listedData(context: ScopedContext): Promise<readonly ClusterData[]> {
  const { env } = context;
  const { asker } = context.var;
  switch (context.req.query("deleted")) {
    case undefined:
    case "false": {
      const entries = await listFromDirectory(env, (directory) => directory.list());
      return entries
        .filter(({ cluster_id: id }) => isFor(asker, id))
        .map((entry) => clusterData(context, entry));
    }
    case "true": {
      const deleted = await listFromDirectory(env, (directory) => directory.listDeleted());
      return deleted
        .filter(({ cluster }) => isFor(asker, cluster.cluster_id))
        .map(({ cluster, deletion }) => clusterData(context, cluster, { deletion }));
    }
    default:
      throw invalid("deleted", "true or false");
  }
}

/** Answers once the cluster is formed and led. The same request again finishes a formation that broke off. */
clusters.post("/", async (context) => {
  const body = await jsonOrNothing(context.req.raw);
  const asked = clusterRequestOf(body, Date.now(), continentOf(context.req.raw));
  const { asker } = context.var;
  // Whoever may change a cluster's controllers may rehearse on a fork of it; others are an admin's to make.
  if (asked.fork === null) demandRole(asker, from("admin"));
  else {
    assertClusterMay(asker, asked.fork.cluster_id);
    await assertNotRevokedIn(context, asked.fork.cluster_id);
  }
  assertKept(context.env, asked.plan);
  const { created, listed, users } = await listedFor(context.env, asked, ownerOf(asker));
  if (listed.deletion !== undefined) throw idOfDeleted(listed);
  const isSame =
    created || (agrees(listed.cluster, asked) && (await usersAgree(users, asked.users)));
  if (!isSame) {
    throw new Problem(
      "CLUSTER_EXISTS",
      `cluster ${asked.plan.cluster_id} exists with other controllers, other settings, another metadata_version, other SCRAM users or another origin`,
    );
  }
  // It may have been asked for before it was there.
  forgetCluster(asked.plan.cluster_id);
  const entry = await formCluster(context.env, listed, users);
  context.set("entry", entry);
  const data = await dataOf(context, entry);
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
    objectsOf(env.CONTROLLERS, plan);
  } catch (error) {
    const message = `jurisdiction: must be left out here: ${reasonOf(error)}`;
    throw new Problem("INVALID_REQUEST", message, { cause: error });
  }
}

/** A fork that cannot be made leaves nothing behind: which state it begins with is found out before it is listed. */
async function listedFor(
  env: Bindings,
  { plan, fork, users: asked }: ClusterRequest,
  owner: ClusterOwner | undefined,
): Promise<Listed> {
  if (fork === null) return await create(env, plan, owner, await bootstrapUsers(asked ?? []));
  const listed = await lookIntoDirectory(env, (directory) => directory.get(plan.cluster_id));
  if (listed !== null) return { created: false, listed, users: [] };
  return await create(env, await forkPlan(env, plan, fork), owner, []);
}

interface Listed {
  readonly created: boolean;
  readonly listed: ListedCluster;
  /** The SCRAM users that it begins with. A fork has those of the other cluster. */
  readonly users: readonly BootstrapUser[];
}

/** A token owns what it has created: one that got lost cannot fill the deployment. */
const ownerOf = ({ claims }: Authenticated): ClusterOwner | undefined =>
  claims === null ? undefined : { owner: claims.id, ownerMax: CLUSTERS_PER_TOKEN };

async function create(
  env: Bindings,
  plan: ClusterPlan,
  owner: ClusterOwner | undefined,
  users: readonly BootstrapUser[],
): Promise<Listed> {
  const creation = await changeDirectory(env, (directory) => directory.create(plan, owner, users));
  switch (creation.outcome) {
    case "created":
    case "present":
      return { ...creation, created: creation.outcome === "created" };
    case "full":
      throw new Problem(
        "TOO_MANY_CLUSTERS",
        `a deployment lists at most ${creation.max} clusters; deleted ones count until they are wiped`,
      );
    case "owner-full":
      throw new Problem(
        "OWNER_HAS_TOO_MANY",
        `this token has created ${creation.max} clusters, and no more may be; deleted ones count until they are wiped`,
      );
  }
}

const idOfDeleted = ({ cluster, deletion }: ListedCluster): Problem =>
  new Problem(
    "CLUSTER_EXISTS",
    `the id ${cluster.cluster_id} is that of a deleted cluster; ${undeletableUntil(deletion?.undelete_until_ms ?? 0)}, and is free once it is wiped`,
  );

clusters.get("/:cluster_id", async (context) => {
  const entry = await findForAsker(context, context.req.param("cluster_id"));
  context.set("entry", entry);
  context.res = context.json(await dataOf(context, entry));
  stampPosition(context);
  return context.res;
});

/**
 * The cluster and what its log says of it, whose position becomes the answer's. An observed cluster is there before
 * anything is known of its log.
 */
async function dataOf(context: ScopedContext, entry: ClusterEntry): Promise<ClusterData> {
  try {
    const { image, position } = await observeFor(context, {});
    context.set("position", position);
    return clusterData(context, entry, { image });
  } catch (error) {
    const isUnheard = error instanceof Problem && error.kind === "CONTROLLER_UNREACHABLE";
    if (entry.observed !== true || !isUnheard) throw error;
    return clusterData(context, entry);
  }
}
