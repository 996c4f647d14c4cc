/** All clusters that the token is for, at a glance: whether each can commit, and who leads it. */
import type { FormedCluster, Readiness } from "../client/clusters.ts";
import type { Kedge } from "../client/kedge.ts";
import { RefusedError } from "../client/refused-error.ts";
import { paused } from "../client/caller.ts";
import type { Freshness } from "./bar.ts";
import { refusalIn } from "./dialog.ts";
import { h, rows, say } from "./element.ts";
import { counted, duration, time } from "./numbers.ts";
import { clusterHref } from "./place.ts";

export interface Surroundings {
  readonly signal: AbortSignal;
  readonly heard: (freshness: Freshness) => void;
  /** For what time does not mend. */
  readonly refused: (error: RefusedError) => void;
}

const LOOK_MS = 5_000;

interface Glance {
  readonly cluster: FormedCluster;
  /** Undefined of one that was not asked. */
  readonly readiness: Readiness | undefined;
}

export function clustersView(kedge: Kedge, surroundings: Surroundings): HTMLElement {
  const list = h("ul", { class: "clusters" });
  const note = h("p", { class: "note" }, "Asking…");
  const show = rows<Glance>(list, ({ cluster }) => cluster.cluster_id, glanceRow);
  void watch(kedge, surroundings, (glances) => {
    show(glances);
    const ready = glances.filter(({ readiness }) => readiness?.ready === true).length;
    say(
      note,
      glances.length === 0
        ? "No cluster yet. One is formed by a POST to /kafka/v3/clusters, or by npm start."
        : `${counted(glances.length, "cluster")}, ${ready} of which can commit now.`,
    );
  });
  return h(
    "main",
    { id: "main", tabindex: "-1" },
    h("div", { class: "head" }, h("div", {}, h("h1", {}, "Clusters"), note)),
    list,
  );
}

async function watch(
  { clusters, health }: Kedge,
  { signal, heard, refused }: Surroundings,
  show: (glances: readonly Glance[]) => void,
): Promise<void> {
  let heardMs: number | null = null;
  try {
    for (;;) {
      try {
        const [all, { clusters: readiness }] = await Promise.all([
          clusters.list({ signal }),
          health.ready(undefined, { signal }),
        ]);
        const byId = new Map(readiness.map((each) => [each.cluster_id, each]));
        show(all.map((cluster) => ({ cluster, readiness: byId.get(cluster.cluster_id) })));
        heardMs = performance.now();
        heard({ tone: "good", text: "live" });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof RefusedError && [401, 403].includes(error.status)) {
          refused(error);
          return;
        }
        const age = heardMs === null ? "" : `, ${duration(performance.now() - heardMs)} old`;
        heard({ tone: "bad", text: `cut off${age}: ${refusalIn(error)}` });
      }
      await paused(LOOK_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function glanceRow({ cluster }: Glance) {
  const state = h("span", { class: "state" });
  const more = h("span", { class: "more" });
  const link = h(
    "a",
    { class: "cluster", href: clusterHref(cluster.cluster_id) },
    h("span", { class: "id" }, cluster.cluster_id),
    state,
    more,
  );
  return {
    element: h("li", {}, link),
    show: ({ cluster: shown, readiness }: Glance) => {
      link.dataset["tone"] = readiness === undefined ? "plain" : readiness.ready ? "good" : "bad";
      say(state, stateOf(readiness));
      say(more, moreOf(shown, readiness));
    },
  };
}

function stateOf(readiness: Readiness | undefined): string {
  if (readiness === undefined) return "not asked: too many clusters";
  if (!readiness.ready) return "cannot commit";
  return readiness.leader_id === null ? "can commit" : `can commit · ${readiness.leader_id} leads`;
}

function moreOf(cluster: FormedCluster, readiness: Readiness | undefined): string {
  const facts = [counted(cluster.controllers.length, "controller")];
  if (cluster.observed === true) facts.push("observed: others run its quorum");
  if (cluster.fork_of !== undefined)
    facts.push(`a fork of ${cluster.fork_of.cluster_id} at ${cluster.fork_of.offset}`);
  if (cluster.jurisdiction !== undefined) facts.push(`kept in ${cluster.jurisdiction}`);
  facts.push(`formed ${time(cluster.created_ms)}`);
  const reason = readiness?.ready === false ? `${readiness.reason ?? ""} · ` : "";
  return `${reason}${facts.join(" · ")}`;
}
