/** The cluster's quorum, and how far away it is: whether it can commit, who lacks what, how long a majority takes. */
import type { Cluster, Kedge } from "../../client/kedge.ts";
import type { ControllerStatus, UnreachableController } from "../../client/controllers.ts";
import { median } from "./edge.ts";
import { ill, odd, well, type Finding } from "./finding.ts";

const ASKS = 5;
/** A broker's session is nine seconds; a quorum that takes so long is in trouble far earlier. */
const SLOW_MS = 500;
/** Records; beyond that a voter is no use to a failover. */
const LAG = 1_000;

export async function examineQuorum(kedge: Kedge, cluster: Cluster): Promise<readonly Finding[]> {
  const id = cluster.clusterId;
  const { clusters } = await kedge.health.ready(id);
  const found = clusters.find((each) => each.cluster_id === id);
  if (found?.ready !== true) {
    const mend = "kedge quorum says who is missing; docs/OPERATING.md what to do then.";
    return [ill(`the quorum cannot commit: ${found?.reason ?? "it does not say why"}`, mend)];
  }
  // What a majority confirms wakes a quorum that sleeps, so that somebody leads when it is described.
  const far = await distances(cluster);
  const state = await cluster.quorum.describe();
  const lags = state.voters.map(({ replica_id: voter, lag }) => ({ voter, lag }));
  return [
    well(`controller ${state.leader_id} leads in epoch ${state.leader_epoch}, and can commit`),
    ...state.controllers.flatMap(controller),
    ...lags
      .filter(({ lag }) => lag > LAG)
      .map(({ voter, lag }) =>
        odd(`voter ${voter} lacks ${lag} records`, "It catches up by itself; look again."),
      ),
    ...far,
  ];
}

function controller(status: ControllerStatus | UnreachableController): readonly Finding[] {
  const name = `controller ${status.node_id}`;
  if ("unreachable" in status)
    return [
      odd(
        `${name} does not answer: ${status.unreachable}`,
        "While another is gone too, nothing can be written.",
      ),
    ];
  if (status.tripped !== null)
    return [
      ill(
        `${name} has stopped itself: ${status.tripped}`,
        `Read docs/OPERATING.md, then replace it: kedge quorum replace ${status.node_id}.`,
      ),
    ];
  if (["stopped", "refused", "unformed", "deleted"].includes(status.role))
    return [
      odd(`${name} is ${status.role}`, `kedge quorum start ${status.node_id}, or replace it.`),
    ];
  const distrusted = status.distrusted_voters ?? [];
  if (distrusted.length === 0) return [];
  return distrusted.map((voter) =>
    ill(
      `${name} counts voter ${voter} no more: its storage went back`,
      `Replace it: kedge quorum replace ${voter}.`,
    ),
  );
}

async function distances(cluster: Cluster): Promise<readonly Finding[]> {
  const images = await timed(() => cluster.topics.health({ maxStalenessMs: 60_000 }));
  const leader = await timed(() => cluster.quorum.describe());
  const majority = await timed(() => cluster.brokers.list({ linearizable: true }));
  const what =
    `a read takes ${images.toFixed(1)} ms, the leader ${leader.toFixed(1)} ms, ` +
    `what a majority confirms ${majority.toFixed(1)} ms`;
  if (majority < SLOW_MS) return [well(what)];
  return [
    odd(
      what,
      "The voters are far apart, or busy: look at their location hints (kedge clusters show).",
    ),
  ];
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let at = 0; at < ASKS; at += 1) {
    const startMs = performance.now();
    await ask();
    took.push(performance.now() - startMs);
  }
  return median(took);
}
