/**
 * One Kafka broker: its folder, its properties, its process. It is formatted once and may be started, killed and
 * started again; it finds its controllers through the gateway alone.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { startJvm } from "../../local/jvm.ts";
import type { Jvm } from "../../local/jvm.ts";
import type { Kafka } from "../../local/kafka-release.ts";

export interface BrokerOptions {
  readonly kafka: Kafka;
  readonly nodeId: number;
  readonly port: number;
  readonly folder: string;
  readonly clusterId: string;
  readonly bootstrapControllers: string;
  /** `controller.quorum.voters`, in the place of the above, where a quorum has its voters there. */
  readonly quorumVoters?: string;
  /** Addresses by host name, where this broker finds others than the machine does. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** How it reaches the controllers. PLAINTEXT when absent. */
  readonly towardsControllers?: Security;
  /** How clients, and brokers among themselves, reach it. PLAINTEXT when absent. */
  readonly towardsClients?: Security;
}

/** A security protocol, and the properties that it needs. */
export interface Security {
  readonly protocol: string;
  readonly properties: readonly string[];
}

export interface Broker {
  readonly nodeId: number;
  readonly port: number;
  readonly log: () => string;
  /** `kafka-storage format`: writes `meta.properties`. */
  readonly format: () => Promise<void>;
  /** Starts it and waits until it serves; milliseconds from start to `Kafka Server started`. */
  readonly start: () => Promise<void>;
  readonly isRunning: () => boolean;
  /** kill -9 */
  readonly kill: () => Promise<void>;
  /** SIGTERM: a controlled shutdown. True when it ended by itself, and said so. */
  readonly shutDown: () => Promise<boolean>;
  /** Deletes its copy of the metadata log, as a disk that was lost would; it must be down. */
  readonly loseMetadataLog: () => Promise<void>;
  /** Its copy of the metadata log, byte for byte, from its first record on. */
  readonly metadataLog: () => Promise<Buffer>;
  /** The ends of the snapshots in its metadata log, those that it fetched and those that it made. */
  readonly snapshotEnds: () => Promise<readonly number[]>;
}

const LOG_FOLDER = "__cluster_metadata-0";
const HEAP_MB = 256;
const START_MS = 60_000;
const FORMAT_MS = 30_000;
const SHUT_DOWN_MS = 60_000;

export function broker(options: BrokerOptions): Broker {
  const { kafka, nodeId, port, folder, clusterId } = options;
  const properties = join(folder, "server.properties");
  const data = join(folder, "data");
  const hostsFile = join(folder, "hosts");
  let jvm: Jvm | undefined;
  return {
    nodeId,
    port,
    log: () => jvm?.tail() ?? "",
    isRunning: () => jvm !== undefined && !jvm.gone(),
    format: async () => {
      await mkdir(folder, { recursive: true });
      await writeFile(properties, serverProperties(options, data));
      await writeFile(hostsFile, hostsOf(options.hosts ?? {}));
      const format = startJvm(kafka, {
        mainClass: "kafka.tools.StorageTool",
        args: ["format", "-t", clusterId, "-c", properties, "--no-initial-controllers"],
        heapMb: HEAP_MB,
        level: "WARN",
      });
      const timer = setTimeout(() => void format.kill(), FORMAT_MS);
      const code = await format.exited;
      clearTimeout(timer);
      if (code !== 0)
        throw new Error(`format of broker ${nodeId} ended with ${code}:\n${format.tail()}`);
    },
    start: async () => {
      jvm = startJvm(kafka, {
        mainClass: "kafka.Kafka",
        args: [properties],
        heapMb: HEAP_MB,
        logFile: join(folder, "server.log"),
        logOn: "stdout",
        // The JVM then asks nobody else for any name.
        ...(options.hosts === undefined ? {} : { properties: [`jdk.net.hosts.file=${hostsFile}`] }),
      });
      await jvm.line(/Kafka Server started/, START_MS);
    },
    kill: async () => {
      await jvm?.kill();
    },
    shutDown: async () => {
      if (jvm === undefined) return false;
      const byItself = await jvm.terminate(SHUT_DOWN_MS);
      return byItself && jvm.lines.some((line) => line.includes("shut down completed"));
    },
    loseMetadataLog: async () => {
      const folders = await readdir(data);
      const own = folders.filter((name) => name.startsWith("__cluster_metadata"));
      await Promise.all(own.map((name) => rm(join(data, name), { recursive: true })));
    },
    metadataLog: async () => {
      const files = await readdir(join(data, LOG_FOLDER));
      const segments = files.filter((name) => name.endsWith(".log")).toSorted();
      return Buffer.concat(
        await Promise.all(segments.map((name) => readFile(join(data, LOG_FOLDER, name)))),
      );
    },
    snapshotEnds: async () => {
      const files = await readdir(join(data, LOG_FOLDER));
      return files
        .filter((name) => name.endsWith(".checkpoint"))
        .map((name) => Number(name.slice(0, name.indexOf("-"))));
    },
  };
}

const hostsOf = (hosts: Readonly<Record<string, string>>): string =>
  Object.entries({ localhost: "127.0.0.1", [hostname()]: "127.0.0.1", ...hosts })
    .map(([name, address]) => `${address} ${name}\n`)
    .join("");

function serverProperties(options: BrokerOptions, data: string): string {
  const plain = { protocol: "PLAINTEXT", properties: [] };
  const { nodeId, port, bootstrapControllers, quorumVoters } = options;
  const { towardsControllers = plain, towardsClients = plain } = options;
  const { protocol } = towardsClients;
  return [
    "process.roles=broker",
    `node.id=${nodeId}`,
    `listeners=${protocol}://127.0.0.1:${port}`,
    `inter.broker.listener.name=${protocol}`,
    "controller.listener.names=CONTROLLER",
    quorumVoters === undefined
      ? `controller.quorum.bootstrap.servers=${bootstrapControllers}`
      : `controller.quorum.voters=${quorumVoters}`,
    `listener.security.protocol.map=CONTROLLER:${towardsControllers.protocol},${protocol}:${protocol}`,
    ...towardsControllers.properties,
    ...towardsClients.properties,
    `log.dirs=${data}`,
    "offsets.topic.num.partitions=6",
    "transaction.state.log.num.partitions=6",
    "share.coordinator.state.topic.num.partitions=6",
    "offsets.topic.replication.factor=3",
    "transaction.state.log.replication.factor=3",
    "transaction.state.log.min.isr=2",
    "share.coordinator.state.topic.replication.factor=3",
    "share.coordinator.state.topic.min.isr=2",
    "group.initial.rebalance.delay.ms=0",
    "num.io.threads=4",
    "num.network.threads=2",
    "log.cleaner.dedupe.buffer.size=2097152",
    "",
  ].join("\n");
}
