/**
 * `kedge kafka …`: Apache Kafka itself, from Maven Central, against the quorum that `kedge up` runs here.
 *
 *     kedge kafka broker 1                      a stock broker in the foreground, formatted at its first start
 *     kedge kafka topics --create --topic a     any of Kafka's own tools, to the first broker unless told
 *
 * Nothing of Kafka is patched or configured beyond a stock `server.properties`, which is written where it can be
 * read. With a Kafka distribution at hand, its `bin/*.sh` do the same.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Argument, Command } from "commander";
import type { FormedCluster } from "../client/clusters.ts";
import { onShutdown } from "../gateway/shutdown.ts";
import { kafkaRelease, type Kafka } from "../local/kafka-release.ts";
import { mainClassOf, type ToolName } from "../local/kafka-tools.ts";
import { clusterAt, EDGE } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { bootstrapServersOf, serverProperties } from "./server-properties.ts";

const VERSION = process.env["KAFKA_VERSION"] ?? "4.3.1";
const STATE = resolve(process.env["KEDGE_BROKERS"] ?? ".kedge/brokers");
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

const portOf = (brokerId: number): number => BROKER_PORT_BASE + brokerId;

const WORDS = TOOLS.map((name) => name.replace("kafka-", ""));

export const kafka = (): Command =>
  new Command("kafka")
    .summary("a broker or a tool of Apache Kafka, from Maven Central, against that quorum")
    .usage("broker ID | TOOL [its own options]")
    .addArgument(
      new Argument("<what>", "a broker, or one of Kafka's own tools").choices(["broker", ...WORDS]),
    )
    .argument("[words...]", "the id of a broker, or what the tool itself takes")
    .passThroughOptions()
    .allowUnknownOption()
    .addHelpText(
      "after",
      `
Variables:
  KAFKA_VERSION   the release to take from Maven Central (${VERSION})
  KEDGE_EDGE      where the quorum answers (${EDGE})
  KEDGE_CLUSTER   which cluster, where there are several
  KEDGE_TOKEN     a token that it lets in (what .kedge/admin-token holds)`,
    )
    .action(async (what: string, words: readonly string[]) => {
      process.exitCode = await run(what, words);
    });

async function run(what: string, words: readonly string[]): Promise<number> {
  const tool = TOOLS.find((name) => name === `kafka-${what}`);
  if (tool !== undefined) {
    const mainClass = mainClassOf(VERSION, tool);
    const release = await kafkaRelease(VERSION);
    return await java(release, { mainClass, args: addressed(words), level: "WARN" });
  }
  const brokerId = numberOf("the broker's id", words[0] ?? "", { min: 1, max: 999 });
  const { KEDGE_EDGE: edge = EDGE, KEDGE_CLUSTER: id } = process.env;
  const cluster = await clusterAt({ edge }, id);
  return await runBroker(await kafkaRelease(VERSION), brokerId, cluster);
}

/** A tool needs a bootstrap server; the first broker will do. */
function addressed(args: readonly string[]): readonly string[] {
  const isAddressed = args.some((arg) => arg.startsWith("--bootstrap-"));
  return isAddressed ? args : ["--bootstrap-server", `127.0.0.1:${portOf(1)}`, ...args];
}

async function runBroker(
  release: Kafka,
  brokerId: number,
  cluster: FormedCluster,
): Promise<number> {
  const home = join(STATE, cluster.cluster_id, String(brokerId));
  const properties = join(home, "server.properties");
  await mkdir(home, { recursive: true });
  const place = {
    brokerId,
    host: "127.0.0.1",
    port: portOf(brokerId),
    logDirs: join(home, "data"),
    bootstrapServers: bootstrapServersOf(cluster, "127.0.0.1"),
    // Whoever tries one broker is to have its groups, whatever follows.
    brokers: 1,
  };
  await writeFile(properties, serverProperties(place));
  console.error(`server.properties of broker ${brokerId}: ${properties}`);
  if (!existsSync(join(home, "data", "meta.properties"))) {
    const args = ["format", "-t", cluster.cluster_id, "-c", properties, "--no-initial-controllers"];
    const status = await java(release, {
      mainClass: "kafka.tools.StorageTool",
      args,
      level: "WARN",
    });
    if (status !== 0) return status;
  }
  return await java(release, { mainClass: "kafka.Kafka", args: [properties], level: "INFO" });
}

/** Runs a main class on this terminal; resolves with its exit status. */
async function java(
  release: Kafka,
  start: {
    readonly mainClass: string;
    readonly args: readonly string[];
    readonly level: "INFO" | "WARN";
  },
): Promise<number> {
  const settings = join(STATE, `log4j2-${start.level.toLowerCase()}.properties`);
  await mkdir(STATE, { recursive: true });
  await writeFile(settings, logSettings(start.level));
  const child = spawn(
    "java",
    [
      "-Xmx512m",
      "-XX:+UseSerialGC",
      `-Dlog4j2.configurationFile=${settings}`,
      "-cp",
      `${release.lib}/*`,
      start.mainClass,
      ...start.args,
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
