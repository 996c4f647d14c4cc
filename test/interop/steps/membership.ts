/**
 * Voters that come and go (KIP-853) under brokers that go on: over HTTP, while a producer writes, and with Kafka's own
 * tool. Every step begins and ends with three voters, which are others each time.
 */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Cluster } from "../cluster.ts";
import { expect, type Step } from "../step.ts";
import { SkippedError } from "../table.ts";
import type { ToolRun } from "../tool.ts";
import { fencingsSince, nextCreation, underLoad } from "../under-load.ts";
import { seconds, until } from "../../../local/until.ts";
import {
  addVoter,
  removeNode,
  replaceVoter,
  replicasOf,
  untilReached,
  voterIds,
  type Voter,
} from "../voters.ts";

/** An observer fetches within a moment; a busy machine takes longer. */
const SEEN_MS = 30_000;
/** Longer than a broker's session. */
const SESSION_MS = 10_000;

/** Watches for brokers that are fenced while voters change. The log is cut now and then, so it is read on the way. */
async function whileChanging(
  cluster: Cluster,
  happen: (changed: () => Promise<void>) => Promise<void>,
): Promise<string> {
  let { high_watermark: from } = await cluster.quorum.cluster.quorum();
  const creations: number[] = [];
  const changed = async (): Promise<void> => {
    creations.push(await nextCreation(cluster));
    const fencings = await fencingsSince(cluster, from);
    expect(fencings.length === 0, "no broker is fenced", JSON.stringify(fencings));
    ({ high_watermark: from } = await cluster.quorum.cluster.quorum());
  };
  await happen(changed);
  await untilReached(cluster, await voterIds(cluster));
  // A broker that finds no controller is fenced when its session ends.
  await pause(SESSION_MS);
  await changed();
  for (const broker of cluster.brokers)
    expect(broker.isRunning(), `broker ${broker.nodeId} runs`, broker.log());
  return `${creations.length - 1} changes, creations after them within ${seconds(Math.max(...creations))}`;
}

/** Removes voters, the leader first, until so many are left. */
async function shrink(cluster: Cluster, left: number, changed: () => Promise<void>): Promise<void> {
  for (;;) {
    const { voters, leaderId } = await replicasOf(cluster);
    if (voters.length <= left) return;
    await removeNode(cluster, voters.find(({ nodeId }) => nodeId === leaderId)?.nodeId ?? -1);
    await changed();
  }
}

async function grow(cluster: Cluster, wanted: number, changed: () => Promise<void>): Promise<void> {
  while ((await voterIds(cluster)).length < wanted) {
    await addVoter(cluster);
    await changed();
  }
}

const sizes: Step = {
  title: "membership: one voter, three, five, and one again",
  run: (cluster) =>
    underLoad(cluster, "sizes", () =>
      whileChanging(cluster, async (changed) => {
        await shrink(cluster, 1, changed);
        await grow(cluster, 3, changed);
        await grow(cluster, 5, changed);
        await shrink(cluster, 1, changed);
        await grow(cluster, 3, changed);
      }),
    ),
};

const replaced: Step = {
  title: "membership: voters are replaced, one that is gone and the leader",
  run: (cluster) =>
    underLoad(cluster, "replaced", () =>
      whileChanging(cluster, async (changed) => {
        const { voters, leaderId } = await replicasOf(cluster);
        const gone = voters.find(({ nodeId }) => nodeId !== leaderId)?.nodeId ?? -1;
        await cluster.quorum.cluster.post(`controllers/${gone}:stop`);
        await replaceVoter(cluster, gone);
        await changed();
        const { leaderId: leader } = await replicasOf(cluster);
        await replaceVoter(cluster, leader);
        await changed();
        const after = await voterIds(cluster);
        expect(
          after.length === 3 && !after.includes(gone) && !after.includes(leader),
          "two of three are others",
          String(after),
        );
      }),
    ),
};

/** One way to Kafka's tool. */
interface Way {
  readonly name: string;
  readonly run: Cluster["viaBrokers"];
}

const waysTo = (cluster: Cluster): readonly Way[] => [
  { name: "the controllers", run: cluster.viaControllers },
  { name: "the brokers", run: cluster.viaBrokers },
];

const byTool: Step = {
  title: "membership: kafka-metadata-quorum removes a voter and adds it again",
  run: async (cluster) => {
    const { transcript } = cluster;
    transcript.heading("kafka-metadata-quorum remove-controller, add-controller");
    for (const { name, run } of waysTo(cluster)) {
      const { voters, leaderId } = await replicasOf(cluster);
      // The leader, where brokers carry the request on.
      const isLeader = name === "the brokers";
      const voter = voters.find(({ nodeId }) => (nodeId === leaderId) === isLeader);
      if (voter === undefined) throw new Error(`no such voter: ${JSON.stringify(voters)}`);
      const rest = voters.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== voter.nodeId);
      const said = (tail: readonly string[]): Promise<ToolRun> =>
        run("kafka-metadata-quorum", tail, { transcript });
      await remove(cluster, run, voter);
      await untilObserves(cluster, voter);
      await untilReached(cluster, rest);
      await showsVoters(said, rest);
      await until(`${voter.nodeId} is added`, { withinMs: SEEN_MS, everyMs: 1_000 }, async () => {
        const properties = await controllerProperties(cluster, voter);
        await said(["--command-config", properties, "add-controller"]);
        return true;
      });
      await showsVoters(said, [...rest, voter.nodeId]);
      await untilReached(cluster, [...rest, voter.nodeId]);
    }
    return "to the controllers, and the leader by the brokers";
  },
};

