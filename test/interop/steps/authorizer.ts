/**
 * Kafka's `StandardAuthorizer` on a stock broker, and the cluster's own behind it: who is a super user may, and who is
 * nobody may not, straight to the controllers and through the broker, which forwards in an Envelope whom it has
 * authenticated.
 */
import { join } from "node:path";
import { clusterClient } from "../../../client/cluster-client.ts";
import { freePort } from "../../../local/ports.ts";
import { broker } from "../broker.ts";
import type { Cluster } from "../cluster.ts";
import { expect, type Step } from "../step.ts";
import { tool, type ToolRun } from "../tool.ts";
import { secured, type Secured } from "../secured-cluster.ts";
import { IMPATIENT, keptOut, login, served } from "./doors.ts";

const AUTHORIZER = {
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "super.users": "User:broker-1;User:root",
};

/** Of the broker's own listener, by whom it knows its clients. */
const PASSWORDS: Readonly<Record<string, string>> = {
  "broker-1": "among-brokers",
  root: "root-secret",
  mallory: "mallory-secret",
};

const PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required";
const plainLogin = (name: string): string =>
  `${PLAIN} username="${name}" password="${PASSWORDS[name]}"`;

/** What the broker lets in, and as whom it talks to other brokers. */
const clientListener = (): readonly string[] => {
  const users = Object.entries(PASSWORDS).map(([name, password]) => `user_${name}="${password}"`);
  return [
    "sasl.enabled.mechanisms=PLAIN",
    "sasl.mechanism.inter.broker.protocol=PLAIN",
    `listener.name.sasl_plaintext.plain.sasl.jaas.config=${plainLogin("broker-1")} ${users.join(" ")};`,
    ...Object.entries(AUTHORIZER).map(([name, value]) => `${name}=${value}`),
  ];
};

async function throughBroker(
  { kafka, quorum }: Cluster,
  world: Secured,
  towardsControllers: readonly string[],
): Promise<void> {
  const port = await freePort();
  const { clusterId, bootstrapControllers } = world;
  const one = broker({
    kafka,
    nodeId: 1,
    port,
    folder: join(world.folder, "broker"),
    clusterId,
    bootstrapControllers,
    towardsControllers: { protocol: "SASL_SSL", properties: towardsControllers },
    towardsClients: { protocol: "SASL_PLAINTEXT", properties: clientListener() },
  });
  const create = async (name: string, topic: string): Promise<ToolRun> => {
    const properties = await world.properties(`${name}-broker.properties`, [
      "security.protocol=SASL_PLAINTEXT",
      "sasl.mechanism=PLAIN",
      `sasl.jaas.config=${plainLogin(name)};`,
    ]);
    const args = `--bootstrap-server 127.0.0.1:${port} --create --topic ${topic} --partitions 1`;
    const options = ["--replication-factor", "1", "--command-config", properties];
    return await tool(kafka, "kafka-topics", [...args.split(" "), ...options], { mayFail: true });
  };
  await one.format();
  try {
    await one.start();
    const refused = await create("mallory", "stolen");
    expect(
      refused.code !== 0 && /TopicAuthorizationException/.test(refused.tail),
      "who is nobody creates no topic",
      refused.tail,
    );
    const created = await create("root", "owned");
    expect(created.code === 0, "a super user creates a topic", created.tail);
    const client = clusterClient(quorum.edge, clusterId);
    const { body } = await client.get<{ data: readonly { topic_name: string }[] }>("topics");
    const names = body.data.map(({ topic_name: name }) => name);
    expect(names.join() === "owned", "that topic is there, and no other", names.join());
    expect(await one.shutDown(), "the broker is led through a shutdown", one.log());
  } finally {
    await one.kill();
  }
}

const standardAuthorizer: Step = {
  title: "authorizer: a super user may, who is nobody may not",
  run: (cluster) =>
    secured(
      cluster,
      { protocol: "SASL_SSL", clientAuth: "none", settings: AUTHORIZER },
      async (world) => {
        const trust = ["ssl.truststore.type=PEM", `ssl.truststore.location=${world.caFile}`];
        const withToken = async (principal: string): Promise<string> => {
          const token = await world.mint({ role: "operator", principal });
          const client = ["security.protocol=SASL_SSL", "sasl.mechanism=PLAIN", ...IMPATIENT];
          return await world.properties(`${principal}.properties`, [
            ...client,
            login(token),
            ...trust,
          ]);
        };
        await served(cluster, world, await withToken("root"));
        // A tool that comes to a controller asks for the cluster first, which takes ALTER there. A client of 4.0 takes the
        // refusal for a controller that is not there, and tries until its time is over.
        await keptOut(cluster, world, {
          properties: await withToken("mallory"),
          says: /ClusterAuthorizationException: Request DescribeCluster needs ALTER permission|Timed out waiting for a node assignment/,
        });
        const ownBroker = { role: "broker", brokerIds: [1], principal: "broker-1" } as const;
        await throughBroker(cluster, world, [
          "sasl.mechanism.controller.protocol=PLAIN",
          `listener.name.controller.plain.${login(await world.mint(ownBroker))}`,
          ...trust.map((line) => `listener.name.controller.${line}`),
        ]);
        return `${world.metrics.authenticationsSucceeded} connections authenticated`;
      },
    ),
};

export const authorizerSteps: readonly Step[] = [standardAuthorizer];
