/**
 * A quorum that is not this project's: three JVM controllers and a broker of one release, each a process of its own, as
 * an operator of Kafka would run them. Its log is cut as soon as Kafka can: once in a minute, at a snapshot.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Kafka } from "../../local/kafka-release.ts";
import { freePorts } from "../../local/ports.ts";
import { broker, type Broker } from "./broker.ts";
import { startJvm, type Jvm } from "../../local/jvm.ts";

const CONTROLLER_IDS = [1001, 1002, 1003] as const;
const BROKER_ID = 1;
const HEAP_MB = 192;
const START_MS = 180_000;
const FORMAT_MS = 120_000;

export interface JvmQuorum {
  readonly clusterId: string;
  /** As in `controller.quorum.bootstrap.servers`. */
  readonly servers: string;
  readonly broker: Broker;
  /** SIGKILL. */
  readonly killController: (nodeId: number) => Promise<void>;
  readonly startController: (nodeId: number) => Promise<void>;
  /** The end of the oldest snapshot that a controller has, that of the formatting apart; null while there is none. */
  readonly oldestSnapshot: (nodeId: number) => Promise<number | null>;
  readonly controllerIds: readonly number[];
  readonly stop: () => Promise<void>;
}

interface Member {
  readonly nodeId: number;
  readonly port: number;
  readonly folder: string;
  jvm: Jvm | null;
}

/** As Kafka draws one: it does not begin with a dash. */
export function kafkaUuid(): string {
  const text = randomBytes(16).toString("base64url");
  return text.startsWith("-") ? kafkaUuid() : text;
}

/** Where the voters stand: in the log (KIP-853, kraft.version 1), or in every controller's properties (0). */
export type VotersIn = "log" | "properties";

export async function startJvmQuorum(
  kafka: Kafka,
  folder: string,
  votersIn: VotersIn = "log",
): Promise<JvmQuorum> {
  const ports = await freePorts(CONTROLLER_IDS.length + 1);
  const clusterId = kafkaUuid();
  const members: readonly Member[] = CONTROLLER_IDS.map((nodeId, at) => ({
    nodeId,
    port: ports[at] ?? 0,
    folder: join(folder, `controller-${nodeId}`),
    jvm: null,
  }));
  const servers = members.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const configured = members.map(({ nodeId, port }) => `${nodeId}@127.0.0.1:${port}`);
  const voters: Voters =
    votersIn === "log"
      ? {
          property: `controller.quorum.bootstrap.servers=${servers}`,
          options: [
            "--initial-controllers",
            configured.map((each) => `${each}:${kafkaUuid()}`).join(),
          ],
        }
      : { property: `controller.quorum.voters=${configured.join()}`, options: [] };
  const start = async (member: Member): Promise<void> => {
    member.jvm = startJvm(kafka, {
      mainClass: "kafka.Kafka",
      args: [propertiesOf(member)],
      heapMb: HEAP_MB,
      logFile: join(member.folder, "server.log"),
      logOn: "stdout",
    });
    await member.jvm.line(/Kafka Server started/, START_MS);
  };
  const find = (nodeId: number): Member => {
    const member = members.find((each) => each.nodeId === nodeId);
    if (member === undefined) throw new Error(`there is no controller ${nodeId}`);
    return member;
  };
  await Promise.all(members.map((member) => format(kafka, { member, clusterId, voters })));
  await Promise.all(members.map(start));
  const only = broker({
    kafka,
    nodeId: BROKER_ID,
    port: ports.at(-1) ?? 0,
    folder: join(folder, "broker"),
    clusterId,
    bootstrapControllers: servers,
    ...(votersIn === "log" ? {} : { quorumVoters: configured.join() }),
  });
  await only.format();
  await only.start();
  return {
    clusterId,
    servers,
    broker: only,
    controllerIds: CONTROLLER_IDS,
    killController: async (nodeId) => {
      await find(nodeId).jvm?.kill();
    },
    startController: (nodeId) => start(find(nodeId)),
    oldestSnapshot: async (nodeId) => {
      const files = await readdir(join(find(nodeId).folder, "data", "__cluster_metadata-0"));
      const ends = files
        .filter((name) => name.endsWith(".checkpoint"))
        .map((name) => Number(name.slice(0, name.indexOf("-"))))
        .filter((end) => end > 0);
      return ends.length === 0 ? null : Math.min(...ends);
    },
    stop: async () => {
      await only.kill();
      await Promise.all(members.map(async ({ jvm }) => jvm?.kill()));
    },
  };
}

const propertiesOf = ({ folder }: Member): string => join(folder, "server.properties");

/** How the controllers are told who votes. */
interface Voters {
  readonly property: string;
  readonly options: readonly string[];
}

async function format(
  kafka: Kafka,
  {
    member,
    clusterId,
    voters,
  }: { readonly member: Member; readonly clusterId: string; readonly voters: Voters },
): Promise<void> {
  const { nodeId, port, folder } = member;
  await mkdir(folder, { recursive: true });
  const lines = [
    "process.roles=controller",
    `node.id=${nodeId}`,
    `listeners=CONTROLLER://127.0.0.1:${port}`,
    "controller.listener.names=CONTROLLER",
    voters.property,
    `log.dirs=${join(folder, "data")}`,
    "metadata.log.max.record.bytes.between.snapshots=2000",
    "metadata.log.max.snapshot.interval.ms=2000",
    "metadata.max.retention.bytes=1000",
    "",
  ];
  await writeFile(propertiesOf(member), lines.join("\n"));
  const args = ["format", "-t", clusterId, "-c", propertiesOf(member), ...voters.options];
  const tool = startJvm(kafka, {
    mainClass: "kafka.tools.StorageTool",
    args,
    heapMb: HEAP_MB,
    level: "WARN",
  });
  const timer = setTimeout(() => void tool.kill(), FORMAT_MS);
  const code = await tool.exited;
  clearTimeout(timer);
  if (code !== 0)
    throw new Error(`format of controller ${nodeId} ended with ${code}:\n${tool.tail()}`);
}