const wiped: Step = {
  title: "membership: a voter that the tool removed is wiped, and another takes its place",
  run: async (cluster) => {
    const { voters, leaderId } = await replicasOf(cluster);
    const voter = voters.find(({ nodeId }) => nodeId !== leaderId);
    if (voter === undefined) throw new Error(`no such voter: ${JSON.stringify(voters)}`);
    await remove(cluster, cluster.viaControllers, voter);
    await untilObserves(cluster, voter);
    await removeNode(cluster, voter.nodeId);
    await addVoter(cluster);
    const now = await voterIds(cluster);
    expect(now.length === 3 && !now.includes(voter.nodeId), "three others vote", String(now));
    await untilReached(cluster, now);
    return "";
  },
};

/** Has the tool remove a voter. */
async function remove(cluster: Cluster, run: Way["run"], voter: Voter): Promise<void> {
  const { nodeId, directoryId } = voter;
  const which = ["--controller-id", String(nodeId), "--controller-directory-id", directoryId];
  const removed = await run("kafka-metadata-quorum", ["remove-controller", ...which], {
    transcript: cluster.transcript,
    mayFail: true,
  });
  if (/UnsupportedVersion/.test(removed.tail))
    throw new SkippedError("this release's way to RemoveRaftVoter is none of this quorum's");
  expect(removed.code === 0, "the tool removes the voter", removed.tail);
}

const has =
  (nodeId: number) =>
  (replicas: readonly Voter[]): boolean =>
    replicas.some((each) => each.nodeId === nodeId);

/** It is no voter any more, and reads on. */
async function untilObserves(cluster: Cluster, { nodeId }: Voter): Promise<void> {
  let seen = "";
  await until(`${nodeId} observes`, { withinMs: SEEN_MS, evidence: () => seen }, async () => {
    const replicas = await replicasOf(cluster);
    seen = JSON.stringify(replicas);
    const isAmong = has(nodeId);
    return !isAmong(replicas.voters) && isAmong(replicas.observers) ? true : undefined;
  });
}

const sorted = (nodeIds: readonly number[]): string =>
  nodeIds.toSorted((one, two) => one - two).join();

/** `describe` names these voters and no other. */
async function showsVoters(
  said: (tail: readonly string[]) => Promise<ToolRun>,
  nodeIds: readonly number[],
): Promise<void> {
  const status = await said(["describe", "--status"]);
  const [, voters = ""] = /^CurrentVoters:(.*)$/m.exec(status.output) ?? [];
  const ids = [...voters.matchAll(/"id": (\d+)/g)].map(([, id]) => Number(id));
  expect(sorted(ids) === sorted(nodeIds), `${String(nodeIds)} vote`, status.tail);
  const { output } = await said(["describe", "--replication"]);
  const rows = output.split("\n").filter((line) => /\b(Leader|Follower)\b/.test(line));
  expect(rows.length === nodeIds.length, `${nodeIds.length} rows of voters`, output);
}

/** What the tool reads of a controller that it is to add: its properties, and the id of its storage. */
async function controllerProperties(cluster: Cluster, voter: Voter): Promise<string> {
  const { nodeId, directoryId } = voter;
  const folder = await mkdtemp(join(cluster.folder, `controller-${nodeId}-`));
  cluster.transcript.rename(folder, `controller-${nodeId}`);
  const { body } = await cluster.quorum.cluster.get<{ readonly port: number }>(
    `controllers/${nodeId}`,
  );
  const data = join(folder, "data");
  await mkdir(data);
  const meta = [
    "version=1",
    `cluster.id=${cluster.quorum.formed.cluster_id}`,
    `node.id=${nodeId}`,
    `directory.id=${directoryId}`,
  ];
  await writeFile(join(data, "meta.properties"), [...meta, ""].join("\n"));
  const properties = [
    "process.roles=controller",
    `node.id=${nodeId}`,
    `log.dirs=${data}`,
    "controller.listener.names=CONTROLLER",
    `listeners=CONTROLLER://127.0.0.1:${body.port}`,
    `controller.quorum.bootstrap.servers=${cluster.quorum.bootstrapControllers}`,
  ];
  const path = join(folder, "controller.properties");
  await writeFile(path, [...properties, ""].join("\n"));
  return path;
}

export const membershipSteps: readonly Step[] = [sizes, replaced, byTool, wiped];
