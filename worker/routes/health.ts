/**
 * `/health/live` and `/health/ready`. Live: the Worker runs. Ready: every cluster (or the one of `?cluster_id=`)
 * has a controller in office, and a majority has confirmed just now that it leads, so its quorum can commit; one that
 * others run is heard. No memory is consulted: the controllers are asked each time. A quorum that sleeps is ready, and
 * is not woken to prove it.
 */
import { Hono } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { assertClusterMay, isFor } from "../access/authenticate.ts";
import { CallPlaces } from "../channel/call-places.ts";
import { reasonOf } from "../channel/controller-calls.ts";
import { readIndexAt } from "../channel/read-index.ts";
import {
  CALLS_MAX,
  activeOf,
  isQuorumAsleep,
  statusOfAll,
  type SelfDescription,
} from "../channel/statuses.ts";
import { within } from "../channel/within.ts";
import { listFromDirectory } from "../clusters/directory.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { assertNotRevokedIn, findForAsker } from "./revoked.ts";

interface Readiness {
  readonly cluster_id: string;
  readonly ready: boolean;
  /** Its quorum sleeps: it can commit when it is asked to. */
  readonly asleep: boolean;
  /** The active controller's id, or null. */
  readonly leader_id: number | null;
  readonly reason: string | null;
}

/** A leader that nobody confirms says so before; one that says nothing may hang. */
const CONFIRMED_MS = 5_000;

/** Asking more clusters than this in one request would meet the platform's bound on subrequests. */
const ASKED_MAX = 100;

export const health = new Hono<Scope>();

health.get("/live", (context) => context.json({ live: true }));

health.get("/ready", async (context) => {
  const listed = await askedFor(context);
  const places = new CallPlaces(CALLS_MAX);
  const clusters = await Promise.all(
    listed.slice(0, ASKED_MAX).map((entry) => readinessOf(context, entry, places)),
  );
  const ready = clusters.every((cluster) => cluster.ready);
  const notAsked = listed.length - clusters.length;
  return context.json({ ready, not_asked: notAsked, clusters }, ready ? 200 : 503);
});

async function askedFor(context: ScopedContext): Promise<readonly ClusterEntry[]> {
  const clusterId = context.req.query("cluster_id");
  const { asker } = context.var;
  if (clusterId !== undefined) {
    assertClusterMay(asker, clusterId);
    return [await findForAsker(context, clusterId)];
  }
  await assertNotRevokedIn(context, asker.claims?.cluster);
  const entries = await listFromDirectory(context.env, (directory) => directory.list());
  return entries.filter(({ cluster_id: id }) => isFor(asker, id));
}

async function readinessOf(
  context: ScopedContext,
  entry: ClusterEntry,
  places: CallPlaces,
): Promise<Readiness> {
  const statuses = await statusOfAll(context.env, entry, places);
  if (entry.observed === true) return observedReadiness(entry, statuses);
  const active = activeOf(statuses);
  if (isQuorumAsleep(statuses)) {
    const leaderId = active?.node_id ?? null;
    const { cluster_id } = entry;
    return { cluster_id, ready: true, asleep: true, leader_id: leaderId, reason: null };
  }
  const seen = statuses.map(({ nodeId, status }) =>
    typeof status === "string"
      ? `${nodeId}: ${status.slice(0, 200)}`
      : `${nodeId} is ${status.role}${"epoch" in status ? ` in epoch ${status.epoch}` : ""}`,
  );
  const doubt =
    active === undefined
      ? seen.join("; ")
      : await places.run(() => doubtOf(context, entry, active.node_id));
  return {
    cluster_id: entry.cluster_id,
    ready: doubt === null,
    asleep: false,
    leader_id: active?.node_id ?? null,
    reason: doubt === null ? null : `no controller can commit: ${doubt}`,
  };
}

/** What an observed cluster shows may be so old, and it still counts as followed. A healthy one is some 5 s old. */
const OBSERVED_MS = 10_000;

/** Whether the quorum that others run is heard; that it can commit is theirs to say. */
function observedReadiness(
  { cluster_id }: ClusterEntry,
  [only]: readonly SelfDescription[],
): Readiness {
  const status = only?.status ?? "it has no node";
  const observed = typeof status === "string" || !("observed" in status) ? undefined : status;
  const { age_ms: ageMs = null, problem = null } = observed?.observed ?? {};
  const ready = ageMs !== null && ageMs <= OBSERVED_MS;
  const leaderId = observed?.leader_id ?? -1;
  const why = typeof status === "string" ? status : (problem ?? `the observer is ${status.role}`);
  const age = ageMs === null ? "nothing was heard" : `what is known is ${ageMs} ms old`;
  return {
    cluster_id,
    ready,
    asleep: false,
    leader_id: leaderId < 0 ? null : leaderId,
    reason: ready ? null : `the observed quorum is not followed: ${age}; ${why.slice(0, 300)}`,
  };
}

/** Why it is not certain that this controller leads; null when a majority has just confirmed it. */
async function doubtOf(
  context: ScopedContext,
  entry: ClusterEntry,
  nodeId: number,
): Promise<string | null> {
  try {
    await within(CONFIRMED_MS, readIndexAt(context.env, entry, nodeId));
    return null;
  } catch (error) {
    return `${nodeId}: ${reasonOf(error)}`;
  }
}
