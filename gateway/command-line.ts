/** The gateway's options, and what stands behind them in files and the environment. */
import { parseArgs } from "node:util";
import {
  readCredentials,
  type CredentialSources,
  type EdgeCredentials,
} from "./edge/credentials.ts";
import { PRINCIPAL_BYTES_MAX } from "./edge/identity.ts";
import { DEFAULT_LIMITS } from "./gateway.ts";
import type { Transport } from "./edge/tunnel.ts";
import { hostAndPort, type HostAndPort } from "./listen.ts";
import { PLACES } from "./places.ts";
import type { Listener } from "./tcp/admission.ts";
import { DEFAULT_RULES, principalRules, type PrincipalRule } from "./tls/principal-rules.ts";
import { readServerTls, type ServerTlsFiles } from "./tls/server-tls.ts";
import { TlsDoor, type ClientAuth } from "./tls/tls-door.ts";

export const USAGE = `usage: npm run gateway -- --cluster <id> [--edge URL] [--listen HOST:PORT] [--http HOST:PORT] …

  --observe HOST:PORT,…  follows a quorum of JVM controllers instead: --observe --help says how

  --edge     the Worker; http://127.0.0.1:8787 unless said
  --cluster  the cluster's id, 22 characters
  --listen   where the controllers are reached: each on the port that the cluster names to its brokers where that is
             one of the ${PLACES} from PORT on, else on the first that is free; a controller keeps its port while it is
             a voter, and one that comes later takes the first that is free then. Unless said, 127.0.0.1 and the
             ports that the cluster names
  --http     where /healthz, /readyz and /metrics are served; 127.0.0.1:9190 unless said

  --transport  how frames travel to the edge: link, one WebSocket to each controller, unless said (and by HTTP where an
             upgrade is refused), or http, a request for each frame

towards brokers and tools, with the names of Kafka's settings
  --security-protocol            PLAINTEXT unless said, SSL, SASL_PLAINTEXT or SASL_SSL
  --ssl-certificate FILE         the certificate and those that it depends on, PEM
  --ssl-key FILE                 its key, PEM, not encrypted
  --ssl-client-auth              none unless said, requested or required
  --ssl-client-ca FILE           who may have signed a client's certificate, PEM
  --ssl-principal-mapping-rules  RULE:pattern/replacement/[LU], … or DEFAULT

towards the edge
  --token-file FILE        the gateway's token; without it the variable KEDGE_TOKEN
  --header-file FILE       more headers, one "Name: value" a line; without it the variable KEDGE_HEADERS
  --edge-certificate FILE  a client certificate, PEM, and --edge-key FILE, its key
  --edge-ca FILE           whom to trust instead of Node's authorities, PEM
  HTTPS_PROXY, NO_PROXY    a proxy on the way

SIGHUP reads every one of these files again.`;

export interface Command {
  readonly edge: string;
  readonly clusterId: string;
  /** Null: where the cluster tells its brokers. */
  readonly listen: HostAndPort | null;
  readonly http: HostAndPort;
  readonly transport: Transport;
  readonly listener: Listener;
  readonly credentials: EdgeCredentials;
  /** Reads the listener's files and shows what they hold now; null for a listener without any. Throws a sentence. */
  readonly renewListener: (() => void) | null;
  /** Reads what is shown to the edge once more. Throws a sentence. */
  readonly readCredentials: () => EdgeCredentials;
}

/** Null when help is asked for. Throws a sentence that says what is wrong with the options or the files. */
export function readCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command | null {
  const values = parse(args);
  if (values.help === true) return null;
  if (values.cluster === undefined) throw new Error("--cluster is missing");
  const sources: CredentialSources = {
    tokenFile: values["token-file"],
    headerFile: values["header-file"],
    certificateFile: values["edge-certificate"],
    keyFile: values["edge-key"],
    caFile: values["edge-ca"],
    env,
  };
  return {
    edge: values.edge,
    clusterId: values.cluster,
    listen: values.listen === undefined ? null : hostAndPort(values.listen),
    http: hostAndPort(values.http),
    transport: transportOf(values.transport),
    ...listenerOf(values),
    credentials: readCredentials(sources),
    readCredentials: () => readCredentials(sources),
  };
}

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      edge: { type: "string", default: "http://127.0.0.1:8787" },
      cluster: { type: "string" },
      listen: { type: "string" },
      http: { type: "string", default: "127.0.0.1:9190" },
      transport: { type: "string", default: "link" },
      "security-protocol": { type: "string", default: "PLAINTEXT" },
      "ssl-certificate": { type: "string" },
      "ssl-key": { type: "string" },
      "ssl-client-auth": { type: "string" },
      "ssl-client-ca": { type: "string" },
      "ssl-principal-mapping-rules": { type: "string" },
      "token-file": { type: "string" },
      "header-file": { type: "string" },
      "edge-certificate": { type: "string" },
      "edge-key": { type: "string" },
      "edge-ca": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  }).values;
}

function transportOf(text: string): Transport {
  if (text === "link" || text === "http") return text;
  throw new Error("--transport is link or http");
}

const TLS_OPTIONS = [
  "ssl-certificate",
  "ssl-key",
  "ssl-client-auth",
  "ssl-client-ca",
  "ssl-principal-mapping-rules",
] as const;

function listenerOf(values: Values): Pick<Command, "listener" | "renewListener"> {
  const protocol = values["security-protocol"];
  if (protocol === "PLAINTEXT" || protocol === "SASL_PLAINTEXT") {
    const stray = TLS_OPTIONS.find((name) => values[name] !== undefined);
    if (stray !== undefined) throw new Error(`--${stray} means nothing to ${protocol}`);
    return { listener: { protocol }, renewListener: null };
  }
  if (protocol !== "SSL" && protocol !== "SASL_SSL")
    throw new Error(`--security-protocol is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL`);
  const { files, clientAuth, rules } = tlsOf(values, protocol);
  const door = new TlsDoor({
    tls: readServerTls(files),
    clientAuth,
    rules,
    principalBytesMax: PRINCIPAL_BYTES_MAX,
    handshakeMs: DEFAULT_LIMITS.handshakeMs,
  });
  return { listener: { protocol, door }, renewListener: () => door.renew(readServerTls(files)) };
}

function tlsOf(
  values: Values,
  protocol: string,
): {
  readonly files: ServerTlsFiles;
  readonly clientAuth: ClientAuth;
  readonly rules: readonly PrincipalRule[];
} {
  const { "ssl-certificate": certificate, "ssl-key": key, "ssl-client-ca": clientCa } = values;
  if (certificate === undefined || key === undefined)
    throw new Error(`${protocol} needs --ssl-certificate and --ssl-key`);
  const clientAuth = clientAuthOf(values["ssl-client-auth"] ?? "none");
  if ((clientAuth === "none") !== (clientCa === undefined))
    throw new Error("--ssl-client-auth requested or required and --ssl-client-ca go together");
  const rules = values["ssl-principal-mapping-rules"];
  if (rules !== undefined && clientAuth === "none")
    throw new Error("--ssl-principal-mapping-rules needs --ssl-client-auth");
  return {
    files: { certificate, key, clientCa },
    clientAuth,
    rules: rules === undefined ? DEFAULT_RULES : principalRules(rules),
  };
}

function clientAuthOf(text: string): ClientAuth {
  if (text === "none" || text === "requested" || text === "required") return text;
  throw new Error("--ssl-client-auth is none, requested or required");
}
