/**
 * Brokers that reach each other by SCRAM from the first moment on: their users are among the first records of the
 * cluster (KIP-900), so no broker needs another one to let it in.
 */
import { join } from "node:path";
import { clusterClient } from "../../../client/cluster-client.ts";
import { freePorts } from "../../../local/ports.ts";
import { scramUserIn } from "../../../local/scram-argument.ts";
import { until } from "../../../local/until.ts";
import { broker, type Broker } from "../broker.ts";
import { BROKER_IDS, type Cluster } from "../cluster.ts";
import { secured, type Secured } from "../secured-cluster.ts";
import { expect, type Step } from "../step.ts";
import { tool } from "../tool.ts";
import { login } from "./doors.ts";

const MECHANISM = "SCRAM-SHA-256";
/** As `kafka-storage format --add-scram` takes them. */
const USERS = [
  `${MECHANISM}=[name=brokers,password=among-brokers]`,
  `${MECHANISM}=[name=alice,iterations=8192,salt="MWx0aHV0czdpa2o2YjZ0Y3g5",password=alice-secret]`,
].map(scramUserIn);
const SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required";
const SETTLED_MS = 60_000;
const RECORDS = 500;

const scramLogin = (user: string, password: string): string =>
  `${SCRAM} username="${user}" password="${password}";`;

const amongBrokers = {
  protocol: "SASL_PLAINTEXT",
  properties: [
    `sasl.enabled.mechanisms=${MECHANISM}`,
    `sasl.mechanism.inter.broker.protocol=${MECHANISM}`,
    `listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=${scramLogin("brokers", "among-brokers")}`,
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:brokers;User:alice",
  ],
};

/** Three stock brokers; none has ever run. */
async function formatted({ kafka }: Cluster, world: Secured): Promise<readonly Broker[]> {
  const ports = await freePorts(BROKER_IDS.length);
  const brokers: Broker[] = [];
  for (const [at, nodeId] of BROKER_IDS.entries()) {
    const name = `broker-${nodeId}`;
    const token = await world.mint({ role: "broker", brokerIds: [nodeId], principal: name });
    const one = broker({
      kafka,
      nodeId,
      port: ports[at] ?? 0,
      folder: join(world.folder, name),
      clusterId: world.clusterId,
      bootstrapControllers: world.bootstrapControllers,
      towardsControllers: {
        protocol: "SASL_PLAINTEXT",
        properties: [
          "sasl.mechanism.controller.protocol=PLAIN",
          `listener.name.controller.plain.${login(token)}`,
        ],
      },
      towardsClients: amongBrokers,
    });
    await one.format();
    brokers.push(one);
  }
  return brokers;
}

/** What is acknowledged by three is replicated by SCRAM; who has no password, or another, comes nowhere. */
async function serve(cluster: Cluster, world: Secured, brokers: readonly Broker[]): Promise<void> {
  const { kafka, quorum } = cluster;
  const servers = brokers.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const as = (user: string, password: string): Promise<string> =>
    world.properties(`${user}-${password}.properties`, [
      "security.protocol=SASL_PLAINTEXT",
      `sasl.mechanism=${MECHANISM}`,
      `sasl.jaas.config=${scramLogin(user, password)}`,
      "default.api.timeout.ms=30000",
      "request.timeout.ms=15000",
    ]);
  const alice = await as("alice", "alice-secret");
  const asAlice = ["--bootstrap-server", servers, "--command-config", alice];
  const topic = "--create --topic kept --partitions 3 --replication-factor 3".split(" ");
  await tool(kafka, "kafka-topics", [...asAlice, ...topic, "--config", "min.insync.replicas=3"]);
  const wrong = ["--bootstrap-server", servers, "--command-config", await as("alice", "guessed")];
  const refused = await tool(kafka, "kafka-topics", [...wrong, "--list"], { mayFail: true });
  expect(/SaslAuthenticationException/.test(refused.tail), "nobody else is let in", refused.tail);
  const load = `--topic kept --num-records ${RECORDS} --record-size 100 --throughput -1`.split(" ");
  const acknowledged = ["--producer-props", `bootstrap.servers=${servers}`, "acks=all"];
  const { output, tail } = await tool(kafka, "kafka-producer-perf-test", [
    ...load,
    ...acknowledged,
    "--producer.config",
    alice,
  ]);
  const said = new RegExp(`^${RECORDS} records sent`, "m");
  expect(said.test(output), "every record is acknowledged by three", tail);
  const partitions = await clusterClient(quorum.edge, world.clusterId).partitions("kept");
  const inSync = partitions.map(({ isr_ids: isr }) => isr.length).join();
  expect(inSync === "3,3,3", "all are in sync", JSON.stringify(partitions));
  const users = ["--describe", "--entity-type", "users", "--entity-name", "alice"];
  const described = await tool(kafka, "kafka-configs", [...asAlice, ...users]);
  const says = /SCRAM-SHA-256=iterations=8192/.test(described.output);
  expect(says, "the brokers describe the user as he was bootstrapped", described.tail);
}

const amongThree: Step = {
  title: "bootstrapped users: three brokers reach each other by SCRAM from the beginning",
  run: (cluster) =>
    secured(cluster, { protocol: "SASL_PLAINTEXT", scramUsers: USERS }, async (world) => {
      const brokers = await formatted(cluster, world);
      try {
        await Promise.all(brokers.map((each) => each.start()));
        await until("three brokers are unfenced", { withinMs: SETTLED_MS }, async () => {
          const client = clusterClient(cluster.quorum.edge, world.clusterId);
          const { body } = await client.get<{ data: readonly { fenced: boolean }[] }>("brokers");
          return body.data.filter(({ fenced }) => !fenced).length === 3 ? true : undefined;
        });
        await serve(cluster, world, brokers);
        for (const each of brokers)
          expect(await each.shutDown(), `broker ${each.nodeId} is shut down`, each.log());
        return `${RECORDS} records acknowledged by three`;
      } finally {
        await Promise.all(brokers.map((each) => each.kill()));
      }
    }),
};

export const bootstrappedUserSteps: readonly Step[] = [amongThree];
