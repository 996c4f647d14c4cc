/**
 * Every option of the gateway, in one table: how it is given on the command line and in the environment, and what
 * `--help` says of it. A flag wins over its variable, and an empty variable counts as none.
 *
 * Variables that begin with KEDGE_ and are none of these are said and passed over: whoever runs containers puts some
 * beside them that are named after services (KEDGE_PORT, KEDGE_SERVICE_HOST), and a gateway has to start all the same.
 */
import { parseArgs } from "node:util";
import { FORMATS, LEVELS } from "./log.ts";
import { PLACES } from "./places.ts";

const SECTIONS = {
  gateway: "the gateway",
  clients: "towards brokers and tools, with the names of Kafka's settings",
  edge: "towards the edge",
  log: "what it says",
} as const;

interface Option {
  readonly section: keyof typeof SECTIONS;
  /** What stands behind it: a word for the value. */
  readonly value: string;
  readonly says: string;
  /** What holds when it is not given. */
  readonly unless?: string;
  /** A secret: every process of the machine can see a command line. */
  readonly isSecret?: true;
}

const OPTIONS = {
  cluster: { section: "gateway", value: "ID", says: "the cluster's id, 22 characters" },
  edge: {
    section: "gateway",
    value: "URL",
    says: "the Worker",
    unless: "http://127.0.0.1:8787",
  },
  listen: {
    section: "gateway",
    value: "HOST:PORT",
    says:
      "where the controllers are reached: each on the port that the cluster names to its brokers where that is one " +
      `of the ${PLACES} from PORT on, else on the first that is free; a controller keeps its port while it is a ` +
      "voter, and one that comes later takes the first that is free then. Unless said, 127.0.0.1 and the ports that " +
      "the cluster names",
  },
  http: {
    section: "gateway",
    value: "HOST:PORT",
    says: "where /livez, /readyz, /healthz and /metrics are served",
    unless: "127.0.0.1:9190",
  },
  transport: {
    section: "gateway",
    value: "link|http",
    says:
      "how frames travel to the edge: over one WebSocket to each controller (and by HTTP where an upgrade is " +
      "refused), or by a request for each frame",
    unless: "link",
  },
  observer: {
    section: "gateway",
    value: "on|off",
    says:
      "whether brokers' fetches of the metadata log are answered here, from what controllers push over links, or " +
      "left to the controllers",
    unless: "on",
  },
  state: {
    section: "gateway",
    value: "FILE",
    says: "where the position that brokers were served is kept: after a restart none is served behind it",
  },
  "heartbeat-batch-ms": {
    section: "gateway",
    value: "MS",
    says:
      "how long a heartbeat waits for those of other brokers, to leave in one message; 0 for not at all, 100 " +
      "unless said",
  },
  "metadata-max-age-ms": {
    section: "gateway",
    value: "MS",
    says:
      "how old what is known of the controllers may become while the log tells of changes; an hour unless said. " +
      "Without clients the edge is asked every five minutes, and every four seconds while some are served otherwise",
  },
  observe: {
    section: "gateway",
    value: "HOST:PORT,…",
    says:
      "follows a quorum of JVM controllers instead, over PLAINTEXT, as the observer of a cluster that was created with " +
      '"observed": true; no ports are opened, and what is said here of brokers and tools means nothing then',
  },
  "security-protocol": {
    section: "clients",
    value: "NAME",
    says: "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
    unless: "PLAINTEXT",
  },
  "ssl-certificate": {
    section: "clients",
    value: "FILE",
    says: "the certificate and those that it depends on, PEM",
  },
  "ssl-key": { section: "clients", value: "FILE", says: "its key, PEM, not encrypted" },
  "ssl-client-auth": {
    section: "clients",
    value: "none|requested|required",
    says: "whether clients show a certificate; none unless said",
  },
  "ssl-client-ca": {
    section: "clients",
    value: "FILE",
    says: "who may have signed a client's certificate, PEM",
  },
  "ssl-principal-mapping-rules": {
    section: "clients",
    value: "RULES",
    says: "RULE:pattern/replacement/[LU], … or DEFAULT",
  },
  token: { section: "edge", value: "TOKEN", says: "the gateway's token", isSecret: true },
  "token-file": { section: "edge", value: "FILE", says: "a file with the token; it wins over it" },
  headers: {
    section: "edge",
    value: "LINES",
    says: 'more headers, one "Name: value" a line',
    isSecret: true,
  },
  "header-file": {
    section: "edge",
    value: "FILE",
    says: "a file with the headers; it wins over them",
  },
  "edge-certificate": {
    section: "edge",
    value: "FILE",
    says: "a client certificate, PEM; it needs its key",
  },
  "edge-key": { section: "edge", value: "FILE", says: "the key of that certificate, PEM" },
  "edge-ca": {
    section: "edge",
    value: "FILE",
    says: "whom to trust instead of Node's authorities, PEM",
  },
  "log-level": {
    section: "log",
    value: LEVELS.join("|"),
    says: "how grave a line must be",
    unless: "info",
  },
  "log-format": {
    section: "log",
    value: FORMATS.join("|"),
    says: "lines for people, or for programs",
    unless: "text",
  },
} as const satisfies Readonly<Record<string, Option>>;

