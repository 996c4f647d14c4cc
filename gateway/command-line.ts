/** What the gateway is told to do: its options, and what stands behind them in files. */
import {
  readCredentials,
  type CredentialSources,
  type EdgeCredentials,
} from "./edge/credentials.ts";
import { PRINCIPAL_BYTES_MAX } from "./edge/identity.ts";
import { MAX_AGE_MS } from "./cluster-gateway.ts";
import { DEFAULT_LIMITS, HEARTBEAT_BATCH_MS } from "./gateway.ts";
import type { Transport } from "./edge/tunnel.ts";
import { hostAndPort, type HostAndPort } from "./listen.ts";
import { FORMATS, LEVELS, type LogStyle } from "./log.ts";
import { observedServers, type ObserveCommand } from "./observe-command-line.ts";
import { Settings, type Environment, type OptionName } from "./options.ts";
import type { Listener } from "./tcp/admission.ts";
import { DEFAULT_RULES, principalRules, type PrincipalRule } from "./tls/principal-rules.ts";
import { readServerTls, type ServerTlsFiles } from "./tls/server-tls.ts";
import { TlsDoor, type ClientAuth } from "./tls/tls-door.ts";

/** A uuid in base64url: no edge has a cluster of another name, and it would be waited for in vain. */
const CLUSTER_ID = /^[\w-]{22}$/;

/** A heartbeat that is much later than this may come too late. */
const HEARTBEAT_BATCH_MS_MAX = 1_000;

/** More often the edge is not asked either way; a day is long for a voter that has come. */
const MAX_AGE_MS_BOUNDS = { min: 1_000, max: 86_400_000 } as const;

export interface Command {
  readonly kind: "serve";
  readonly edge: string;
  readonly clusterId: string;
  /** Null: where the cluster tells its brokers. */
  readonly listen: HostAndPort | null;
  readonly http: HostAndPort;
  readonly transport: Transport;
  /** How old what it knows of the controllers may become where it would hear of changes. */
  readonly maxAgeMs: number;
  readonly log: LogStyle;
  /** Variables that look like options and are none. */
  readonly unknown: readonly string[];
  /** Null where fetches are left to the controllers. */
  readonly observe: { readonly state: string | null; readonly heartbeatBatchMs: number } | null;
  readonly listener: Listener;
  readonly credentials: EdgeCredentials;
  /** Reads the listener's files and shows what they hold now; null for a listener without any. Throws a sentence. */
  readonly renewListener: (() => void) | null;
  /** Reads what is shown to the edge once more. Throws a sentence. */
  readonly readCredentials: () => EdgeCredentials;
}

/** Throws a sentence that says what is wrong with the options or the files. */
export function readCommand(
  args: readonly string[],
  env: Environment,
): Command | ObserveCommand | "help" | "version" {
  const settings = new Settings(args, env);
  if (settings.isAsked("help")) return "help";
  if (settings.isAsked("version")) return "version";
  const clusterId = settings.of("cluster");
  if (clusterId === undefined) throw new Error("--cluster is missing");
  if (!CLUSTER_ID.test(clusterId))
    throw new Error(
      `${settings.called("cluster")} is an id of 22 characters, as kafka-storage random-uuid makes it`,
    );
  const listen = settings.of("listen");
  const sources: CredentialSources = {
    tokenFile: settings.of("token-file"),
    headerFile: settings.of("header-file"),
    certificateFile: settings.of("edge-certificate"),
    keyFile: settings.of("edge-key"),
    caFile: settings.of("edge-ca"),
    env,
  };
  const common = {
    edge: settings.of("edge") ?? "",
    clusterId,
    http: hostAndPort(settings.of("http") ?? ""),
    log: {
      level: oneOf(settings, "log-level", LEVELS),
      format: oneOf(settings, "log-format", FORMATS),
    },
    unknown: settings.unknown,
    readCredentials: () => readCredentials(sources),
  };
  if (settings.isGiven("observe")) {
    const servers = observedServers(settings);
    return { kind: "observe", ...common, servers, credentials: readCredentials(sources) };
  }
  return {
    kind: "serve",
    ...common,
    listen: listen === undefined ? null : hostAndPort(listen),
    transport: oneOf(settings, "transport", ["link", "http"]),
    maxAgeMs: wholeNumber(settings, "metadata-max-age-ms", MAX_AGE_MS_BOUNDS) ?? MAX_AGE_MS,
    observe: observeOf(settings),
    ...listenerOf(settings),
    credentials: readCredentials(sources),
  };
}

