/**
 * A gateway that stands still (SIGSTOP) for longer than a session, with stock brokers behind it. It forms a cluster of
 * its own, whose controllers have a name that each broker resolves to its own gateway, as on hosts of their own: brokers
 * 1 and 2 have one, broker 3 another, and that is the one that stands still.
 */
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  clusterClient,
  committedLog,
  formCluster,
  type ClusterClient,
} from "../../../client/cluster-client.ts";
import { freePorts } from "../../../local/ports.ts";
import { seconds, timed, until } from "../../../local/until.ts";
import { GatewayProcess } from "../../nemesis/gateway-process.ts";
import { broker, type Broker } from "../broker.ts";
import { BROKER_IDS, type Cluster } from "../cluster.ts";
import { expect, type Step } from "../step.ts";
import { tool } from "../tool.ts";

const CONTROLLERS = "controllers.example";
const GATEWAYS = ["127.0.1.1", "127.0.1.2"] as const;
/** Of a gateway's ports. */
const PORTS = 100;
const VOTERS = 3;
const SESSION_MS = 9_000;
/** Fencing comes after a session, and a machine may be slow. */
const FENCED_MS = 2 * SESSION_MS + 5_000;
const BACK_MS = 40_000;
const IN_SYNC_MS = 60_000;
/** For what a dead broker has sent to be read, if anybody reads it, and committed. */
const AFTERWARDS_MS = 5_000;
/** A broker beats every two seconds. */
const BEATEN_MS = 3_000;
/** What a broker logs that was shown something else than what it has. */
const WENT_BACK = /Non-monotonic|[Dd]iverg|Truncated|FATAL|fatal fault/;

interface World {
  readonly cluster: Cluster;
  readonly client: ClusterClient;
  readonly gateways: readonly GatewayProcess[];
  readonly brokers: readonly Broker[];
}

/** Whether the log says that broker 3 is fenced, or was unfenced, or says nothing of it; at which offset. */
interface Standing {
  readonly isFenced: boolean;
  readonly offset: number;
}

async function standingsOf({ client }: World, brokerId: number): Promise<readonly Standing[]> {
  const { lines } = await committedLog(client);
  return lines.flatMap(({ type, data, offset }) => {
    const fenced = Number(data["fenced"] ?? 0);
    const isChange = type === "BROKER_REGISTRATION_CHANGE_RECORD" && fenced !== 0;
    if (!isChange || data["brokerId"] !== brokerId) return [];
    return [{ isFenced: fenced > 0, offset }];
  });
}

async function untilFenced(world: World, brokerId: number, isFenced: boolean): Promise<number> {
  const what = `broker ${brokerId} is ${isFenced ? "fenced" : "unfenced"}`;
  return await until(what, { withinMs: isFenced ? FENCED_MS : BACK_MS }, async () => {
    const last = (await standingsOf(world, brokerId)).at(-1);
    return last?.isFenced === isFenced ? last.offset : undefined;
  });
}

async function createTopic(world: World, name: string, replicas: number): Promise<void> {
  const { cluster, brokers } = world;
  const to = ["--bootstrap-server", `127.0.0.1:${brokers[0]?.port}`, "--create", "--topic", name];
  const shape = ["--partitions", "6", "--replication-factor", String(replicas)];
  await tool(cluster.kafka, "kafka-topics", [...to, ...shape]);
}

async function untilInSync({ client }: World, topic: string, ids: readonly number[]) {
  return await timed(() =>
    until(`${topic} is in sync on ${ids.join()}`, { withinMs: IN_SYNC_MS }, async () => {
      const partitions = await client.partitions(topic);
      const isSo = partitions.every(
        ({ isr_ids: isr, leader_id: leader }) =>
          isr.toSorted((one, other) => one - other).join() === ids.join() && ids.includes(leader),
      );
      return partitions.length > 0 && isSo ? true : undefined;
    }),
  );
}

/** Every broker's copy is the beginning of the log, byte for byte, and it was never told to take any of it back. */
async function untilTheSame(world: World): Promise<string> {
  const { client, brokers } = world;
  const lengths: number[] = [];
  for (const each of brokers) {
    await until(`broker ${each.nodeId} has the log`, { withinMs: BACK_MS }, async () => {
      const [own, log] = [await each.metadataLog(), await client.rawLog(0)];
      const common = Math.min(own.length, log.length);
      expect(
        own.subarray(0, common).equals(log.subarray(0, common)),
        `what broker ${each.nodeId} has is what was committed`,
        `${own.length} and ${log.length} bytes`,
      );
      if (own.length < log.length * 0.98) return undefined;
      lengths.push(own.length);
      return true;
    });
    const wrong = each
      .log()
      .split("\n")
      .filter((line) => WENT_BACK.test(line));
    expect(wrong.length === 0, `broker ${each.nodeId} takes nothing back`, wrong.join("\n"));
  }
  return lengths.join(", ");
}

