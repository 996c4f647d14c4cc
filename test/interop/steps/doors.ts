/**
 * The gateway's listeners as Kafka's own clients use them: stock brokers and tools over SASL_SSL with PLAIN and by
 * mutual TLS, and those whom they keep out. Each step forms a cluster of its own at the edge, since a cluster names one
 * port of each controller to its brokers, and puts a gateway of that protocol there.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { clusterClient } from "../../../client/cluster-client.ts";
import { freePort } from "../../../local/ports.ts";
import type { ToolName } from "../../../local/kafka-tools.ts";
import { broker } from "../broker.ts";
import type { Cluster } from "../cluster.ts";
import { secured, type Secured } from "../secured-cluster.ts";
import { expect, type Step } from "../step.ts";
import { SkippedError } from "../table.ts";
import { tool, type ToolRun } from "../tool.ts";

const KCAT_MS = 30_000;
/** Kafka's clients try for a minute unless told. */
export const IMPATIENT = ["default.api.timeout.ms=6000", "request.timeout.ms=3000"];

const run = promisify(execFile);

/** A stock broker comes up behind the gateway, serves, and is led through a controlled shutdown. */
async function brokerServes(
  { kafka, quorum }: Cluster,
  world: Secured,
  towardsControllers: { readonly protocol: string; readonly properties: readonly string[] },
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
    towardsControllers,
  });
  await one.format();
  try {
    await one.start();
    const args = `--bootstrap-server 127.0.0.1:${port} --create --topic doors --partitions 3`;
    await tool(kafka, "kafka-topics", [...args.split(" "), "--replication-factor", "1"]);
    const partitions = await clusterClient(quorum.edge, clusterId).partitions("doors");
    expect(
      partitions.length === 3 && partitions.every(({ leader_id }) => leader_id === 1),
      "the broker leads what was created through it",
      JSON.stringify(partitions),
    );
    expect(await one.shutDown(), "the broker is led through a shutdown", one.log());
  } finally {
    await one.kill();
  }
}

/** `kafka-metadata-quorum` straight to the controllers, with a client's properties. */
async function describeQuorum(
  { kafka }: Cluster,
  { bootstrapControllers }: Secured,
  properties: string,
): Promise<ToolRun> {
  const args = ["--bootstrap-controller", bootstrapControllers, "--command-config", properties];
  return await tool(kafka, "kafka-metadata-quorum", [...args, "describe", "--status"]);
}

export async function served(cluster: Cluster, world: Secured, properties: string): Promise<void> {
  const { output, tail } = await describeQuorum(cluster, world, properties);
  expect(output.includes(world.clusterId), "the tool is told of the quorum", tail);
}

interface Refusal {
  /** Of the client. */
  readonly properties: string;
  readonly says: RegExp;
  /** The tool and what is asked of it; the state of the quorum where it is left out. */
  readonly of?: readonly [ToolName, ...string[]];
}

const ASKED = ["kafka-metadata-quorum", "describe", "--status"] as const;

/** What broker 1 shows, and no other may. */
const ownBroker = (world: Secured): Promise<string> =>
  world.mint({ role: "broker", brokerIds: [1] });

/** The tool fails, for the reason that `says` finds in what it prints. */
export async function keptOut(
  cluster: Cluster,
  world: Secured,
  { properties, says, of = ASKED }: Refusal,
): Promise<void> {
  const [name, ...args] = of;
  const door = [
    "--bootstrap-controller",
    world.bootstrapControllers,
    "--command-config",
    properties,
  ];
  const { code, tail } = await tool(cluster.kafka, name, [...door, ...args], { mayFail: true });
  expect(code !== 0 && says.test(tail), `the tool is refused with ${says.source}`, tail);
}

export const login = (token: string): string =>
  `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="broker-1" password="${token}";`;

const saslSsl: Step = {
  title: "doors: SASL_SSL with PLAIN",
  run: (cluster) =>
    secured(cluster, { protocol: "SASL_SSL" }, async (world) => {
      const trust = ["ssl.truststore.type=PEM", `ssl.truststore.location=${world.caFile}`];
      const client = (mechanism: string): readonly string[] => [
        "security.protocol=SASL_SSL",
        `sasl.mechanism=${mechanism}`,
        ...IMPATIENT,
      ];
      const viewer = await world.mint({ role: "viewer" });
      const withToken = (name: string, token: string): Promise<string> =>
        world.properties(name, [...client("PLAIN"), login(token), ...trust]);
      const good = await withToken("good.properties", viewer);
      await served(cluster, world, good);
      await keptOut(cluster, world, {
        properties: good,
        says: /ClusterAuthorizationException|may not call|Authorization failed/i,
        of: ["kafka-features", "upgrade", "--feature", "transaction.version=1"],
      });
      await brokerServes(cluster, world, {
        protocol: "SASL_SSL",
        properties: [
          "sasl.mechanism.controller.protocol=PLAIN",
          `listener.name.controller.plain.${login(await ownBroker(world))}`,
          ...trust.map((line) => `listener.name.controller.${line}`),
        ],
      });
      await keptOut(cluster, world, {
        properties: await world.properties("plaintext.properties", IMPATIENT),
        says: /disconnected|TimeoutException|timed out/i,
      });
      await keptOut(cluster, world, {
        properties: await world.properties("untrusting.properties", [
          ...client("PLAIN"),
          login(viewer),
        ]),
        says: /SSL handshake failed|PKIX path/,
      });
      await keptOut(cluster, world, {
        properties: await world.properties("scram.properties", [
          ...client("SCRAM-SHA-256"),
          login(viewer).replace("plain.PlainLoginModule", "scram.ScramLoginModule"),
          ...trust,
        ]),
        says: /enabled mechanisms are \[PLAIN\]/,
      });
      await keptOut(cluster, world, {
        properties: await world.properties("header.properties", [
          ...client("PLAIN"),
          login("two words"),
          ...trust,
        ]),
        says: /Authentication failed: Invalid username or password/,
      });
      const elsewhere = await world.mint({ role: "viewer", cluster: "AAAAAAAAAAAAAAAAAAAAAA" });
      const forged = viewer.slice(0, -4);
      for (const [name, token] of Object.entries({ elsewhere, forged })) {
        await keptOut(cluster, world, {
          properties: await withToken(`${name}.properties`, token),
          says: /Authentication failed: Invalid username or password/,
        });
      }
      const { authenticationsSucceeded: count } = world.metrics;
      return `${count} connections authenticated, ${world.lines.length} lines of refusals`;
    }),
};

