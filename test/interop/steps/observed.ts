/**
 * A quorum of JVM controllers that this project does not run, observed by it: what Kafka's tools change there is read
 * here as Kafka says it, through a snapshot, a failover and the death of the gateway, and nothing is changed from here.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  clusterClient,
  formCluster,
  RefusedError,
  type ClusterClient,
  type Partition,
} from "../../../client/cluster-client.ts";
import type { Cluster } from "../cluster.ts";
import { kafkaUuid, startJvmQuorum, type JvmQuorum, type VotersIn } from "../jvm-quorum.ts";
import { startObservingGateway, type ObservingGateway } from "../observing-gateway.ts";
import { expect, type Step } from "../step.ts";
import { tool } from "../tool.ts";
import { seconds, timed, until } from "../../../local/until.ts";

const OBSERVER = 9_000;
/** Tools start JVMs, and a machine may be busy. */
const TOOL_MS = 180_000;
const SEEN_MS = 60_000;
/** Kafka looks once in a minute at what may go of its log. */
const CUT_MS = 240_000;

type Here = Pick<Cluster, "kafka" | "folder" | "transcript"> & {
  readonly quorum: Pick<Cluster["quorum"], "edge">;
};

interface Observed {
  readonly quorum: JvmQuorum;
  readonly client: ClusterClient;
  readonly gateway: () => Promise<ObservingGateway>;
  readonly topics: (...args: readonly string[]) => Promise<string>;
}

export const observedSteps: readonly Step[] = [
  {
    title:
      "observed: a quorum of JVM controllers, through a snapshot, a failover and a lost gateway",
    run: (here) => observed(here, "log", observe),
  },
  {
    title: "observed: one whose voters stand in its properties (kraft.version 0)",
    run: (here) => observed(here, "properties", observeConfigured),
  },
];

/** Runs a quorum for as long as `work` observes it. */
export async function observed(
  here: Here,
  votersIn: VotersIn,
  work: (here: Here, quorum: JvmQuorum) => Promise<string> = observe,
): Promise<string> {
  const folder = join(here.folder, `observed-${votersIn}`);
  await mkdir(folder, { recursive: true });
  const quorum = await startJvmQuorum(here.kafka, folder, votersIn);
  try {
    return await work(here, quorum);
  } finally {
    await quorum.stop();
  }
}

/** Its log and its snapshots name no voter: the leader is found by what answers say, and so is the next one. */
export async function observeConfigured(here: Here, quorum: JvmQuorum): Promise<string> {
  const cluster = await create(here, quorum);
  const { client } = cluster;
  await cluster.topics("--create", "--topic", "before", "--partitions", "3");
  await untilSnapshot(quorum, 0);
  const gateway = await cluster.gateway();
  await untilSeen(cluster, "before");
  await assertSame(cluster);
  const leader = (await client.quorum()).leader_id;
  await quorum.killController(leader);
  await cluster.topics("--create", "--topic", "after-failover", "--partitions", "2");
  await untilSeen(cluster, "after-failover");
  await assertSame(cluster);
  const { leader_id: next } = await client.quorum();
  await gateway.kill();
  return `failover from ${leader} to ${next}`;
}

async function observe(here: Here, quorum: JvmQuorum): Promise<string> {
  const cluster = await create(here, quorum);
  const { client } = cluster;
  const notes: string[] = [];
  await cluster.topics(
    "--create",
    "--topic",
    "before",
    "--partitions",
    "3",
    "--config",
    "retention.ms=7000",
  );
  await untilSnapshot(quorum, 0);

  // An empty log is answered with a snapshot first.
  let gateway = await cluster.gateway();
  notes.push(`first seen after ${seconds(await timed(() => untilSeen(cluster, "before")))}`);
  await assertSame(cluster);
  await assertReady(client, true);
  await assertDescribed(here, quorum);
  expect((await gateway.page("/readyz")).status === 200, "the gateway is ready");
  await assertReadOnly(client);
  await assertWrongClusterExpelled(here, quorum);

  const leader = (await client.quorum()).leader_id;
  expect(quorum.controllerIds.includes(leader), `a JVM controller leads, not ${leader}`);
  await quorum.killController(leader);
  await cluster.topics("--create", "--topic", "after-failover", "--partitions", "2");
  await untilSeen(cluster, "after-failover");
  const { leader_id: next } = await client.quorum();
  expect(next !== leader, `another than ${leader} leads now`);
  notes.push(`failover from ${leader} to ${next}`);
  await quorum.startController(leader);
  await assertSame(cluster);

  await gateway.kill();
  await assertStale(client);
  const { high_watermark: end } = await client.quorum();
  await cluster.topics("--create", "--topic", "while-away", "--partitions", "4");
  await cluster.topics("--delete", "--topic", "before");
  await untilSnapshot(quorum, end);
  gateway = await cluster.gateway();
  await untilSeen(cluster, "while-away");
  await assertSame(cluster);
  expect((await client.snapshots()).length > 0, "the snapshot that was installed is listed");
  await assertReady(client, true);
  await gateway.kill();
  return notes.join("; ");
}

