/**
 * A quorum on this machine: the product in one runtime, a cluster formed in it and able to commit, and a gateway in
 * front of it where Kafka's TCP is wanted. Commands, tests and benches bring theirs up here. It knows nothing of
 * brokers, and a runtime that was killed stays dead until `restart`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterClient, formCluster } from "../client/cluster-client.ts";
import type { ClusterClient, FormedCluster } from "../client/cluster-client.ts";
import type { Transport } from "../gateway/edge/tunnel.ts";
import { startClusterGateway } from "../gateway/cluster-gateway.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { limitedLog } from "../gateway/limited-log.ts";
import { sentencesTo } from "../gateway/log.ts";
import { GatewayMetrics } from "../gateway/metrics.ts";
import { OWN_PORTS, PortsFrom } from "../gateway/places.ts";
import { startEdge, type Edge, type EdgeOptions } from "./edge.ts";
import { tunnelTo } from "./tunnel.ts";

export interface QuorumOptions extends Omit<EdgeOptions, "persistTo"> {
  /** A folder for the state, which outlives the quorum. A temporary one when absent: `stop` removes that. */
  readonly persistTo?: string;
  /** Forms or finds the cluster; a new one of three voters when absent. */
  readonly form?: (edge: Edge) => Promise<FormedCluster>;
  /** None when absent. */
  readonly gateway?: GatewayPorts;
}

export interface GatewayPorts {
  /** The ports that the cluster names to its brokers, or any free ones, for clients that are told which. */
  readonly ports: "named" | "free";
  /** How frames travel to the runtime; over links unless said. */
  readonly transport?: Transport;
  readonly log?: (line: string) => void;
}

export interface Quorum {
  /** The runtime, as it was started last. */
  readonly edge: Edge;
  readonly formed: FormedCluster;
  readonly cluster: ClusterClient;
  /** As Kafka's `controller.quorum.bootstrap.servers`, of the voters there are now; null without a gateway. */
  readonly bootstrapServers: string | null;
  /** The loopback port on which the gateway listens for a controller. */
  readonly gatewayPort: (nodeId: number) => number;
  /** Ends the runtime with SIGKILL, as a crash would; the gateway and its connections stay. */
  readonly kill: () => Promise<void>;
  /** Starts the runtime again on its port and its state. The quorum may still have to elect a leader then. */
  readonly restart: () => Promise<void>;
  /** Waits until the quorum can commit. */
  readonly untilReady: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A quorum is ready after an election or two; a crowded CI machine may need far longer. */
const READY_MS = 60_000;
const PAUSE_MS = 20;

/** Starts all of it, or leaves nothing running. Resolves once the quorum can commit and the gateway listens. */
export async function startQuorum(options: QuorumOptions = {}): Promise<Quorum> {
  const { persistTo, form = threeVoters, gateway: ports, ...edgeOptions } = options;
  const folder = persistTo ?? (await mkdtemp(join(tmpdir(), "kedge-quorum-")));
  let edge: Edge | undefined;
  let gateway: Gateway | undefined;
  const stop = async (): Promise<void> => {
    await gateway?.stop();
    await edge?.stop();
    if (persistTo === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const started = await startEdge({ ...edgeOptions, persistTo: folder });
    edge = started;
    const formed = await Promise.race([formedAndReady(started, form), untimelyEnd(started)]);
    if (ports !== undefined) gateway = await openGateway(started, formed, ports);
    const restart = async (): Promise<void> => {
      edge = await startEdge({ ...edgeOptions, persistTo: folder, port: started.port });
    };
    return quorumOf({ current: () => edge ?? started, formed, gateway, restart, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

const threeVoters = (edge: Edge): Promise<FormedCluster> => formCluster(edge, { voters: 3 });

async function formedAndReady(
  edge: Edge,
  form: (edge: Edge) => Promise<FormedCluster>,
): Promise<FormedCluster> {
  const formed = await form(edge);
  await untilReady(edge, formed.cluster_id);
  return formed;
}

/** Rejects when the runtime ends; unhandled, it is no error. */
function untimelyEnd(edge: Edge): Promise<never> {
  const ended = edge.exited.then((how) => {
    throw new Error(`workerd ended before the quorum was ready (${how})`);
  });
  ended.catch(() => undefined);
  return ended;
}

interface Parts {
  readonly current: () => Edge;
  readonly formed: FormedCluster;
  readonly gateway: Gateway | undefined;
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

function quorumOf({ current, formed, gateway, restart, stop }: Parts): Quorum {
  return {
    get edge() {
      return current();
    },
    formed,
    cluster: clusterClient(current(), formed.cluster_id),
    get bootstrapServers() {
      return gateway?.bootstrapServers ?? null;
    },
    gatewayPort: (nodeId) => {
      const at = gateway?.at(nodeId);
      if (at === undefined) throw new Error(`no gateway listens for controller ${nodeId}`);
      return at.port;
    },
    kill: () => current().kill(),
    restart,
    untilReady: () => untilReady(current(), formed.cluster_id),
    stop,
  };
}

function openGateway(
  edge: Edge,
  { cluster_id: clusterId }: FormedCluster,
  { ports, transport = "link", log: say = (): void => undefined }: GatewayPorts,
): Promise<Gateway> {
  const log = limitedLog(sentencesTo(say));
  const metrics = new GatewayMetrics();
  return startClusterGateway({
    tunnel: tunnelTo(edge, clusterId, { metrics, transport, log }),
    metrics,
    places: ports === "named" ? OWN_PORTS : new PortsFrom({ host: "127.0.0.1", port: 0 }),
    log,
  });
}

/** Waits for 200 from `/health/ready`. */
async function untilReady(edge: Edge, clusterId: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const response = await edge.fetch(`/health/ready?cluster_id=${clusterId}`);
    const body = await response.text();
    if (response.ok) return;
    if (performance.now() > deadline) throw new Error(`not ready after ${READY_MS} ms: ${body}`);
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}
