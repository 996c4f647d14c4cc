/**
 * The gateway's listeners as Kafka's own clients use them: stock brokers and tools over SASL_SSL with PLAIN and by mutual
 * TLS, and those whom they keep out. Each step forms a cluster of its own at the edge, since a cluster names one port of
 * each controller to its brokers, and puts a gateway of that protocol there.
 */
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { clusterClient, formCluster } from "../../../client/cluster-client.ts";
import { PRINCIPAL_BYTES_MAX } from "../../../gateway/edge/identity.ts";
import { NO_CREDENTIALS } from "../../../gateway/edge/credentials.ts";
import { Tunnel } from "../../../gateway/edge/tunnel.ts";
import { startGateway } from "../../../gateway/gateway.ts";
import { GatewayMetrics } from "../../../gateway/metrics.ts";
import { principalRules } from "../../../gateway/tls/principal-rules.ts";
import { readServerTls } from "../../../gateway/tls/server-tls.ts";
import { TlsDoor, type ClientAuth } from "../../../gateway/tls/tls-door.ts";
import { freePort, freePorts } from "../../../local/ports.ts";
import type { MintRequest } from "../../../local/secret.ts";
import { certificate, commonName, type Authority } from "../../gateway/certificates.ts";
import { broker } from "../broker.ts";
import type { Cluster } from "../cluster.ts";
import { expect, type Step } from "../step.ts";
import { SkippedError } from "../table.ts";
import type { ToolName } from "../../../local/kafka-tools.ts";
import { tool, type ToolRun } from "../tool.ts";

const VOTERS = 3;
const HANDSHAKE_MS = 10_000;
const KCAT_MS = 30_000;
/** Kafka's clients try for a minute unless told. */
export const IMPATIENT = ["default.api.timeout.ms=6000", "request.timeout.ms=3000"];

const run = promisify(execFile);

/** A cluster behind a gateway with TLS, and what its clients need. */
export interface Secured {
  readonly bootstrapControllers: string;
  readonly clusterId: string;
  /** A token for this cluster, unless the request says another. */
  readonly mint: (request: MintRequest) => Promise<string>;
  readonly folder: string;
  readonly door: TlsDoor;
  /** The PEM file of the authority that signed the gateway's certificate and its clients'. */
  readonly caFile: string;
  /** A key store of PEM, signed by that authority, or by another that has taken its name. */
  readonly keyStore: (name: string, isSigned: boolean) => Promise<string>;
  /** Writes the properties of a client, and gives their path. */
  readonly properties: (name: string, lines: readonly string[]) => Promise<string>;
  /** What the gateway logs. */
  readonly lines: readonly string[];
  readonly metrics: GatewayMetrics;
}

interface SecuredOptions {
  readonly protocol: "SSL" | "SASL_SSL";
  readonly clientAuth: ClientAuth;
  /** Of the cluster; the defaults when absent. */
  readonly settings?: Readonly<Record<string, string>>;
}

const signed = (name: string, signedBy: Authority): Authority =>
  certificate({ subject: commonName(name), signedBy });