async function create(here: Here, quorum: JvmQuorum): Promise<Observed> {
  const { edge } = here.quorum;
  const { clusterId, servers, broker } = quorum;
  await formCluster(edge, { cluster_id: clusterId, observed: true });
  const again = await formCluster(edge, { cluster_id: clusterId, observed: true });
  expect(again.controllers[0]?.node_id === OBSERVER, "the same request finds the same cluster");
  const token = edge.gatewayToken ?? "";
  return {
    quorum,
    client: clusterClient(edge, clusterId),
    gateway: () => startObservingGateway({ servers, clusterId, edge: edge.url, token }),
    topics: async (...args) => {
      const at = ["--bootstrap-server", `127.0.0.1:${broker.port}`];
      const { output } = await tool(here.kafka, "kafka-topics", [...at, ...args], {
        withinMs: TOOL_MS,
      });
      return output;
    },
  };
}

/** Waits until every controller that runs has cut its log above `end`: who ends there has to fetch a snapshot. */
const untilSnapshot = (quorum: JvmQuorum, end: number): Promise<true> =>
  until(
    `the log of every controller begins above ${end}`,
    { withinMs: CUT_MS, everyMs: 500 },
    async () => {
      for (const nodeId of quorum.controllerIds) {
        const oldest = await quorum.oldestSnapshot(nodeId);
        if (oldest === null || oldest <= end)
          throw new Error(`${nodeId} has one that ends at ${oldest}`);
      }
      return true as const;
    },
  );

/** Waits until a topic of the quorum's is read here. */
const untilSeen = ({ client }: Observed, topic: string): Promise<readonly Partition[]> =>
  until(`topic ${topic} is seen`, { withinMs: SEEN_MS, everyMs: 50 }, () =>
    client.partitions(topic),
  );

interface Described {
  readonly topicId: string;
  readonly partitions: readonly string[];
}

/** Topics and partitions, as `kafka-topics --describe` tells them. */
function describedIn(output: string): ReadonlyMap<string, Described> {
  const found = new Map<string, Described>();
  for (const line of output.split("\n")) {
    const fields = new Map(
      line.split("\t").map((each): [string, string] => {
        const [name = "", value = ""] = each.split(/: ?/);
        return [name.trim(), value.trim()];
      }),
    );
    const topic = fields.get("Topic") ?? "";
    const topicId = fields.get("TopicId");
    if (topicId !== undefined) found.set(topic, { topicId, partitions: [] });
    const known = found.get(topic);
    const partition = fields.get("Partition");
    if (known === undefined || partition === undefined) continue;
    const text = `${partition}: ${fields.get("Leader")} of ${fields.get("Replicas")} in ${fields.get("Isr")}`;
    found.set(topic, { ...known, partitions: [...known.partitions, text] });
  }
  return found;
}

/** What is read here is what Kafka says, topic by topic and partition by partition. */
async function assertSame({ client, topics }: Observed): Promise<void> {
  const theirs = describedIn(await topics("--describe"));
  const ours = await until("every topic is read here", { withinMs: SEEN_MS }, async () => {
    const { data } = (await client.get<Topics>("topics")).body;
    const read = new Map<string, Described>();
    for (const { topic_name: name, topic_id: topicId } of data) {
      const partitions = await client.partitions(name);
      const texts = partitions.map(
        (each) =>
          `${each.partition_id}: ${each.leader_id} of ${each.replica_ids.join(",")} in ${each.isr_ids.join(",")}`,
      );
      read.set(name, { topicId, partitions: texts });
    }
    return JSON.stringify(sorted(read)) === JSON.stringify(sorted(theirs)) ? read : undefined;
  });
  expect(ours.size > 0, "there are topics to compare");
}

