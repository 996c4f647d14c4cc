/** `kedge broker-properties ID`: a `server.properties` with which a stock broker joins the cluster. */
import { Command } from "commander";
import { asksCluster, clusterAt, type Asked } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { bootstrapServersOf, serverProperties } from "./server-properties.ts";

/** Beyond these, `reserved.broker.max.id` and what a node id can be have their own say. */
const BROKER_ID_MAX = 0x7fffffff;

interface Given extends Asked {
  readonly host: string;
  readonly port: string;
  readonly logDirs: string;
  readonly gatewayHost?: string;
  readonly brokers: string;
}

export const brokerProperties = (): Command =>
  asksCluster(new Command("broker-properties"))
    .summary("a server.properties with which a stock broker joins the cluster")
    .argument("<id>", "the broker's id")
    .option("--host <host>", "where the broker listens, and what clients are told", "127.0.0.1")
    .option("--port <n>", "its port", "9092")
    .option("--log-dirs <dir>", "where it keeps its logs", "/var/lib/kafka")
    .option("--gateway-host <host>", "where the gateway listens, if not where the cluster says")
    .option("--brokers <n>", "how many there will be: replicas of Kafka's own topics", "3")
    .action(run);

async function run(id: string, given: Given): Promise<void> {
  const brokerId = numberOf("the broker's id", id, { min: 0, max: BROKER_ID_MAX });
  const cluster = await clusterAt(given);
  const properties = serverProperties({
    brokerId,
    host: given.host,
    port: numberOf("--port", given.port, { min: 1, max: 65_535 }),
    logDirs: given.logDirs,
    bootstrapServers: bootstrapServersOf(cluster, given.gatewayHost),
    brokers: numberOf("--brokers", given.brokers, { min: 1, max: 10_000 }),
  });
  if (given.json === true) {
    const pairs = properties
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    console.log(JSON.stringify(Object.fromEntries(pairs)));
    return;
  }
  console.log(`# Broker ${id} of cluster ${cluster.cluster_id}. Once, before it starts:`);
  console.log(
    `#   bin/kafka-storage.sh format -t ${cluster.cluster_id} -c server.properties --no-initial-controllers`,
  );
  console.log(properties.trimEnd());
}
