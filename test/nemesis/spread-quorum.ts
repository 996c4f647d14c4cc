/**
 * A quorum of one process per controller, and two more for the Worker, joined by the fault proxy. The Worker stands
 * apart because it does where it is deployed, at the edge: a controller that dies takes no client's connection with it,
 * and every call of it can be cut. There are two of it because what one of them has shown, the other does not know.
 * Their processes suffer no faults of their own.
 */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterClient, formCluster, type ClusterClient } from "../../client/cluster-client.ts";
import { controllerName } from "../../durable-objects/cluster-entry.ts";
import type { ControllerStatus, VoterStatus } from "../../durable-objects/contract.ts";
import type { Edge } from "../../local/edge.ts";
import { freePorts } from "../../local/ports.ts";
import { Member } from "./member.ts";
import { DIRECTORY_SERVER, EDGES, PLACE_NAMES, placeName, placeOf } from "./places.ts";
import { FaultProxy } from "./proxy.ts";
import { Voters } from "./voters.ts";

/** A controller, and where it runs. */
export interface PlacedController {
  readonly id: number;
  /** The name of its object. */
  readonly object: string;
  readonly member: Member;
}

export interface SpreadQuorum {
  readonly clusterId: string;
  readonly cluster: ClusterClient;
  /** One for each process of the Worker, with a token of its own. */
  readonly deployments: readonly Edge[];
  /** The port that the cluster tells brokers of a controller; one of a hundred from the first on. */
  readonly firstPort: number;
  readonly portOf: (nodeId: number) => number;
  readonly voters: Voters;
  /** Everybody who may vote, in the order of their ids. */
  readonly controllers: readonly PlacedController[];
  readonly proxy: FaultProxy;
  /** The controller that leads in the newest epoch of which one that answers knows. */
  leader(): Promise<PlacedController | null>;
  stop(): Promise<void>;
  /** Stops it, and leaves what it has stored in place; the folder. */
  stopAndKeep(): Promise<string>;
}

const NODE_IDS = [3000, 3001, 3002];
/** Of ids that come and go, few are there at a time. */
const PORTS = 100;
/**
 * No snapshots. The verdict reads the log from its first record on, and a voter that joins by a snapshot has no such
 * log: after three of them nobody would.
 */
const SETTINGS = {
  "metadata.log.max.record.bytes.between.snapshots": Number.MAX_SAFE_INTEGER,
  "metadata.log.max.snapshot.interval.ms": 0,
  // Lulls are short.
  "controller.quorum.sleep.after.ms": 1_000,
};
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
  const stopAndKeep = async (): Promise<string> => {
    process.off("exit", removeNow);
    await Promise.all(members.map((member) => member.stop()));
    await proxy.close();
    return folder;
  };
  const stop = async (): Promise<void> => {
    await stopAndKeep();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const names = [...PLACE_NAMES, ...EDGES];
    const portOf = (name: string): number | null => memberOf(members, name).port;
    for (const name of names) {
      const externals = await linksOf(name, { names, portOf, proxy });
      members.push(new Member({ name, folder: join(folder, name), externals }));
    }
    await Promise.all(members.map((member) => member.start()));
    return await formed(members, proxy, { stop, stopAndKeep });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Net {
  readonly names: readonly string[];
  readonly portOf: (name: string) => number | null;
  readonly proxy: FaultProxy;
}

/** Opens a link from one process to each place, and to the directory where that is in another one. */
async function linksOf(
  from: string,
  { names, portOf, proxy }: Net,
): Promise<Readonly<Record<string, string>>> {
  const links: Record<string, string> = {};
  for (const to of names) {
    if (to === from || (to !== DIRECTORY_SERVER && !PLACE_NAMES.includes(to))) continue;
    links[to] = `127.0.0.1:${await proxy.open(from, to, () => portOf(to))}`;
  }
  return links;
}

async function formed(
  members: readonly Member[],
  proxy: FaultProxy,
  ending: Pick<SpreadQuorum, "stop" | "stopAndKeep">,
): Promise<SpreadQuorum> {
  const deployments = EDGES.map((name) => memberOf(members, name).edge);
  const [deployment] = deployments;
  if (deployment === undefined) throw new Error("there is no process for the Worker");
  const [firstPort = 0] = await freePorts(PORTS);
  const portOf = (nodeId: number): number => firstPort + (nodeId % PORTS);
  const planned = NODE_IDS.map((id) => ({ node_id: id, host: "localhost", port: portOf(id) }));
  const { cluster_id: clusterId } = await formCluster(deployment, {
    controllers: planned,
    settings: SETTINGS,
  });
  const voters = new Voters({ deployment, clusterId, ids: NODE_IDS, portOf });
  const controllers = (): readonly PlacedController[] =>
    voters.ids.map((id) => ({
      id,
      object: controllerName(clusterId, id),
      member: memberOf(members, placeName(placeOf(id))),
    }));
  return {
    clusterId,
    cluster: clusterClient(deployment, clusterId),
    deployments,
    firstPort,
    portOf,
    voters,
    get controllers() {
      return controllers();
    },
    proxy,
    leader: () => leaderAmong(controllers()),
    ...ending,
  };
}

function memberOf(members: readonly Member[], name: string): Member {
  const member = members.find((each) => each.name === name);
  if (member === undefined) throw new Error(`there is no process ${name}`);
  return member;
}

async function leaderAmong(
  controllers: readonly PlacedController[],
): Promise<PlacedController | null> {
  const answers = await Promise.all(
    controllers.map(({ member, object }) => member.status(object, STATUS_MS)),
  );
  const takingPart = answers.filter((answer) => answer !== null && isVoter(answer));
  const newest = takingPart.toSorted((one, other) => other.epoch - one.epoch);
  const leaderId = newest.find(({ leader_id: id }) => id >= 0)?.leader_id;
  return controllers.find(({ id }) => id === leaderId) ?? null;
}

/** Whether it takes part in the quorum. */
export const isVoter = (status: ControllerStatus): status is VoterStatus => "leader_id" in status;