const saslPlaintext: Step = {
  title: "doors: SASL_PLAINTEXT with PLAIN",
  run: (cluster) =>
    secured(cluster, { protocol: "SASL_PLAINTEXT" }, async (world) => {
      const client = ["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", ...IMPATIENT];
      await served(
        cluster,
        world,
        await world.properties("good.properties", [
          ...client,
          login(await world.mint({ role: "viewer" })),
        ]),
      );
      await brokerServes(cluster, world, {
        protocol: "SASL_PLAINTEXT",
        properties: [
          "sasl.mechanism.controller.protocol=PLAIN",
          `listener.name.controller.plain.${login(await ownBroker(world))}`,
        ],
      });
      await keptOut(cluster, world, {
        properties: await world.properties("header.properties", [...client, login("two words")]),
        says: /Authentication failed: Invalid username or password/,
      });
      return `${world.metrics.authenticationsSucceeded} connections authenticated`;
    }),
};

const librdkafka: Step = {
  title: "doors: SASL_SSL with PLAIN (kcat)",
  run: async (cluster) => {
    const version = await run("kcat", ["-V"], { timeout: KCAT_MS }).catch(() => null);
    if (version === null) throw new SkippedError("kcat is not installed");
    return await secured(cluster, { protocol: "SASL_SSL" }, async (world) => {
      const properties = [
        "security.protocol=sasl_ssl",
        `ssl.ca.location=${world.caFile}`,
        "sasl.mechanisms=PLAIN",
        "sasl.username=broker-1",
        `sasl.password=${await world.mint({ role: "viewer" })}`,
        "debug=broker,security",
      ];
      // It lists a cluster, which controllers do not answer: that ends badly, once it is let in.
      const options = properties.flatMap((each) => ["-X", each]);
      const args = ["-b", world.bootstrapControllers, "-L", "-m", "5", ...options];
      const said = await run("kcat", args, { timeout: KCAT_MS }).then(
        ({ stderr }) => stderr,
        (error: unknown) => String(error),
      );
      const { authenticationsSucceeded: count } = world.metrics;
      expect(count > 0 && / -> UP\b/.test(said), "librdkafka is authenticated", said);
      return /librdkafka [\d.]+/.exec(version.stdout)?.[0] ?? "librdkafka";
    });
  },
};

const mutualTls: Step = {
  title: "doors: SSL with client certificates",
  run: (cluster) =>
    secured(cluster, { protocol: "SSL", clientAuth: "required" }, async (world) => {
      const trust = ["ssl.truststore.type=PEM", `ssl.truststore.location=${world.caFile}`];
      const shows = (store: string): readonly string[] => [
        ...trust,
        "ssl.keystore.type=PEM",
        `ssl.keystore.location=${store}`,
      ];
      const client = ["security.protocol=SSL", ...IMPATIENT];
      const good = await world.properties("good.properties", [
        ...client,
        ...shows(await world.keyStore("tool", true)),
      ]);
      await served(cluster, world, good);
      const store = await world.keyStore("broker-1", true);
      await brokerServes(cluster, world, {
        protocol: "SSL",
        properties: shows(store).map((line) => `listener.name.controller.${line}`),
      });
      await keptOut(cluster, world, {
        properties: await world.properties("nameless.properties", [...client, ...trust]),
        says: /certificate_required/,
      });
      const refused = world.lines.length;
      await keptOut(cluster, world, {
        properties: await world.properties("stranger.properties", [
          ...client,
          ...shows(await world.keyStore("stranger", false)),
        ]),
        says: /SSL handshake failed|terminated during authentication|disconnected|timed out/i,
      });
      const why = world.lines.slice(refused).join("\n");
      const says = /client certificate refused: CERT_SIGNATURE_FAILURE/;
      expect(says.test(why), "the gateway says why the stranger was refused", why);
      return `${world.metrics.authenticationsSucceeded} handshakes, ${world.lines.length} refused`;
    }),
};

export const doorSteps: readonly Step[] = [saslSsl, saslPlaintext, librdkafka, mutualTls];
