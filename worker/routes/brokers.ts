/**
 * `/brokers`: the registered brokers, fenced ones included, as the observed image has them. A broker's heartbeats are
 * the active controller's soft state and not shown here; whether it is fenced is in the log.
 */
import { Hono } from "hono";
import { brokerById } from "../../src/metadata/index.ts";
import type { BrokerRegistration } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { answerFromImage } from "../observer/metadata-read.ts";
import { resource, wholeList } from "../http/resources.ts";

export const brokers = new Hono<Scope>();

brokers.get("/", (context) =>
  answerFromImage(context, (image) =>
    wholeList(
      context,
      "KafkaBrokerList",
      [...image.cluster.brokers.values()].map((broker) => brokerData(context, broker)),
    ),
  ),
);

brokers.get("/:broker_id", (context) =>
  answerFromImage(context, (image) => {
    const text = context.req.param("broker_id");
    const broker = /^\d{1,10}$/.test(text) ? brokerById(image.cluster, Number(text)) : undefined;
    if (broker === undefined) {
      throw new Problem("UNKNOWN_BROKER", `no broker ${text.slice(0, 20)} is registered`);
    }
    return brokerData(context, broker);
  }),
);

function brokerData(context: ScopedContext, broker: BrokerRegistration) {
  const clusterId = context.var.entry.cluster_id;
  const [first] = broker.listeners;
  return {
    ...resource(context, "KafkaBroker", ["clusters", clusterId, "brokers", broker.id]),
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
  };
}
