/**
 * A quorum of one process per controller, and a fourth for the Worker and the object that lists the clusters, joined by
 * the fault proxy. The Worker stands apart because it does where it is deployed, at the edge: a controller that dies
 * takes no client's connection with it, and every call of it can be cut. That process suffers no faults of its own.
 */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterClient, formCluster, type ClusterClient } from "../../client/cluster-client.ts";
import type { VoterStatus } from "../../durable-objects/contract.ts";
import { freePorts } from "../../local/ports.ts";
import { Member } from "./member.ts";
import { FaultProxy } from "./proxy.ts";

export const EDGE = "edge";

export interface SpreadQuorum {
  readonly clusterId: string;
  /** Through the Worker's process. */
  readonly cluster: ClusterClient;
  readonly deployment: { readonly url: string; readonly token: string | null };
  /** One for each controller, by id. */
  readonly nodes: readonly Member[];
  readonly proxy: FaultProxy;
  /** The controller that leads in the newest epoch of which one that answers knows. */
  leader(): Promise<Member | null>;
  stop(): Promise<void>;
}

const NODE_IDS = [3000, 3001, 3002];
/** A process that has not answered by then is paused, dead, or as good as dead. */
const STATUS_MS = 300;

/** Starts all of it, or leaves nothing running. */
export async function startSpreadQuorum(): Promise<SpreadQuorum> {
  const folder = await mkdtemp(join(tmpdir(), "kedge-nemesis-"));
  // A signal ends a run in the middle of it.
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", removeNow);
  const proxy = new FaultProxy();
  const members: Member[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
    await proxy.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    process.off("exit", removeNow);
  };
  try {
    const names = [...NODE_IDS.map(String), EDGE];
    const ports = await freePorts(names.length);
    for (const [at, name] of names.entries()) {
      const externals = await linksOf(name, { names, ports, proxy });
      const port = ports[at] ?? 0;
      members.push(await Member.configured({ name, folder: join(folder, name), port, externals }));
    }
    await Promise.all(members.map((member) => member.start()));
    return await formed(members, proxy, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Net {
  readonly names: readonly string[];
  readonly ports: readonly number[];
  readonly proxy: FaultProxy;
}

/** Opens a link from one process to each controller of another one. */
async function linksOf(
  from: string,
  { names, ports, proxy }: Net,
): Promise<Readonly<Record<string, string>>> {
  const links: Record<string, string> = {};
  for (const [at, to] of names.entries()) {
    if (to === from || to === EDGE) continue;
    links[`NODE_${to}`] = `127.0.0.1:${await proxy.open(from, to, ports[at] ?? 0)}`;
  }
  return links;
}

async function formed(
  members: readonly Member[],
  proxy: FaultProxy,
  stop: () => Promise<void>,
): Promise<SpreadQuorum> {
  const nodes = members.filter(({ name }) => name !== EDGE);
  const worker = members.find(({ name }) => name === EDGE);
  if (worker === undefined) throw new Error("there is no process for the Worker");
  const controllers = NODE_IDS.map((id) => ({ node_id: id, host: "localhost", port: id }));
  const { cluster_id: clusterId } = await formCluster(worker.edge, { controllers });
  return {
    clusterId,
    cluster: clusterClient(worker.edge, clusterId),
    deployment: worker.edge,
    nodes,
    proxy,
    leader: async () => {
      const answers = await Promise.all(nodes.map((node) => node.status(clusterId, STATUS_MS)));
      const voters = answers.filter((answer) => answer !== null && isVoter(answer));
      const newest = voters.toSorted((one, other) => other.epoch - one.epoch);
      const leaderId = newest.find(({ leader_id: id }) => id >= 0)?.leader_id;
      return nodes.find(({ name }) => name === String(leaderId)) ?? null;
    },
    stop,
  };
}

export const isVoter = (status: object): status is VoterStatus => "leader_id" in status;