function oneOf<T extends string>(settings: Settings, name: OptionName, choices: readonly T[]): T {
  const given = settings.of(name);
  const found = choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  const all = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  throw new Error(`${settings.called(name)} is ${all}`);
}

function observeOf(settings: Settings): Command["observe"] {
  const state = settings.of("state");
  const batchMs = { min: 0, max: HEARTBEAT_BATCH_MS_MAX };
  const heartbeatBatchMs = wholeNumber(settings, "heartbeat-batch-ms", batchMs);
  const isOn = oneOf(settings, "observer", ["on", "off"]) === "on";
  if (!isOn || settings.of("transport") === "http") {
    if (state !== undefined || heartbeatBatchMs !== undefined)
      throw new Error("--state and --heartbeat-batch-ms are for a gateway that observes");
    return null;
  }
  return { state: state ?? null, heartbeatBatchMs: heartbeatBatchMs ?? HEARTBEAT_BATCH_MS };
}

/** Undefined when it was not given. */
function wholeNumber(
  settings: Settings,
  name: OptionName,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const given = settings.of(name);
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${settings.called(name)} is a whole number from ${min} to ${max}`);
}

const TLS_OPTIONS = [
  "ssl-certificate",
  "ssl-key",
  "ssl-client-auth",
  "ssl-client-ca",
  "ssl-principal-mapping-rules",
] as const;

const PROTOCOLS = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] as const;

function listenerOf(settings: Settings): Pick<Command, "listener" | "renewListener"> {
  const protocol = oneOf(settings, "security-protocol", PROTOCOLS);
  if (protocol === "PLAINTEXT" || protocol === "SASL_PLAINTEXT") {
    const stray = TLS_OPTIONS.find((name) => settings.of(name) !== undefined);
    if (stray !== undefined)
      throw new Error(`${settings.called(stray)} means nothing to ${protocol}`);
    return { listener: { protocol }, renewListener: null };
  }
  const { files, clientAuth, rules } = tlsOf(settings, protocol);
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
  settings: Settings,
  protocol: string,
): {
  readonly files: ServerTlsFiles;
  readonly clientAuth: ClientAuth;
  readonly rules: readonly PrincipalRule[];
} {
  const [certificate, key] = [settings.of("ssl-certificate"), settings.of("ssl-key")];
  if (certificate === undefined || key === undefined)
    throw new Error(`${protocol} needs --ssl-certificate and --ssl-key`);
  const clientAuth = clientAuthOf(settings);
  const clientCa = settings.of("ssl-client-ca");
  if ((clientAuth === "none") !== (clientCa === undefined))
    throw new Error("--ssl-client-auth requested or required and --ssl-client-ca go together");
  const rules = settings.of("ssl-principal-mapping-rules");
  if (rules !== undefined && clientAuth === "none")
    throw new Error(`${settings.called("ssl-principal-mapping-rules")} needs --ssl-client-auth`);
  return {
    files: { certificate, key, clientCa },
    clientAuth,
    rules: rules === undefined ? DEFAULT_RULES : principalRules(rules),
  };
}

/** Not in the table: to a listener without TLS it is to be absent. */
const clientAuthOf = (settings: Settings): ClientAuth =>
  settings.of("ssl-client-auth") === undefined
    ? "none"
    : oneOf(settings, "ssl-client-auth", ["none", "requested", "required"]);
