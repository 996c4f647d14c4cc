/**
 * A cluster of its own behind a gateway that speaks one of the secured protocols, and what the clients of that gateway
 * need: an authority that signed its certificate and theirs, key stores, properties.
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formCluster } from "../../client/cluster-client.ts";
import { PRINCIPAL_BYTES_MAX } from "../../gateway/edge/identity.ts";
import { startGateway } from "../../gateway/gateway.ts";
import { sentencesTo } from "../../gateway/log.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { principalRules } from "../../gateway/tls/principal-rules.ts";
import { readServerTls } from "../../gateway/tls/server-tls.ts";
import { TlsDoor, type ClientAuth } from "../../gateway/tls/tls-door.ts";
import { freePorts } from "../../local/ports.ts";
import type { ScramUser } from "../../local/scram-argument.ts";
import type { TokenRequest } from "../../src/access/index.ts";
import { certificate, commonName, type Authority } from "../gateway/certificates.ts";
import type { Cluster } from "./cluster.ts";
import { tunnelTo } from "../../local/tunnel.ts";

const VOTERS = 3;
const HANDSHAKE_MS = 10_000;

export interface Secured {
  readonly bootstrapControllers: string;
  readonly clusterId: string;
  /** A token for this cluster, unless the request says another. */
  readonly mint: (request: TokenRequest) => Promise<string>;
  readonly folder: string;
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

export interface SecuredOptions {
  readonly protocol: "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";
  /** Of a listener with TLS; none when absent. */
  readonly clientAuth?: ClientAuth;
  /** Of the cluster; the defaults when absent. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whom the cluster begins with; nobody when absent. */
  readonly scramUsers?: readonly ScramUser[];
}

const signed = (name: string, signedBy: Authority): Authority =>
  certificate({ subject: commonName(name), signedBy });

/** Forms the cluster, opens the gateway for `work`, and closes it afterwards. */
export async function secured(
  { quorum, folder: parent }: Cluster,
  { protocol, clientAuth = "none", settings = {}, scramUsers = [] }: SecuredOptions,
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
    scram_users: scramUsers,
  });
  const metrics = new GatewayMetrics();
  const lines: string[] = [];
  const gateway = await startGateway({
    tunnel: tunnelTo(quorum.edge, formed.cluster_id, { metrics }),
    metrics,
    listener: protocol === "SASL_PLAINTEXT" ? { protocol } : { protocol, door },
    controllers: formed.controllers.map(({ node_id: nodeId, port }) => ({
      nodeId,
      host: "127.0.0.1",
      port,
    })),
    log: sentencesTo((line) => void lines.push(line)),
  });
  try {
    return await work({
      bootstrapControllers: gateway.bootstrapServers,
      clusterId: formed.cluster_id,
      mint: (request) => quorum.edge.mint({ cluster: formed.cluster_id, ...request }),
      folder,
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
