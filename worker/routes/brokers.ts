/**
 * `/brokers`: the registered brokers, fenced ones included, as the observed image has them, and the replicas on each. A
 * broker's heartbeats are the active controller's soft state and not shown here; whether it is fenced is in the log.
 * `:fence` ends the session of one.
 */
import { Hono } from "hono";
import { brokerById, partitionsOfTopic, topicById } from "../../src/metadata/index.ts";
import type { BrokerRegistration, MetadataImage, Topic } from "../../src/metadata/index.ts";
import { FenceBroker } from "../../src/protocol/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { itemsOf, numberKey, type ListItem } from "../http/lists.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { addressOf, resource } from "../http/resources.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";
import { replicaData } from "./partitions.ts";

export const brokers = new Hono<Scope>();

brokers.get("/", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaBrokerList",
    items: itemsOf(image.cluster.brokers.values(), (broker) => ({
      key: numberKey(broker.id),
      show: () => brokerData(context, broker),
    })),
  })),
);

// What has a colon in it is an action, which is not read.
brokers.get("/:broker_id{[A-Za-z0-9_-]+}", (context) =>
  answerFromImage(context, (image) =>
    brokerData(context, brokerAt(image, context.req.param("broker_id"))),
  ),
);

brokers.get("/:broker_id/partition-replicas", (context) =>
  answerListFromImage(context, (image) => {
    const { id } = brokerAt(image, context.req.param("broker_id"));
    return { kind: "KafkaReplicaList", items: replicasOn(context, image, id) };
  }),
);

brokers.post("/:action{[0-9]+:[a-z]+}", async (context) => {
  const [id = "", action] = context.req.param("action").split(":");
  if (action !== "fence")
    throw new Problem("UNKNOWN_PATH", `a broker can be told ":fence", not ":${action}"`);
  const brokerId = Number(id);
  const request = { brokerId };
  const fenced = await callForAsker(context, { api: FenceBroker, version: 0, request });
  refuseUnless(fenced, `broker ${brokerId}`);
  const { wasFenced: was_fenced, partitionsChanged: partitions_changed } = fenced;
  return context.json({ broker_id: brokerId, fenced: true, was_fenced, partitions_changed });
});

/** The broker that a path names; a `Problem` when there is none. */
export function brokerAt(image: MetadataImage, text: string): BrokerRegistration {
  const broker = /^\d{1,10}$/.test(text) ? brokerById(image.cluster, Number(text)) : undefined;
  if (broker === undefined) {
    throw new Problem("UNKNOWN_BROKER", `no broker ${text.slice(0, 20)} is registered`);
  }
  return broker;
}

/** By topic's name and partition. Every partition of the cluster is looked at, which takes its time in slices. */
function* replicasOn(
  context: ScopedContext,
  image: MetadataImage,
  brokerId: number,
): Generator<ListItem | null, void, undefined> {
  for (const id of image.topics.idsByName.values()) {
    const topic = topicById(image.topics, id);
    if (topic !== undefined) yield* replicasOf(context, image, { topic, brokerId });
  }
}

function* replicasOf(
  context: ScopedContext,
  image: MetadataImage,
  { topic, brokerId }: { readonly topic: Topic; readonly brokerId: number },
): Generator<ListItem | null, void, undefined> {
  for (const { partitionId: id, partition } of partitionsOfTopic(image.topics, topic.id)) {
    const isThere = partition.replicas.includes(brokerId);
    // A blank comes before all letters of a name, so keys sort as names do.
    const show = () => replicaData(context, { topic, id, partition }, brokerId);
    yield isThere ? { key: `${topic.name} ${numberKey(id)}`, show } : null;
  }
}

function brokerData(context: ScopedContext, broker: BrokerRegistration) {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "brokers", broker.id];
  const [first] = broker.listeners;
  return {
    ...resource(context, "KafkaBroker", path),
    cluster_id: clusterId,
    broker_id: broker.id,
    host: first?.host ?? null,
    port: first?.port ?? null,
    rack: broker.rack,
    broker_epoch: broker.epoch,
    incarnation_id: broker.incarnationId,
    fenced: broker.fenced,
    in_controlled_shutdown: broker.inControlledShutdown,
    listeners: broker.listeners.map(({ name, host, port, securityProtocol }) => ({
      name,
      host,
      port,
      security_protocol: securityProtocol,
    })),
    features: broker.features.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
      name,
      min_supported_version: minSupportedVersion,
      max_supported_version: maxSupportedVersion,
    })),
    log_dirs: broker.logDirs,
    configs: { related: addressOf(context, ...path, "configs") },
    partition_replicas: { related: addressOf(context, ...path, "partition-replicas") },
  };
}
