/**
 * What every step works on: one version of Kafka, the quorum, three brokers, and the calls that steps make to them.
 */
import { join } from "node:path";
import { broker } from "./broker.ts";
import type { Broker } from "./broker.ts";
import type { Kafka } from "../../local/kafka-release.ts";
import { freePorts } from "../../local/ports.ts";
import type { Partition } from "../../client/cluster-client.ts";
import { startInteropQuorum, type InteropQuorum } from "./quorum.ts";
import type { Transport } from "../../gateway/edge/tunnel.ts";
import { tool } from "./tool.ts";
import type { ToolName } from "../../local/kafka-tools.ts";
import type { ToolOptions, ToolRun } from "./tool.ts";
import type { Transcript } from "./transcript.ts";
import { until } from "../../local/until.ts";

export interface Cluster {
  readonly kafka: Kafka;
  readonly folder: string;
  readonly quorum: InteropQuorum;
  readonly brokers: readonly Broker[];
  readonly bootstrapServers: string;
  readonly transcript: Transcript;
  /** A tool through the brokers. */
  readonly viaBrokers: (
    name: ToolName,
    args: readonly string[],
    options?: ToolOptions,
  ) => Promise<ToolRun>;
  /** A tool straight to the controllers. */
  readonly viaControllers: (
    name: ToolName,
    args: readonly string[],
    options?: ToolOptions,
  ) => Promise<ToolRun>;
  /** A topic of replication factor 3, made by kafka-topics. */
  readonly createTopic: (name: string, partitions: number) => Promise<void>;
  /** The partitions of a topic as the quorum committed them. */
  readonly partitions: (topic: string) => Promise<readonly Partition[]>;
  /** Waits until every partition satisfies `holds`. */
  readonly untilPartitions: (
    topic: string,
    what: string,
    withinMs: number,
    holds: (partition: Partition) => boolean,
  ) => Promise<void>;
  readonly brokerOf: (nodeId: number) => Broker;
}

export const BROKER_IDS = [1, 2, 3] as const;

export interface ClusterOptions {
  readonly transcript: Transcript;
  readonly transport: Transport;
  /** Formed with the features of its own release, that of 4.3 too, which is upgraded by a step otherwise. */
  readonly asReleased: boolean;
}

export async function startCluster(
  kafka: Kafka,
  folder: string,
  { transcript, transport, asReleased }: ClusterOptions,
): Promise<Cluster> {
  const isUpgraded = kafka.version.startsWith("4.3.") && !asReleased;
  const quorum = await startInteropQuorum({
    folder,
    transport,
    ...(isUpgraded ? {} : { releaseVersion: kafka.version }),
  });
  const ports = await freePorts(BROKER_IDS.length);
  const brokers = BROKER_IDS.map((nodeId, at) =>
    broker({
      kafka,
      nodeId,
      port: ports[at] ?? 0,
      folder: join(folder, `broker-${nodeId}`),
      clusterId: quorum.formed.cluster_id,
      bootstrapControllers: quorum.controllerAddresses.join(","),
    }),
  );
  const bootstrapServers = brokers.map(({ port }) => `127.0.0.1:${port}`).join(",");
  nameInTranscript(transcript, quorum, brokers, folder);
  const partitions = (topic: string): Promise<readonly Partition[]> =>
    quorum.cluster.partitions(topic);
  const viaBrokers: Cluster["viaBrokers"] = (name, args, options) =>
    tool(kafka, name, ["--bootstrap-server", bootstrapServers, ...args], options);
  return {
    kafka,
    folder,
    quorum,
    brokers,
    bootstrapServers,
    transcript,
    viaBrokers,
    viaControllers: (name, args, options) =>
      tool(kafka, name, ["--bootstrap-controller", quorum.bootstrapControllers, ...args], options),
    createTopic: async (name, count) => {
      const args = `--create --topic ${name} --partitions ${count} --replication-factor 3`;
      await viaBrokers("kafka-topics", [...args.split(" "), "--config", "min.insync.replicas=2"]);
    },
    partitions,
    untilPartitions: async (topic, what, withinMs, holds) => {
      let seen = "";
      await until(what, { withinMs, evidence: () => seen }, async () => {
        const now = await partitions(topic);
        seen = JSON.stringify(now.filter((partition) => !holds(partition)).slice(0, 5));
        return now.length > 0 && now.every(holds) ? true : undefined;
      });
    },
    brokerOf: (nodeId) => {
      const found = brokers.find((candidate) => candidate.nodeId === nodeId);
      if (found === undefined) throw new Error(`no broker ${nodeId} here`);
      return found;
    },
  };
}

function nameInTranscript(
  transcript: Transcript,
  quorum: InteropQuorum,
  brokers: readonly Broker[],
  folder: string,
): void {
  transcript.rename(folder, "FOLDER");
  transcript.rename(quorum.formed.cluster_id, "CLUSTER_ID");
  for (const { nodeId, port } of brokers) {
    transcript.rename(`127.0.0.1:${port}`, `broker${nodeId}:9092`);
    transcript.rename(String(port), "9092");
  }
  for (const { node_id: nodeId, port } of quorum.formed.controllers)
    nameController(transcript, nodeId, port);
}

/** Names a controller in the transcript by its id. */
export function nameController(transcript: Transcript, nodeId: number, port: number): void {
  transcript.rename(`127.0.0.1:${port}`, `controller${nodeId}:9093`);
  transcript.rename(String(port), "9093");
}
