/**
 * `npm run kafka -- …`: Apache Kafka itself, from Maven Central, against the quorum that `npm start` runs here.
 *
 *     npm run kafka -- broker 1                      a stock broker in the foreground, formatted at its first start
 *     npm run kafka -- topics --create --topic a     any of Kafka's own tools, to the first broker unless told
 *
 * Nothing of Kafka is patched or configured beyond a stock `server.properties`, which is written where it can be
 * read. With a Kafka distribution at hand, its `bin/*.sh` do the same.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { onShutdown } from "../gateway/shutdown.ts";
import { listClusters, RefusedError, type FormedCluster } from "../client/cluster-client.ts";
import { kafkaRelease, type Kafka } from "../local/kafka-release.ts";
import { mainClassOf, type ToolName } from "../local/kafka-tools.ts";

const VERSION = process.env["KAFKA_VERSION"] ?? "4.3.1";
const EDGE = process.env["KEDGE_EDGE"] ?? "http://127.0.0.1:8787";
const STATE = resolve(process.env["KEDGE_BROKERS"] ?? ".kedge/brokers");
const TOKEN_FILE = resolve(".kedge/admin-token");
/** Broker N listens on this plus N. */
const BROKER_PORT_BASE = 9_191;

/** The tools that talk to a broker. */
const TOOLS: readonly ToolName[] = [
  "kafka-topics",
  "kafka-configs",
  "kafka-features",
  "kafka-cluster",
  "kafka-metadata-quorum",
  "kafka-leader-election",
  "kafka-reassign-partitions",
  "kafka-consumer-groups",
  "kafka-share-groups",
  "kafka-get-offsets",
  "kafka-console-producer",
  "kafka-console-consumer",
];

const USAGE = `usage: npm run kafka -- broker ID
       npm run kafka -- TOOL [its own options]

  TOOL            ${TOOLS.map((name) => name.replace("kafka-", "")).join(", ")}
  KAFKA_VERSION   the release to take from Maven Central (${VERSION})
  KEDGE_EDGE      where npm start answers (${EDGE})
  KEDGE_TOKEN     a token that it lets in (what .kedge/admin-token holds)`;

const portOf = (brokerId: number): number => BROKER_PORT_BASE + brokerId;

async function main([command, ...args]: readonly string[]): Promise<number> {
  const tool = TOOLS.find((name) => name === `kafka-${command}`);
  if (command !== "broker" && tool === undefined) throw new Error(USAGE);
  const kafka = await kafkaRelease(VERSION);
  if (tool !== undefined) {
    const mainClass = mainClassOf(VERSION, tool);
    return await java(kafka, { mainClass, args: addressed(args), level: "WARN" });
  }
  const brokerId = Number(args[0]);
  if (!Number.isInteger(brokerId) || brokerId < 1 || brokerId > 999) throw new Error(USAGE);
  return await runBroker(kafka, brokerId, await defaultCluster());
}

/** A tool needs a bootstrap server; the first broker will do. */
function addressed(args: readonly string[]): readonly string[] {
  const isAddressed = args.some((arg) => arg.startsWith("--bootstrap-"));
  return isAddressed ? args : ["--bootstrap-server", `127.0.0.1:${portOf(1)}`, ...args];
}

async function defaultCluster(): Promise<FormedCluster> {
  const deployment = { url: EDGE, token: tokenIn(process.env) };
  const clusters = await listClusters(deployment).catch((error: unknown) => {
    if (error instanceof RefusedError) throw error;
    throw new Error(`nothing answers at ${EDGE}; run npm start first`, { cause: error });
  });
  const [cluster] = clusters;
  if (cluster === undefined) throw new Error(`${EDGE} has no cluster`);
  return cluster;
}

/** That of `npm start`, unless the environment says another; null where `npm start` asks for none. */
function tokenIn(env: NodeJS.ProcessEnv): string | null {
  const { KEDGE_TOKEN: token } = env;
  if (token !== undefined) return token;
  return existsSync(TOKEN_FILE) ? readFileSync(TOKEN_FILE, "utf8").trim() : null;
}

async function runBroker(kafka: Kafka, brokerId: number, cluster: FormedCluster): Promise<number> {
  const home = join(STATE, cluster.cluster_id, String(brokerId));
  const properties = join(home, "server.properties");
  await mkdir(home, { recursive: true });
  await writeFile(properties, serverProperties(brokerId, join(home, "data"), cluster));
  console.error(`server.properties of broker ${brokerId}: ${properties}`);
  if (!existsSync(join(home, "data", "meta.properties"))) {
    const args = ["format", "-t", cluster.cluster_id, "-c", properties, "--no-initial-controllers"];
    const status = await java(kafka, { mainClass: "kafka.tools.StorageTool", args, level: "WARN" });
    if (status !== 0) return status;
  }
  return await java(kafka, { mainClass: "kafka.Kafka", args: [properties], level: "INFO" });
}

function serverProperties(brokerId: number, data: string, cluster: FormedCluster): string {
  const bootstrap = cluster.controllers.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return `process.roles=broker
node.id=${brokerId}
listeners=PLAINTEXT://127.0.0.1:${portOf(brokerId)}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=${bootstrap}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${data}
# For a cluster of one broker: its own topics cannot have three replicas.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
`;
}

/** Runs a main class on this terminal; resolves with its exit status. */
async function java(
  kafka: Kafka,
  run: {
    readonly mainClass: string;
    readonly args: readonly string[];
    readonly level: "INFO" | "WARN";
  },
): Promise<number> {
  const settings = join(STATE, `log4j2-${run.level.toLowerCase()}.properties`);
  await mkdir(STATE, { recursive: true });
  await writeFile(settings, logSettings(run.level));
  const child = spawn(
    "java",
    [
      "-Xmx512m",
      "-XX:+UseSerialGC",
      `-Dlog4j2.configurationFile=${settings}`,
      "-cp",
      `${kafka.lib}/*`,
      run.mainClass,
      ...run.args,
    ],
    { stdio: "inherit" },
  );
  onShutdown(() => child.kill("SIGTERM"));
  const [status] = await once(child, "exit");
  return typeof status === "number" ? status : 1;
}

const logSettings = (level: string): string => `appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %m (%c{1})%n
rootLogger.level=${level}
rootLogger.appenderRef.console.ref=console
`;

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
