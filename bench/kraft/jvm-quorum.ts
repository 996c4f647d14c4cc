/**
 * Three JVM controllers of Apache Kafka, as its own scripts start them: `process.roles=controller`, formatted with each
 * other as voters. What is not said here is Kafka's default.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startJvm, type Jvm } from "../../local/jvm.ts";
import type { Kafka } from "../../local/kafka-release.ts";
import { freePorts } from "../../local/ports.ts";
import { uuidFromBytes, type Uuid } from "../../src/protocol/index.ts";
import { leaderOf, untilInStep, type Subject, type SubjectName } from "./subject.ts";

const NODES = [3000, 3001, 3002];
/** What `kafka-server-start.sh` and `kafka-run-class.sh` give a controller. */
const HEAP_MB = 1_024;
const FLAGS = [
  "-Xms1024m",
  "-server",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:InitiatingHeapOccupancyPercent=35",
  "-XX:+ExplicitGCInvokesConcurrent",
  "-Djava.awt.headless=true",
];
const FORMAT_MS = 60_000;
const STOP_MS = 20_000;

/** One controller: its folder holds the properties and the log, and it may come and go. */
interface Controller {
  readonly nodeId: number;
  readonly directoryId: Uuid;
  readonly port: number;
  readonly folder: string;
  jvm?: Jvm;
}

/** `lingerMs` is `controller.quorum.append.linger.ms`; Kafka's default when null. */
export async function startJvmQuorum(
  kafka: Kafka,
  name: SubjectName,
  lingerMs: number | null,
): Promise<Subject> {
  const root = await mkdtemp(join(tmpdir(), "kedge-bench-kraft-"));
  // A signal ends the run in the middle of a case, and the JVMs with it.
  const remove = (): void => rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  const clusterId = uuidFromBytes(randomBytes(16));
  const ports = await freePorts(NODES.length);
  const controllers = NODES.map((nodeId, at): Controller => ({
    nodeId,
    directoryId: uuidFromBytes(randomBytes(16)),
    port: ports[at] ?? 0,
    folder: join(root, String(nodeId)),
  }));
  const start = (controller: Controller): void => {
    controller.jvm = startJvm(kafka, {
      mainClass: "kafka.Kafka",
      args: [propertiesOf(controller)],
      heapMb: HEAP_MB,
      flags: FLAGS,
      level: "WARN",
    });
  };
  const stop = async (): Promise<void> => {
    await Promise.all(controllers.map(async ({ jvm }) => await jvm?.kill()));
    process.off("exit", remove);
    await rm(root, { recursive: true, force: true });
  };
  const find = (nodeId: number): Controller => {
    const found = controllers.find((each) => each.nodeId === nodeId);
    if (found === undefined) throw new Error(`there is no controller ${nodeId}`);
    return found;
  };
  const subject: Subject = {
    name,
    clusterId,
    ports: new Map(controllers.map(({ nodeId, port }) => [nodeId, port])),
    abort: async (nodeId) => await find(nodeId).jvm?.kill(),
    halt: async (nodeId) => void (await find(nodeId).jvm?.terminate(STOP_MS)),
    start: async (nodeId) => {
      const controller = find(nodeId);
      if (controller.jvm?.gone() !== false) start(controller);
    },
    stop,
  };
  try {
    for (const each of controllers) await format(kafka, { each, controllers, clusterId, lingerMs });
    for (const each of controllers) start(each);
    await leaderOf(subject);
    await untilInStep(subject);
    return subject;
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Formatting {
  readonly each: Controller;
  readonly controllers: readonly Controller[];
  readonly clusterId: string;
  readonly lingerMs: number | null;
}

/** `kafka-storage format --initial-controllers`. */
async function format(kafka: Kafka, formatting: Formatting): Promise<void> {
  const { each, controllers, clusterId } = formatting;
  await mkdir(each.folder, { recursive: true });
  await writeFile(propertiesOf(each), properties(formatting));
  const initial = controllers.map(
    ({ nodeId, port, directoryId }) => `${nodeId}@127.0.0.1:${port}:${directoryId}`,
  );
  const jvm = startJvm(kafka, {
    mainClass: "kafka.tools.StorageTool",
    args: [
      "format",
      `--cluster-id=${clusterId}`,
      `--config=${propertiesOf(each)}`,
      `--initial-controllers=${initial.join(",")}`,
    ],
    heapMb: 256,
    level: "WARN",
  });
  const timer = setTimeout(() => void jvm.kill(), FORMAT_MS);
  const code = await jvm.exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`format of controller ${each.nodeId} failed:\n${jvm.tail()}`);
}

const propertiesOf = ({ folder }: Controller): string => join(folder, "server.properties");

function properties({ each, controllers, lingerMs }: Formatting): string {
  const bootstrap = controllers.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return [
    "process.roles=controller",
    `node.id=${each.nodeId}`,
    `listeners=CONTROLLER://127.0.0.1:${each.port}`,
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT",
    `controller.quorum.bootstrap.servers=${bootstrap}`,
    `log.dirs=${join(each.folder, "data")}`,
    ...(lingerMs === null ? [] : [`controller.quorum.append.linger.ms=${lingerMs}`]),
    "",
  ].join("\n");
}