export type OptionName = keyof typeof OPTIONS;

const TABLE: Readonly<Record<string, Option>> = OPTIONS;
const PREFIX = "KEDGE_";

/** As many variables of others are named, and no more. */
const UNKNOWN_MAX = 20;

export const variableOf = (name: string): string =>
  PREFIX + name.toUpperCase().replaceAll("-", "_");

/** All that the environment may say. */
export const VARIABLES: readonly string[] = Object.keys(TABLE).map(variableOf);

export type Environment = Readonly<Record<string, string | undefined>>;

/** What was given, by name. */
export class Settings {
  readonly #flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly #env: Environment;

  /** Throws a sentence for a flag that is none. */
  constructor(args: readonly string[], env: Environment) {
    const flags = Object.entries(TABLE).flatMap(([name, { isSecret }]) =>
      isSecret === true ? [] : [[name, { type: "string" }] as const],
    );
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(flags),
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" },
      },
    });
    this.#flags = values;
    this.#env = env;
  }

  isAsked(name: "help" | "version"): boolean {
    return this.#flags[name] === true;
  }

  /** The value given, or what holds without one. */
  of(name: OptionName): string | undefined {
    return this.#flag(name) ?? this.#variable(name) ?? TABLE[name]?.unless;
  }

  /** Whether it was given, with a flag or a variable. */
  isGiven(name: OptionName): boolean {
    return this.#flag(name) !== undefined || this.#variable(name) !== undefined;
  }

  /** What it is called where it was given, for a sentence about it. */
  called(name: OptionName): string {
    const isVariable = this.#flag(name) === undefined && this.#variable(name) !== undefined;
    return isVariable ? variableOf(name) : `--${name}`;
  }

  /** Names of variables that look like options and are none. */
  get unknown(): readonly string[] {
    return Object.keys(this.#env)
      .filter((name) => name.startsWith(PREFIX) && !VARIABLES.includes(name))
      .slice(0, UNKNOWN_MAX);
  }

  #flag(name: OptionName): string | undefined {
    const value = this.#flags[name];
    return typeof value === "string" ? value : undefined;
  }

  #variable(name: OptionName): string | undefined {
    return this.#env[variableOf(name)] || undefined;
  }
}

const COLUMNS = 100;
const INDENT = 6;

/** What `--help` prints. */
export function usage(): string {
  const sections = Object.entries(SECTIONS).map(([section, title]) => {
    const rows = Object.entries(TABLE).filter(([, option]) => option.section === section);
    return [title, ...rows.map(([name, option]) => rowOf(name, option))].join("\n");
  });
  return [
    "usage: kedge-gateway --cluster ID [option …], or in a checkout: npm run gateway -- --cluster ID [option …]",
    "Every option is a variable too. The flag wins, and an empty variable counts as none.",
    ...sections,
    wrapped(
      "HTTPS_PROXY, NO_PROXY: a proxy on the way to the edge. --help, --version: what they say. SIGHUP: reads every " +
        "file again. SIGTERM: stops.",
      0,
    ),
  ].join("\n\n");
}

function rowOf(name: string, { value, says, unless, isSecret }: Option): string {
  const flag = isSecret === true ? "(no flag)" : `--${name} ${value}`;
  const ending = unless === undefined ? "" : `; ${unless} unless said`;
  return `  ${flag.padEnd(46)} ${variableOf(name)}\n${wrapped(says + ending, INDENT)}`;
}

function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => " ".repeat(indent) + each).join("\n");
}