interface Topics {
  readonly data: readonly { readonly topic_name: string; readonly topic_id: string }[];
}

const sorted = (topics: ReadonlyMap<string, Described>) =>
  [...topics].toSorted(([one], [other]) => (one < other ? -1 : 1));

async function assertReady(client: ClusterClient, wanted: boolean): Promise<void> {
  await until(`the cluster is ${wanted ? "" : "not "}ready`, { withinMs: SEEN_MS }, async () => {
    const { age_ms: age } = await observedStatus(client);
    return (age !== null && age <= 10_000) === wanted ? true : undefined;
  });
}

interface Controllers {
  readonly data: readonly {
    readonly status?: {
      readonly observed?: { readonly age_ms: number | null; readonly problem: string | null };
    };
  }[];
}

async function observedStatus(client: ClusterClient) {
  const { data } = (await client.get<Controllers>("controllers")).body;
  const status = data[0]?.status?.observed;
  if (status === undefined) throw new Error("the observer says nothing of what it observes");
  return status;
}

/** The quorum itself lists the observer. */
async function assertDescribed({ kafka, transcript }: Here, { servers }: JvmQuorum): Promise<void> {
  await until("the quorum lists the observer", { withinMs: TOOL_MS }, async () => {
    const at = ["--bootstrap-controller", servers];
    const run = await tool(kafka, "kafka-metadata-quorum", [...at, "describe", "--replication"], {
      withinMs: TOOL_MS,
      transcript,
    });
    return new RegExp(`^${OBSERVER}\\s.*Observer`, "m").test(run.output) ? true : undefined;
  });
}

/** Nothing is changed from here, and every way in says so. */
async function assertReadOnly(client: ClusterClient): Promise<void> {
  const { high_watermark: before } = await client.quorum();
  const topic = {
    name: "from-here",
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  };
  const { body } = await client.rpc<CreateAnswer>("CreateTopics", {
    topics: [topic],
    timeoutMs: 1_000,
    validateOnly: false,
  });
  expect(
    body.topics[0]?.errorCode === 44,
    "rpc is refused with POLICY_VIOLATION",
    JSON.stringify(body),
  );
  await assertRefused(() => client.post("controllers"), 40_908);
  await assertRefused(() => client.get("topics?consistency=linearizable"), 40_908);
  const { lines } = await client.log(Math.max(0, before - 1));
  expect(!JSON.stringify(lines).includes("from-here"), "nothing was written");
}

interface CreateAnswer {
  readonly topics: readonly { readonly errorCode: number }[];
}

async function assertRefused(ask: () => Promise<unknown>, code: number): Promise<void> {
  const error = await ask().then(
    () => null,
    (cause: unknown) => cause,
  );
  const found = error instanceof RefusedError ? error.refusal.error_code : String(error);
  expect(found === code, `it is refused with ${code}`, String(found));
}

/** A gateway that was pointed at another cluster than it was told is shown out, and nothing is learned from it. */
async function assertWrongClusterExpelled(here: Here, { servers }: JvmQuorum): Promise<void> {
  const { edge } = here.quorum;
  const clusterId = kafkaUuid();
  await formCluster(edge, { cluster_id: clusterId, observed: true });
  const to = { servers, clusterId, edge: edge.url, token: edge.gatewayToken ?? "" };
  const gateway = await startObservingGateway(to);
  try {
    await gateway.line(/of another cluster/, SEEN_MS);
    const client = clusterClient(edge, clusterId);
    const { age_ms: age } = await observedStatus(client);
    expect(age === null, "nothing was learned from the other cluster");
  } finally {
    await gateway.kill();
  }
}

/** Without a gateway: what is known is still read, its age is told, and nobody is told that it is young. */
async function assertStale(client: ClusterClient): Promise<void> {
  await assertReady(client, false);
  const { problem } = await observedStatus(client);
  expect(problem !== null, "the status says that no gateway is there");
  await client.partitions("after-failover");
  await assertRefused(() => client.get("topics?max_staleness_ms=6000&wait_ms=500"), 50_308);
  const { status } = await client.get("topics?max_staleness_ms=3600000");
  expect(status === 200, "a read that allows an hour is answered");
}
