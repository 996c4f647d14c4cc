/**
 * The quorum under the brokers, on fixed ports, with what is done to it in the steps: its leader restarts, the whole
 * edge is killed or suspended. What the edge and the gateway print is kept in a file.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { formCluster } from "../../client/cluster-client.ts";
import type { Transport } from "../../gateway/edge/tunnel.ts";
import type { Edge } from "../../local/edge.ts";
import { freePort, freePorts } from "../../local/ports.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

export interface InteropQuorum extends Pick<Quorum, "formed" | "cluster" | "stop"> {
  /** The edge, as it was started last. */
  readonly edge: Edge;
  /** Where the gateway has ports now. */
  readonly bootstrapControllers: string;
  /** Every address at which it may come to have one: brokers outlive the voters that they began with. */
  readonly controllerAddresses: readonly string[];
  /** A port for a voter that comes, which no other has had lately. */
  readonly nextPort: () => number;
  /** Aborts the controller that leads; its id. */
  readonly restartLeader: () => Promise<number>;
  /**
   * Kills the whole edge and starts it again on its port and its state; brokers keep their connections to the gateway.
   */
  readonly crash: () => Promise<void>;
  /** Suspends the whole edge for a while: every controller, every request on its way. */
  readonly suspend: (ms: number) => Promise<void>;
}

const VOTERS = 3;
/**
 * Where voters come to be reached: as many as there are at a time, and more, so that none follows close upon another.
 */
const PORTS = 12;
/** So little that the log is cut again and again while the steps run, and brokers meet its start. */
const SETTINGS = {
  "metadata.log.max.record.bytes.between.snapshots": 8_000,
  "metadata.max.retention.bytes": 0,
};

export interface InteropOptions {
  readonly folder: string;
  /** The release whose features the cluster begins with; those of the product's default when absent. */
  readonly releaseVersion?: string;
  /** How the gateway carries frames. */
  readonly transport?: Transport;
}

/** Of delegation tokens: the edge has it in its environment, and brokers in their properties. */
export const DELEGATION_TOKEN_SECRET = "signs the tokens of interop";

export async function startInteropQuorum(options: InteropOptions): Promise<InteropQuorum> {
  process.env["DELEGATION_TOKEN_SECRET_KEY"] = DELEGATION_TOKEN_SECRET;
  const { folder, releaseVersion, transport = "link" } = options;
  const logFile = join(folder, "quorum.log");
  const log = (line: string): void =>
    appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`);
  const ports = await freePorts(PORTS);
  let given = VOTERS;
  const quorum = await startQuorum({
    persistTo: join(folder, "edge"),
    port: await freePort(),
    onLine: log,
    gateway: { ports: "named", transport, log: (line) => log(`gateway: ${line}`) },
    form: (edge) =>
      formCluster(edge, {
        controllers: ports.slice(0, VOTERS).map((port) => ({ host: "127.0.0.1", port })),
        settings: SETTINGS,
        ...(releaseVersion === undefined ? {} : { release_version: releaseVersion }),
      }),
  });
  const { formed, cluster, stop } = quorum;
  return {
    formed,
    cluster,
    stop,
    get edge() {
      return quorum.edge;
    },
    get bootstrapControllers() {
      return quorum.bootstrapServers ?? "";
    },
    controllerAddresses: ports.map((port) => `127.0.0.1:${port}`),
    nextPort: () => {
      const port = ports[given % PORTS] ?? 0;
      given += 1;
      return port;
    },
    restartLeader: async () => {
      const { leader_id: leaderId } = await cluster.quorum();
      log(`interop: restart controller ${leaderId}`);
      await cluster.post(`controllers/${leaderId}:restart`);
      return leaderId;
    },
    crash: async () => {
      log("interop: kill the edge");
      await quorum.kill();
      await quorum.restart();
      await quorum.untilReady();
    },
    suspend: async (ms) => {
      log(`interop: suspend the edge for ${ms} ms`);
      const { pid } = quorum.edge;
      process.kill(pid, "SIGSTOP");
      try {
        await pause(ms);
      } finally {
        process.kill(pid, "SIGCONT");
      }
    },
  };
}
