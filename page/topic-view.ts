/** A topic: its partitions with their replicas, its configs and where each comes from, and what one can do to it. */
import type { Kedge } from "../client/kedge.ts";
import { RefusedError } from "../client/refused-error.ts";
import type { Partition, Topic } from "../client/topics.ts";
import {
  deleteTopic,
  electPreferred,
  alterConfig,
  growTopic,
  reassign,
  type Hands,
} from "./actions.ts";
import { watchAge, type ClusterSurroundings } from "./cluster-view.ts";
import { refusalIn } from "./dialog.ts";
import { button, h, say } from "./element.ts";
import { connectedUntil } from "./connected.ts";
import { configsTable } from "./configs-table.ts";
import { LiveCluster } from "./live-cluster.ts";
import { counted } from "./numbers.ts";
import { partitionsTable } from "./partitions-table.ts";
import { section } from "./section.ts";
import { may, type Session } from "./session.ts";

interface Shown {
  readonly topic: Topic;
  readonly partitions: readonly Partition[];
}

export function topicView(
  kedge: Kedge,
  place: { readonly clusterId: string; readonly topic: string },
  surroundings: ClusterSurroundings,
): HTMLElement {
  const { session, signal } = surroundings;
  const cluster = connectedUntil(signal, kedge.cluster(place.clusterId));
  const words = h("p", {}, "Asking…");
  const partitions = partitionsTable();
  const configs = configsTable();
  const buttons = h("div", { class: "buttons" });
  let shown: Shown | null = null;

  const read = async (): Promise<void> => {
    try {
      const [topic, all, set] = await Promise.all([
        cluster.topics.get(place.topic, { signal }),
        cluster.topics.partitions(place.topic, { signal }),
        cluster.configs.topic(place.topic).list({ signal }),
      ]);
      shown = { topic, partitions: all };
      words.dataset["tone"] = "plain";
      say(
        words,
        `${counted(topic.partitions_count, "partition")}, replication factor ${topic.replication_factor}${topic.is_internal ? ", internal" : ""} · id ${topic.topic_id ?? ""}`,
      );
      partitions.show(all);
      configs.show(set);
      buttons.hidden = false;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RefusedError && error.status === 401) {
        surroundings.refused(error);
        return;
      }
      words.dataset["tone"] = "bad";
      say(words, refusalIn(error));
      if (error instanceof RefusedError && error.status === 404) buttons.hidden = true;
    }
  };
  const live = new LiveCluster(cluster, {
    signal,
    // The log has said that something changed.
    told: (part) => {
      if (part === "state") void read();
    },
    refused: surroundings.refused,
  });
  const hands = { cluster, live };
  if (may(session, "editor")) {
    partitions.allow(({ partition_id: partition, replica_ids: ids }) => {
      void reassign(hands, { topic: place.topic, partition }, ids);
    });
    configs.allow((config) => void alterConfig(hands, place.topic, config).then(read));
  }
  actionsOf(buttons, { hands, session, name: place.topic, count: () => shown?.partitions ?? [] });
  const main = h(
    "main",
    { id: "main", tabindex: "-1" },
    h(
      "div",
      { class: "head" },
      h("div", {}, h("h1", { class: "mono" }, place.topic), words),
      buttons,
    ),
    section("partitions", "Partitions", [], partitions.element),
    section("configs", "Configs", [], configs.element),
  );
  watchAge(live, main, surroundings);
  return main;
}

interface TopicActions {
  readonly hands: Hands;
  readonly session: Session;
  readonly name: string;
  readonly count: () => readonly Partition[];
}

function actionsOf(buttons: HTMLElement, { hands, session, name, count }: TopicActions): void {
  if (!may(session, "editor")) return;
  const ids = (): readonly number[] => count().map(({ partition_id: id }) => id);
  buttons.append(
    button("Add partitions…", () => void growTopic(hands, name, count().length)),
    button(
      "Elect preferred leaders…",
      () => void electPreferred(hands, { topic: name, ids: ids() }),
    ),
    button("Delete…", () => void deleteTopic(hands, name), "danger"),
  );
}
