/** What a gateway is told that carries the frames of an observer to a quorum that others run. */
import type { EdgeCredentials } from "./edge/credentials.ts";
import { hostAndPort, type HostAndPort } from "./listen.ts";
import type { LogStyle } from "./log.ts";
import type { OptionName, Settings } from "./options.ts";

/** Kafka's lists have a few. */
const SERVERS_MAX = 32;

export interface ObserveCommand {
  readonly kind: "observe";
  readonly edge: string;
  readonly clusterId: string;
  readonly servers: readonly HostAndPort[];
  readonly http: HostAndPort;
  readonly log: LogStyle;
  /** Variables that look like options and are none. */
  readonly unknown: readonly string[];
  readonly credentials: EdgeCredentials;
  /** Reads what is shown to the edge once more. Throws a sentence. */
  readonly readCredentials: () => EdgeCredentials;
}

/** What is for brokers and tools, of whom it has none. */
const OF_CLIENTS: readonly OptionName[] = [
  "listen",
  "transport",
  "observer",
  "state",
  "heartbeat-batch-ms",
  "security-protocol",
  "ssl-certificate",
  "ssl-key",
  "ssl-client-auth",
  "ssl-client-ca",
  "ssl-principal-mapping-rules",
];

/** The quorum's controllers. Throws a sentence that says what is wrong with them, or means nothing beside them. */
export function observedServers(settings: Settings): readonly HostAndPort[] {
  const stray = OF_CLIENTS.find((name) => settings.isGiven(name));
  if (stray !== undefined)
    throw new Error(`${settings.called(stray)} means nothing to a gateway that observes a quorum`);
  const name = settings.called("observe");
  const servers = (settings.of("observe") ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map(hostAndPort);
  if (servers.length === 0) throw new Error(`${name} names no controller: HOST:PORT,…`);
  if (servers.length > SERVERS_MAX) throw new Error(`${name} names more than ${SERVERS_MAX}`);
  const zero = servers.find(({ port }) => port === 0);
  if (zero !== undefined) throw new Error(`${name}: ${zero.host} has no port`);
  return servers;
}