/** Forms the cluster, opens the gateway for `work`, and closes it afterwards. */
export async function secured(
  { quorum, folder: parent }: Cluster,
  { protocol, clientAuth, settings = {} }: SecuredOptions,
  work: (secured: Secured) => Promise<string>,
): Promise<string> {
  const folder = await mkdtemp(join(parent, `doors-${protocol}-`));
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const authority = certificate({ subject: commonName("authority"), isAuthority: true });
  const impostor = certificate({ subject: commonName("authority"), isAuthority: true });
  const caFile = await file("ca.pem", authority.cert);
  const own = signed("localhost", authority);
  const door = new TlsDoor({
    tls: readServerTls({
      certificate: await file("gateway.pem", own.cert),
      key: await file("gateway.key", own.key),
      ...(clientAuth === "none" ? {} : { clientCa: caFile }),
    }),
    clientAuth,
    rules: principalRules("RULE:^CN=([^,]+).*$/$1/,DEFAULT"),
    principalBytesMax: PRINCIPAL_BYTES_MAX,
    handshakeMs: HANDSHAKE_MS,
  });
  const ports = await freePorts(VOTERS);
  const formed = await formCluster(quorum.edge, {
    controllers: ports.map((port) => ({ host: "127.0.0.1", port })),
    settings,
  });
  const metrics = new GatewayMetrics();
  const lines: string[] = [];
  const gateway = await startGateway({
    tunnel: new Tunnel({
      edge: quorum.edge.url,
      clusterId: formed.cluster_id,
      metrics,
      credentials: { ...NO_CREDENTIALS, token: quorum.edge.gatewayToken },
    }),
    metrics,
    listener: { protocol, door },
    controllers: formed.controllers.map(({ node_id: nodeId, port }) => ({
      nodeId,
      host: "127.0.0.1",
      port,
    })),
    log: (line) => void lines.push(line),
  });
  try {
    return await work({
      bootstrapControllers: gateway.bootstrapServers,
      clusterId: formed.cluster_id,
      mint: (request) => quorum.edge.mint({ cluster: formed.cluster_id, ...request }),
      folder,
      door,
      caFile,
      keyStore: async (name, isSigned) => {
        const { cert, key } = signed(name, isSigned ? authority : impostor);
        return await file(`${name}.pem`, cert + key);
      },
      properties: (name, properties) => file(name, [...properties, ""].join("\n")),
      lines,
      metrics,
    });
  } finally {
    await gateway.stop();
  }
}

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
    secured(cluster, { protocol: "SASL_SSL", clientAuth: "none" }, async (world) => {
      const trust = ["ssl.truststore.type=PEM", `ssl.truststore.location=${world.caFile}`];
      const client = (mechanism: string): readonly string[] => [
        "security.protocol=SASL_SSL",
        `sasl.mechanism=${mechanism}`,
        ...IMPATIENT,
      ];
      const viewer = await world.mint({ role: "viewer" });
      const ownBroker = await world.mint({ role: "broker", brokerIds: [1] });
      const withToken = (name: string, token: string): Promise<string> =>
        world.properties(name, [...client("PLAIN"), login(token), ...trust]);
      const good = await withToken("good.properties", viewer);
      await served(cluster, world, good);
      await keptOut(cluster, world, {
        properties: good,
        says: /CLUSTER_AUTHORIZATION_FAILED|ClusterAuthorizationException|may not call/,
        of: ["kafka-features", "upgrade", "--feature", "transaction.version=1"],
      });
      await brokerServes(cluster, world, {
        protocol: "SASL_SSL",
        properties: [
          "sasl.mechanism.controller.protocol=PLAIN",
          `listener.name.controller.plain.${login(ownBroker)}`,
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
      const strangers = {
        forged: `${viewer.slice(0, -1)}${viewer.endsWith("A") ? "B" : "A"}`,
        elsewhere,
      };
      for (const [name, token] of Object.entries(strangers)) {
        await keptOut(cluster, world, {
          properties: await withToken(`${name}.properties`, token),
          says: /Authentication failed: Invalid username or password/,
        });
      }
      const { authenticationsSucceeded: count } = world.metrics;
      return `${count} connections authenticated, ${world.lines.length} lines of refusals`;
    }),
};

const librdkafka: Step = {
  title: "doors: SASL_SSL with PLAIN (kcat)",
  run: async (cluster) => {
    const version = await run("kcat", ["-V"], { timeout: KCAT_MS }).catch(() => null);
    if (version === null) throw new SkippedError("kcat is not installed");
    return await secured(cluster, { protocol: "SASL_SSL", clientAuth: "none" }, async (world) => {
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

export const doorSteps: readonly Step[] = [saslSsl, librdkafka, mutualTls];
