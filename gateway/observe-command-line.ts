/** The options of a gateway that observes, and what stands behind them in files and the environment. */
import { parseArgs } from "node:util";
import {
  readCredentials,
  type CredentialSources,
  type EdgeCredentials,
} from "./edge/credentials.ts";
import { hostAndPort, type HostAndPort } from "./listen.ts";

export const OBSERVE_USAGE = `usage: npm run gateway -- --observe HOST:PORT,… --cluster <id> [--edge URL] [--http HOST:PORT] …

Follows a quorum of JVM controllers as an observer, for a cluster that was created with "observed": true.

  --observe  controllers of that quorum, as in controller.quorum.bootstrap.servers; PLAINTEXT
  --cluster  the id of that cluster, as its controllers have it, 22 characters
  --edge     the Worker; http://127.0.0.1:8787 unless said
  --http     where /healthz, /readyz and /metrics are served; 127.0.0.1:9190 unless said

towards the edge
  --token-file FILE        the gateway's token; without it the variable KEDGE_TOKEN
  --header-file FILE       more headers, one "Name: value" a line; without it the variable KEDGE_HEADERS
  --edge-certificate FILE  a client certificate, PEM, and --edge-key FILE, its key
  --edge-ca FILE           whom to trust instead of Node's authorities, PEM
  HTTPS_PROXY, NO_PROXY    a proxy on the way

SIGHUP reads every one of these files again.`;

/** Kafka's lists have a few. */
const SERVERS_MAX = 32;

export interface ObserveCommand {
  readonly edge: string;
  readonly clusterId: string;
  readonly servers: readonly HostAndPort[];
  readonly http: HostAndPort;
  readonly credentials: EdgeCredentials;
  /** Reads what is shown to the edge once more. Throws a sentence. */
  readonly readCredentials: () => EdgeCredentials;
}

/** Whether the command is to observe. */
export const observes = (args: readonly string[]): boolean =>
  args.some((arg) => arg === "--observe" || arg.startsWith("--observe="));

/** Null when help is asked for. Throws a sentence that says what is wrong with the options or the files. */
export function readObserveCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ObserveCommand | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      observe: { type: "string" },
      edge: { type: "string", default: "http://127.0.0.1:8787" },
      cluster: { type: "string" },
      http: { type: "string", default: "127.0.0.1:9190" },
      "token-file": { type: "string" },
      "header-file": { type: "string" },
      "edge-certificate": { type: "string" },
      "edge-key": { type: "string" },
      "edge-ca": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
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
    servers: serversIn(values.observe ?? ""),
    http: hostAndPort(values.http),
    credentials: readCredentials(sources),
    readCredentials: () => readCredentials(sources),
  };
}

function serversIn(text: string): readonly HostAndPort[] {
  const servers = text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map(hostAndPort);
  if (servers.length === 0) throw new Error("--observe names no controller: HOST:PORT,…");
  if (servers.length > SERVERS_MAX) throw new Error(`--observe names more than ${SERVERS_MAX}`);
  const zero = servers.find(({ port }) => port === 0);
  if (zero !== undefined) throw new Error(`--observe: ${zero.host} has no port`);
  return servers;
}
