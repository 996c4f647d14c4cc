/**
 * The quorum under test, as `npm start` runs it: the edge on a loopback port, the gateway beside it, a cluster of
 * three controllers whose endpoints are the gateway's ports.
 */
import { join } from "node:path";
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { startGateway } from "../../gateway/main.ts";
import type { Gateway } from "../../gateway/main.ts";
import { clusterClient, formCluster } from "../../client/cluster-client.ts";
import type { ClusterClient } from "../../client/cluster-client.ts";
import { startEdge } from "../../local/edge.ts";
import type { Edge } from "../../local/edge.ts";
import { freePort, freePorts } from "../ports.ts";
import { until } from "./until.ts";

/** `GET quorum`, as far as it is read here. */
export interface QuorumState {
  readonly leader_id: number;
  readonly leader_epoch: number;
  readonly high_watermark: number;
}

export interface Quorum {
  readonly clusterId: string;
  readonly client: ClusterClient;
  readonly bootstrapControllers: string;
  readonly voterIds: readonly number[];
  readonly state: () => Promise<QuorumState>;
  /** Aborts the controller that leads; its id. */
  readonly restartLeader: () => Promise<number>;
  /** Kills the whole edge and starts it again on its port and its state; brokers keep their connections to the gateway. */
  readonly crash: () => Promise<void>;
  /** Stops the whole edge in its tracks for a while: every controller, every request on its way. */
  readonly standStill: (ms: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const VOTERS = 3;
const READY_MS = 60_000;

export interface QuorumOptions {
  readonly folder: string;
  /** A `metadata.version` level; the default of the product when absent. */
  readonly metadataVersion?: number;
}

export async function startQuorum({ folder, metadataVersion }: QuorumOptions): Promise<Quorum> {
  const logFile = join(folder, "quorum.log");
  const log = (line: string): void =>
    appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`);
  const edgeOptions = { persistTo: join(folder, "edge"), port: await freePort(), onLine: log };
  const ports = await freePorts(VOTERS);
  let edge: Edge = await startEdge(edgeOptions);
  let gateway: Gateway | undefined;
  try {
    const formed = await formCluster(edge.url, {
      controllers: ports.map((port) => ({ host: "127.0.0.1", port })),
      ...(metadataVersion === undefined ? {} : { metadata_version: metadataVersion }),
    });
    gateway = await startGateway({
      edge: edge.url,
      clusterId: formed.cluster_id,
      controllers: formed.controllers.map(({ node_id: nodeId, host, port }) => ({
        nodeId,
        host,
        port,
      })),
      log: (line) => log(`gateway: ${line}`),
    });
    const opened = gateway;
    const client = clusterClient(edge.url, formed.cluster_id);
    const state = async (): Promise<QuorumState> => (await client.get<QuorumState>("quorum")).body;
    await ready(edge.url, formed.cluster_id);
    return {
      clusterId: formed.cluster_id,
      client,
      bootstrapControllers: opened.bootstrapServers,
      voterIds: formed.controllers.map((controller) => controller.node_id),
      state,
      restartLeader: async () => {
        const { leader_id: leaderId } = await state();
        log(`interop: restart controller ${leaderId}`);
        await client.post(`controllers/${leaderId}:restart`);
        return leaderId;
      },
      crash: async () => {
        log("interop: kill the edge");
        await edge.kill();
        edge = await startEdge(edgeOptions);
        await ready(edge.url, formed.cluster_id);
      },
      standStill: async (ms) => {
        log(`interop: the edge stands still for ${ms} ms`);
        process.kill(edge.pid, "SIGSTOP");
        try {
          await pause(ms);
        } finally {
          process.kill(edge.pid, "SIGCONT");
        }
      },
      stop: async () => {
        await opened.stop();
        await edge.stop();
      },
    };
  } catch (error) {
    await gateway?.stop();
    await edge.stop();
    throw error;
  }
}

async function ready(url: string, clusterId: string): Promise<void> {
  await until("a quorum that can commit", { withinMs: READY_MS }, async () => {
    const response = await fetch(`${url}/health/ready?cluster_id=${clusterId}`);
    const body = await response.text();
    if (!response.ok) throw new Error(body);
    return true;
  });
}
