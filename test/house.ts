/**
 * The plan of the house: which folder may import which, and which room of a folder may import which of its rooms.
 * Every list is in order, from the foundation up: a row names only rows above it, so no circle can be planned. It
 * holds no rule: `test/tidy.test.ts` holds the tree against it.
 */

export interface Folder {
  readonly mayImport: readonly string[];
  /** What it may import that is not of this tree. */
  readonly packages: RegExp;
}

const NOTHING = /^$/;

/** As in docs/ARCHITECTURE.md, chapter 1. */
export const FOLDERS: Readonly<Record<string, Folder>> = {
  "src/std": { mayImport: [], packages: NOTHING },
  "src/raft": { mayImport: ["src/std"], packages: NOTHING },
  "src/protocol": { mayImport: ["src/std"], packages: NOTHING },
  "src/metadata": { mayImport: ["src/std", "src/protocol"], packages: NOTHING },
  "src/access": { mayImport: ["src/std", "src/protocol"], packages: NOTHING },
  "src/link": { mayImport: ["src/std"], packages: NOTHING },
  "durable-objects": {
    mayImport: ["src/std", "src/raft", "src/protocol", "src/metadata", "src/access", "src/link"],
    packages: /^cloudflare:workers$/,
  },
  worker: {
    mayImport: [
      "src/std",
      "src/protocol",
      "src/metadata",
      "src/access",
      "src/link",
      "durable-objects",
    ],
    packages: /^(hono(\/|$)|valibot$|cloudflare:workers$)/,
  },
  gateway: {
    mayImport: ["src/std", "src/protocol", "src/link"],
    packages: /^(node:.*|ws|prom-client)$/,
  },
  client: { mayImport: [], packages: NOTHING },
  page: { mayImport: ["client"], packages: NOTHING },
  local: {
    mayImport: ["src/protocol", "src/access", "gateway", "client"],
    packages: /^(node:.*|esbuild|wrangler)$/,
  },
  command: {
    mayImport: ["src/protocol", "src/access", "gateway", "client", "local"],
    packages: /^(node:.*|commander)$/,
  },
};

/** They may import everything above, and nothing imports them, not even each other. */
export const ENDS = ["examples", "scripts", "bench", "test"];

export interface Room {
  /** Files at the top of the folder that make up the room, when it is no folder of its own. */
  readonly files?: readonly string[];
  readonly mayImport: readonly string[];
}

/** The files at the top of a folder that belong to no row: its entrance, which may import every row. */
export const ENTRANCE = "entrance";

export const ROOMS: Readonly<Record<string, Readonly<Record<string, Room>>>> = {
  "src/raft": {
    messages: { files: ["messages", "config"], mayImport: [] },
    membership: { mayImport: ["messages"] },
    state: {
      files: ["log-summary", "effects", "inputs", "state", "turn", "leadership", "heartbeat"],
      mayImport: ["messages", "membership"],
    },
    exchange: { mayImport: ["messages", "state"] },
    sleep: { mayImport: ["messages", "membership", "state", "exchange"] },
    reading: { mayImport: ["messages", "membership", "state", "exchange", "sleep"] },
    snapshots: { mayImport: ["messages", "membership", "state", "exchange"] },
    replication: {
      mayImport: ["messages", "membership", "state", "exchange", "sleep", "snapshots"],
    },
    election: {
      mayImport: [
        "messages",
        "membership",
        "state",
        "exchange",
        "reading",
        "snapshots",
        "replication",
      ],
    },
    reconfiguration: {
      mayImport: ["messages", "membership", "state", "exchange", "replication", "election"],
    },
  },
  "src/metadata": {
    features: { mayImport: [] },
    image: { mayImport: ["features"] },
    replay: { mayImport: ["image"] },
    liveness: { mayImport: ["image"] },
    quotas: { mayImport: ["image"] },
    configs: { mayImport: ["image"] },
    access: { mayImport: ["image"] },
    redaction: { files: ["redaction"], mayImport: ["configs"] },
    diff: { mayImport: ["features", "image", "configs"] },
    partitions: { mayImport: ["features", "image", "configs"] },
    control: {
      mayImport: [
        "features",
        "image",
        "replay",
        "liveness",
        "quotas",
        "configs",
        "access",
        "partitions",
      ],
    },
    authorized: { mayImport: ["features", "image", "access", "control"] },
    duties: {
      files: ["activation", "bootstrap", "fork"],
      mayImport: ["features", "image", "replay", "liveness", "partitions", "control"],
    },
  },
  "durable-objects": {
    identity: {
      files: [
        "bootstrap-users",
        "cluster-access",
        "cluster-deletion",
        "cluster-entry",
        "listed-cluster",
        "location-hints",
        "jurisdictions",
        "operator-log",
        "random-uuid",
        "contract",
        "cause-contract",
        "metrics-contract",
        "snapshot-contract",
        "bearer",
        "link-opening",
        "conforms",
        "hung-up",
        "cluster-settings",
      ],
      mayImport: [],
    },
    directory: { mayImport: ["identity"] },
    replica: { mayImport: ["identity"] },
    storage: { mayImport: ["identity", "replica"] },
    snapshots: { mayImport: ["identity", "replica"] },
    "committed-log": { mayImport: ["identity", "replica", "snapshots"] },
    "active-controller": { mayImport: ["identity", "replica", "committed-log"] },
    controller: {
      files: ["controller", "confirmed-read", "denial-log", "request-measures"],
      mayImport: ["identity", "replica", "snapshots", "committed-log", "active-controller"],
    },
    listener: {
      mayImport: ["identity", "replica", "committed-log", "active-controller", "controller"],
    },
    link: { mayImport: ["identity", "replica", "controller", "listener"] },
    relay: { mayImport: ["identity", "replica", "link"] },
    http: {
      mayImport: ["identity", "replica", "snapshots", "committed-log", "controller", "listener"],
    },
  },
  worker: {
    scope: { files: ["env", "holding", "recent", "socket-pair"], mayImport: [] },
    http: { mayImport: ["scope"] },
    access: { mayImport: ["scope", "http"] },
    channel: { mayImport: ["scope", "http"] },
    observer: { mayImport: ["scope", "http", "channel"] },
    clusters: { mayImport: ["scope", "http", "channel", "observer"] },
    immutable: { mayImport: ["scope", "http", "channel", "observer", "clusters"] },
    batches: { mayImport: ["scope", "http", "access", "channel", "observer"] },
    routes: {
      mayImport: ["scope", "http", "access", "channel", "observer", "clusters", "batches"],
    },
  },
  gateway: {
    listen: { files: ["listen"], mayImport: [] },
    log: { files: ["log", "limited-log"], mayImport: [] },
    metrics: { files: ["metrics"], mayImport: [] },
    edge: { mayImport: ["log", "metrics"] },
    observer: { mayImport: ["log", "metrics", "edge"] },
    sasl: { mayImport: ["edge"] },
    tls: { mayImport: [] },
    tcp: { mayImport: ["log", "metrics", "edge", "observer", "sasl", "tls"] },
    relay: { mayImport: ["listen", "log", "edge", "tcp"] },
  },
};

/** The rules of `test/tidy.test.ts` that the tree does not keep everywhere yet. */
export type Rule = "rooms" | "circles" | "columns" | "prose" | "comments";

/** Where it departs from them. An entry that no longer occurs fails the test, so this list only shrinks. */
export const KNOWN: Readonly<Record<Rule, readonly string[]>> = {
  rooms: [],
  circles: [],
  columns: [],
  prose: [],
  comments: [],
};
