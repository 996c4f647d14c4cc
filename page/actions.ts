/** What one can do to a cluster from the page: each as a question, shown to whose role allows it. */
import type { Cluster } from "../client/kedge.ts";
import type { ElectedPartition } from "../client/leader-elections.ts";
import { paused } from "../client/caller.ts";
import { RefusedError } from "../client/refused-error.ts";
import { ask } from "./dialog.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { counted, whole } from "./numbers.ts";
import { clusterHref, topicHref } from "./place.ts";

/** What an action is done with. */
export interface Hands {
  readonly cluster: Cluster;
  readonly live: LiveCluster;
}

export const createTopic = ({ cluster, live }: Hands): Promise<void> =>
  ask({
    title: "Create a topic",
    sentence:
      "Its partitions are placed on the brokers that run. A partition cannot be taken away again.",
    fields: [
      { name: "topic", label: "Name" },
      { name: "partitions", label: "Partitions", type: "number", value: "3" },
      { name: "replicas", label: "Replication factor", type: "number", value: "3" },
    ],
    verb: "Create",
    act: async ({ topic = "", partitions, replicas }) => {
      await cluster.topics.create({
        topic_name: topic,
        partitions_count: Number(partitions),
        replication_factor: Number(replicas),
      });
      live.refresh();
      location.hash = topicHref(cluster.clusterId, topic);
      return null;
    },
  });

export const deleteTopic = ({ cluster, live }: Hands, topic: string): Promise<void> =>
  ask({
    title: `Delete ${topic}?`,
    sentence:
      "The topic goes with all its partitions, and brokers delete its data. There is no way back.",
    fields: [{ name: "name", label: "Type its name to confirm" }],
    verb: "Delete for ever",
    isDangerous: true,
    act: async ({ name }) => {
      if (name !== topic) throw new Error("That is not its name; nothing was deleted.");
      await cluster.topics.delete(topic);
      live.refresh();
      location.hash = clusterHref(cluster.clusterId);
      return null;
    },
  });

export const growTopic = ({ cluster, live }: Hands, topic: string, count: number): Promise<void> =>
  ask({
    title: `More partitions for ${topic}`,
    sentence: `It has ${counted(count, "partition")}. Keys go to other partitions afterwards, and none can be taken away.`,
    fields: [{ name: "count", label: "Partitions", type: "number", value: String(count + 1) }],
    verb: "Add",
    act: async (values) => {
      const grown = await cluster.topics.grow(topic, Number(values["count"]));
      live.refresh();
      return `${topic} has ${counted(grown.partitions_count, "partition")} now.`;
    },
  });

export const alterConfig = (
  { cluster }: Hands,
  topic: string,
  config: { readonly name: string; readonly value: string | null },
): Promise<void> =>
  ask({
    title: `Set ${config.name}`,
    sentence: `Of topic ${topic}. It counts as soon as it is committed. Left empty, what counts otherwise counts again.`,
    fields: [{ name: "value", label: config.name, value: config.value ?? "", isRequired: false }],
    verb: "Set",
    act: async ({ value = "" }) => {
      const configs = cluster.configs.topic(topic);
      if (value === "") await configs.delete(config.name);
      else await configs.set(config.name, value);
      return null;
    },
  });

export const reassign = (
  { cluster, live }: Hands,
  place: { readonly topic: string; readonly partition: number },
  replicas: readonly number[],
): Promise<void> =>
  ask({
    title: `Move ${place.topic}-${place.partition}`,
    sentence:
      "Its data is copied to the brokers that are new to it; those that leave drop it once all are in sync.",
    fields: [
      {
        name: "replicas",
        label: "Brokers, the preferred leader first",
        value: replicas.join(", "),
        hint: "As 3, 1, 2. Left empty, a move that is under way is cancelled.",
        isRequired: false,
      },
    ],
    verb: "Move",
    act: async ({ replicas: text = "" }) => {
      const ids = text === "" ? null : text.split(/[\s,]+/).map(Number);
      if (ids?.some((id) => !Number.isInteger(id) || id < 0) === true)
        throw new Error("Brokers are numbers with commas between them; nothing was moved.");
      const moved = await cluster.reassignments.set(place, ids);
      live.refresh();
      const { adding_replicas: adding } = moved;
      return adding.length === 0
        ? "Done: no broker had to be added."
        : `Under way: broker ${adding.join(", ")} fetches it now.`;
    },
  });