/** Stands still for longer than a session while its broker lives: nobody hears of it until the gateway goes on. */
async function livesOn(world: World): Promise<string> {
  const [, still] = world.gateways;
  expect((await still?.pause()) === true, "the gateway stands still");
  let fencedMs = 0;
  try {
    fencedMs = await timed(() => untilFenced(world, 3, true));
    await createTopic(world, "meanwhile", 2);
    await pause(SESSION_MS);
  } finally {
    still?.resume();
  }
  const backMs = await timed(() => untilFenced(world, 3, false));
  const syncMs = await untilInSync(world, "standing", BROKER_IDS);
  const bytes = await untilTheSame(world);
  return `alive: fenced after ${seconds(fencedMs)}, back ${seconds(backMs)} after it went on, in sync ${seconds(syncMs)} later, copies of ${bytes} bytes`;
}

/** Its broker dies meanwhile, and has sent heartbeats before. */
async function dies(world: World): Promise<string> {
  const [, still] = world.gateways;
  const dying = world.brokers[2];
  if (still === undefined || dying === undefined) throw new Error("there is no third broker");
  expect(await still.pause(), "the gateway stands still");
  let fencedAt = 0;
  try {
    await pause(BEATEN_MS);
    await dying.kill();
    fencedAt = await untilFenced(world, 3, true);
    await pause(SESSION_MS);
  } finally {
    still.resume();
  }
  await pause(AFTERWARDS_MS);
  const risen = (await standingsOf(world, 3)).filter(({ offset }) => offset > fencedAt);
  expect(risen.length === 0, "a dead broker stays fenced", JSON.stringify(risen));
  await untilInSync(world, "standing", [1, 2]);
  await dying.start();
  await untilFenced(world, 3, false);
  await untilInSync(world, "standing", BROKER_IDS);
  await untilTheSame(world);
  return "dead: fenced, and stayed so until it was started again";
}

const standstill: Step = {
  title: "gateways: one stands still for longer than a session",
  run: async (cluster) => {
    const { kafka, quorum } = cluster;
    const folder = await mkdtemp(join(cluster.folder, "standstill-"));
    const [firstPort = 0] = await freePorts(PORTS);
    const ports = Array.from({ length: VOTERS }, (_, at) => firstPort + at);
    const { cluster_id: clusterId } = await formCluster(quorum.edge, {
      controllers: ports.map((port) => ({ host: CONTROLLERS, port })),
    });
    const gateways = GATEWAYS.map(
      (host, at) =>
        new GatewayProcess({
          name: `gateway ${at}`,
          host,
          firstPort,
          edge: quorum.edge.url,
          clusterId,
          token: quorum.edge.gatewayToken ?? "",
          stateFile: join(folder, `state-${at}.json`),
        }),
    );
    const brokerPorts = await freePorts(BROKER_IDS.length);
    const brokers = BROKER_IDS.map((nodeId, at) =>
      broker({
        kafka,
        nodeId,
        port: brokerPorts[at] ?? 0,
        folder: join(folder, `broker-${nodeId}`),
        clusterId,
        bootstrapControllers: ports.map((port) => `${CONTROLLERS}:${port}`).join(","),
        hosts: { [CONTROLLERS]: GATEWAYS[nodeId === 3 ? 1 : 0] },
      }),
    );
    const world: World = {
      cluster,
      client: clusterClient(quorum.edge, clusterId),
      gateways,
      brokers,
    };
    try {
      await Promise.all(gateways.map((gateway) => gateway.start()));
      for (const each of brokers) await each.format();
      await Promise.all(brokers.map((each) => each.start()));
      await Promise.all(BROKER_IDS.map((id) => untilFenced(world, id, false)));
      await createTopic(world, "standing", BROKER_IDS.length);
      await untilInSync(world, "standing", BROKER_IDS);
      const said = [await livesOn(world), await dies(world)];
      for (const id of [1, 2]) {
        const standings = await standingsOf(world, id);
        const fenced = standings.filter(({ isFenced }) => isFenced);
        expect(fenced.length === 0, `broker ${id} is never fenced`, JSON.stringify(standings));
      }
      const observed = gateways.map((gateway) => gateway.count("fetches_observed"));
      expect(
        observed.every((count) => count > 0),
        "both gateways answer fetches",
        observed.join(", "),
      );
      return said.join("; ");
    } finally {
      await Promise.all(brokers.map((each) => each.kill()));
      await Promise.all(gateways.map((gateway) => gateway.stop()));
    }
  },
};

export const standstillSteps: readonly Step[] = [standstill];