/** Of one topic, or of all. */
export const electPreferred = (
  { cluster, live }: Hands,
  partitions: {
    readonly topic: string;
    readonly ids: readonly number[];
  } | null,
): Promise<void> =>
  ask({
    title: "Elect preferred leaders",
    sentence: `Of ${partitions?.topic ?? "every topic"}: each partition is led by its first replica again where that one is in sync. Clients notice, and go on.`,
    verb: "Elect",
    act: async () => {
      const wish =
        partitions === null
          ? null
          : [{ topic_name: partitions.topic, partition_ids: partitions.ids }];
      const elected = await cluster.leaderElections.elect({ type: "PREFERRED", partitions: wish });
      live.refresh();
      return electionsIn(elected);
    },
  });

function electionsIn(partitions: readonly ElectedPartition[]): string {
  const moved = partitions.filter(({ error }) => error === null).length;
  const refused = partitions.filter(
    ({ error }) => error !== null && error !== "ELECTION_NOT_NEEDED",
  );
  const first = refused[0];
  const why =
    first === undefined
      ? ""
      : ` ${whole(refused.length)} could not: ${first.message ?? first.error ?? ""}`;
  return `${counted(moved, "leader")} moved.${why}`;
}

export const fence = ({ cluster, live }: Hands, brokerId: number): Promise<void> =>
  ask({
    title: `Fence broker ${brokerId}?`,
    sentence:
      "For a machine that is known to be gone: its session ends now, and others that are in sync lead what it led. A partition that no other is in sync with has no leader until the broker is back. A broker that is alive comes back with its next heartbeat, within two seconds as a rule; what it led has moved by then.",
    verb: "Fence",
    isDangerous: true,
    act: async () => {
      const startMs = performance.now();
      const fenced = await cluster.brokers.fence(brokerId);
      const took = Math.round(performance.now() - startMs);
      live.refresh();
      if (fenced.was_fenced) return `Broker ${brokerId} was fenced already; nothing was written.`;
      const count = fenced.partitions_changed;
      return `Broker ${brokerId} is fenced after ${whole(took)} ms, as this page saw it. ${counted(count, "partition")} ${count === 1 ? "goes" : "go"} on without it.`;
    },
  });

export const unregister = ({ cluster, live }: Hands, brokerId: number): Promise<void> =>
  ask({
    title: `Unregister broker ${brokerId}?`,
    sentence:
      "Its registration ends, and partitions it leads or is in sync with go on without it. A broker that still runs has to be restarted to come back.",
    verb: "Unregister",
    isDangerous: true,
    act: async () => {
      await cluster.brokers.unregister(brokerId);
      live.refresh();
      return null;
    },
  });

export const fork = ({ cluster }: Hands): Promise<void> =>
  ask({
    title: "Fork this cluster",
    sentence:
      "A cluster of its own, with one controller, begins with this one's metadata: to rehearse a change. Every broker in it is fenced. It costs until it is deleted.",
    verb: "Fork",
    act: async () => {
      const forked = await cluster.fork();
      location.hash = clusterHref(forked.cluster_id);
      return null;
    },
  });

/** A leader that cannot be replaced in this time will not be. */
const FAILOVER_MS = 60_000;
const LOOK_MS = 20;

export const failOver = ({ cluster, live }: Hands, leaderId: number): Promise<void> =>
  ask({
    title: "Fail over now",
    sentence: `Controller ${leaderId} loses its memory, as in a crash. The others elect another leader; until then nothing is committed, and brokers wait.`,
    verb: `Restart ${leaderId}`,
    isDangerous: true,
    act: async () => {
      const before = await live.askQuorum();
      const startMs = performance.now();
      const restarted = cluster.controllers.restart(leaderId);
      const signal = AbortSignal.timeout(FAILOVER_MS);
      for (;;) {
        const now = await quorumOrNull(live, signal);
        if (now !== null && now.leader_epoch > before.leader_epoch && now.leader_id >= 0) {
          const took = Math.round(performance.now() - startMs);
          await restarted;
          return `Controller ${now.leader_id} leads in epoch ${now.leader_epoch} after ${whole(took)} ms, as this page saw it.`;
        }
        await paused(LOOK_MS, signal);
      }
    },
  });

async function quorumOrNull(live: LiveCluster, signal: AbortSignal) {
  try {
    return await live.askQuorum(signal);
  } catch (error) {
    if (error instanceof RefusedError && error.status !== 401 && error.status !== 403) return null;
    throw error;
  }
}
