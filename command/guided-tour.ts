/**
 * `kedge tour`: a guided tour of a quorum on this machine, all through HTTP and JSON. A cluster is formed, strangers
 * are turned away, brokers come and go, a topic is created and its leaders move, the active controller is restarted,
 * the whole runtime is killed. Every step says what it did and what it saw, and checks it; the first check that fails
 * ends the tour with a non-zero status. It runs in a folder of its own on free ports, and leaves nothing behind.
 */
import {
  ErrorCode,
  type AlterPartitionResponse,
  type CreateTopicsResponse,
} from "../src/protocol/index.ts";
import type { ClusterClient, LogLine, Partition } from "../client/cluster-client.ts";
import { authorized, clusterClient, formCluster } from "../client/cluster-client.ts";
import { startQuorum } from "../local/quorum.ts";
import type { Quorum } from "../local/quorum.ts";
import { jsonBroker } from "../client/json-broker.ts";
import type { JsonBroker } from "../client/json-broker.ts";
import { posted } from "../client/cluster-client.ts";

const PARTITIONS = 100;
const TOPIC = "orders";
/** Beyond this something hangs: Kafka's session timeout is 9 s, its elections take a few seconds. */
const FENCED_MS = 30_000;

/** What `POST /tokens` answers, as far as it is told here. */
interface MadeToken {
  readonly token: string;
  readonly expires_at: string;
}

let steps = 0;
let checks = 0;

const say = (line: string): void => console.log(line === "" ? "" : `   ${line}`);

function step(title: string): void {
  steps += 1;
  console.log(`\n${steps}. ${title}`);
}

/** Says that `sentence` holds, or ends the tour. */
function check(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`does not hold: ${sentence}`);
  checks += 1;
  say(`✓ ${sentence}`);
}

let running: Quorum | undefined;
const crew: JsonBroker[] = [];

/** Takes it; says on the way what holds, and exits with a status that is not zero where something does not. */
export async function takeTour(): Promise<void> {
  try {
    await wholeTour();
    console.log(`\nThe tour is over: ${steps} steps, ${checks} checks held.`);
  } catch (error) {
    console.log(`   ✗ ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await Promise.all(crew.map((broker) => broker.fallSilent()));
    await running?.stop();
  }
}

async function wholeTour(): Promise<void> {
  const quorum = await formation();
  const { cluster } = quorum;
  await locks(quorum);
  const brokers = await membership(quorum);
  const topicId = await creation(cluster);
  await isrChanges(cluster, brokers, topicId);
  await silence(cluster, brokers);
  await failover(cluster);
  await crash(quorum);
}

async function formation(): Promise<Quorum> {
  step("A cluster is formed");
  let tookMs = Number.NaN;
  running = await startQuorum({
    onLine: (line) => say(`workerd: ${line}`),
    form: async (edge) => {
      say(`workerd ${edge.pid} answers on ${edge.url}; its state is in a temporary folder`);
      const startMs = performance.now();
      const formed = await formCluster(edge, { voters: 3 });
      tookMs = Math.round(performance.now() - startMs);
      return formed;
    },
  });
  const { cluster, formed } = running;
  say(`cluster ${formed.cluster_id}, formed and led after ${tookMs} ms; its controllers are`);
  for (const { node_id: nodeId, directory_id: directoryId } of formed.controllers) {
    say(`  ${nodeId}, directory ${directoryId}`);
  }
  const quorum = await cluster.quorum();
  const { lines } = await cluster.log(0);
  say(`its log begins with ${lines.map((line) => `${line.offset} ${line.type}`).join(", ")}`);
  check(
    formed.controllers.some((controller) => controller.node_id === quorum.leader_id),
    `controller ${quorum.leader_id} leads in epoch ${quorum.leader_epoch}; everything below ${quorum.high_watermark} is committed`,
  );
  check(
    lines.some(
      (line) => line.type === "FEATURE_LEVEL_RECORD" && line.data["name"] === "metadata.version",
    ),
    "the bootstrap records are committed: metadata.version is in the log",
  );
  return running;
}

async function locks({ edge, formed }: Quorum): Promise<void> {
  step("Strangers are turned away, and tokens are made for who may come in");
  const path = `/kafka/v3/clusters/${formed.cluster_id}`;
  const ask = async (token: string | null, at: string, init: RequestInit = {}) => {
    const response = await fetch(`${edge.url}${at}`, authorized(token, init));
    return { status: response.status, text: await response.text() };
  };
  const stranger = await ask(null, path, { method: "DELETE" });
  check(stranger.status === 401, "a stranger who would delete the cluster is answered 401");

  const made = await edge.fetch(
    "/kafka/v3/tokens",
    posted({ role: "viewer", cluster_id: formed.cluster_id, expires_in_s: 600 }),
  );
  const { token, expires_at: until }: MadeToken = JSON.parse(await made.text());
  say(`an admin makes a token of role viewer, good until ${until}`);
  const read = await ask(token, `${path}/topics`);
  const write = await ask(token, path, { method: "DELETE" });
  check(
    read.status === 200 && write.status === 403,
    "a viewer reads the topics, and is answered 403 when he would delete the cluster",
  );
  const changed = token.at(-2) === "A" ? "B" : "A";
  const forged = await ask(`${token.slice(0, -2)}${changed}${token.slice(-1)}`, `${path}/topics`);
  check(forged.status === 401, "the same token with one letter changed is none: 401");
  const page = await ask(edge.token, path, { headers: { Origin: "https://evil.example" } });
  check(page.status === 403, "a web page of elsewhere is refused, even with an admin's token: 403");

  const other = jsonBroker(await brokersClient({ edge, formed }, 7), 8);
  const refusal = await other.register().then(() => "", String);
  check(
    refusal.includes(`error ${ErrorCode.CLUSTER_AUTHORIZATION_FAILED}`),
    "broker 7's token does not register broker 8: CLUSTER_AUTHORIZATION_FAILED",
  );
}

/** The cluster as a broker reaches it, with a token that speaks for it alone. */
async function brokersClient(
  { edge, formed }: Pick<Quorum, "edge" | "formed">,
  brokerId: number,
): Promise<ClusterClient> {
  const cluster = formed.cluster_id;
  const token = await edge.mint({ role: "broker", cluster, brokerIds: [brokerId] });
  return clusterClient({ url: edge.url, token }, cluster);
}

async function membership(quorum: Quorum): Promise<readonly JsonBroker[]> {
  step("Three brokers, each with its own token, register, send heartbeats and are unfenced");
  const { cluster } = quorum;
  const brokers = await Promise.all(
    [1, 2, 3].map(async (id) => jsonBroker(await brokersClient(quorum, id), id)),
  );
  crew.push(...brokers);
  for (const broker of brokers) {
    const epoch = await broker.register();
    say(
      `broker ${broker.id} is registered with epoch ${epoch}, the offset of its record, and fenced`,
    );
  }
  for (const broker of brokers) {
    const answer = await broker.heartbeat();
    check(
      answer.errorCode === 0 && answer.isCaughtUp && !answer.isFenced,
      `broker ${broker.id} has read the log up to its registration: it is unfenced`,
    );
    broker.keepAlive();
  }
  const unfenced = await Promise.all(brokers.map(({ id }) => isFenced(cluster, id)));
  check(!unfenced.includes(true), "a reader of the metadata sees three unfenced brokers");
  return brokers;
}

async function creation(cluster: ClusterClient): Promise<string> {
  step(`A topic of ${PARTITIONS} partitions with replication factor 3 is created`);
  const { body, offset, epoch } = await cluster.rpc<CreateTopicsResponse>("CreateTopics", {
    topics: [
      {
        name: TOPIC,
        numPartitions: PARTITIONS,
        replicationFactor: 3,
        assignments: [],
        configs: [],
      },
    ],
    timeoutMs: 10_000,
    validateOnly: false,
  });
  const [created] = body.topics;
  if (created === undefined) throw new Error("CreateTopics answered without topics");
  check(
    created.errorCode === 0,
    `CreateTopics is answered without error: topic id ${created.topicId}, committed up to offset ${offset} in epoch ${epoch}`,
  );
  const partitions = await cluster.partitions(TOPIC);
  check(
    partitions.length === PARTITIONS && partitions.every(({ isr_ids: isr }) => isr.length === 3),
    `${PARTITIONS} partitions are there, each with three replicas in sync`,
  );
  const led = [1, 2, 3].map((id) => partitions.filter((each) => each.leader_id === id).length);
  check(
    Math.max(...led) - Math.min(...led) <= 1,
    `brokers 1, 2 and 3 lead ${led.join(", ")} of them`,
  );
  return created.topicId;
}

async function isrChanges(
  cluster: ClusterClient,
  brokers: readonly JsonBroker[],
  topicId: string,
): Promise<void> {
  step("A leader shrinks its ISR and expands it again (AlterPartition, KIP-497)");
  const before = await partitionOf(cluster, 0);
  const follower = before.replica_ids.find((id) => id !== before.leader_id) ?? -1;
  const shrunkIsr = before.isr_ids.filter((id) => id !== follower);
  say(`partition 0 is led by broker ${before.leader_id}, its ISR is ${before.isr_ids.join(", ")}`);

  const shrunk = await alterIsr(cluster, brokers, { topicId, before, isr: shrunkIsr });
  check(
    shrunk.errorCode === 0 && shrunk.partitionEpoch === before.partition_epoch + 1,
    `without broker ${follower}: the ISR is ${shrunk.isr.join(", ")}, the partition's epoch ${shrunk.partitionEpoch}`,
  );
  const stale = await alterIsr(cluster, brokers, { topicId, before, isr: shrunkIsr });
  check(
    stale.errorCode !== 0,
    `the same request again, with the old epoch, is refused (error ${stale.errorCode})`,
  );

  const between = await partitionOf(cluster, 0);
  const expanded = await alterIsr(cluster, brokers, {
    topicId,
    before: between,
    isr: before.isr_ids,
  });
  const after = await partitionOf(cluster, 0);
  check(
    expanded.errorCode === 0 && after.isr_ids.length === 3,
    `broker ${follower} has caught up: the ISR is ${after.isr_ids.join(", ")}, the partition's epoch ${after.partition_epoch}`,
  );
  check(
    after.leader_epoch === before.leader_epoch,
    "through all of it the leader and its epoch stayed",
  );
}

async function silence(cluster: ClusterClient, brokers: readonly JsonBroker[]): Promise<void> {
  step("A broker falls silent: it is fenced, and its partitions get new leaders");
  const silent = brokers[2];
  if (silent === undefined) throw new Error("there is no third broker");
  const before = (await cluster.partitions(TOPIC)).filter((each) => each.leader_id === silent.id);
  const from = (await cluster.quorum()).high_watermark;
  await silent.fallSilent();
  const startMs = performance.now();
  say(`broker ${silent.id} leads ${before.length} partitions and sends no more heartbeats`);
  const fencing = await untilRecord(cluster, from, (line) => isFencing(line, silent.id));
  const tookS = ((performance.now() - startMs) / 1000).toFixed(1);
  check(true, `after ${tookS} s its fencing is committed, at offset ${fencing.offset}`);
  const partitions = await cluster.partitions(TOPIC);
  const moved = partitions.filter((each) =>
    before.some(({ partition_id: id }) => id === each.partition_id),
  );
  check(
    partitions.every((each) => each.leader_id !== silent.id && each.leader_id >= 0),
    `every partition has a leader, and none is broker ${silent.id}`,
  );
  check(
    partitions.every((each) => !each.isr_ids.includes(silent.id)),
    `no ISR holds broker ${silent.id} any more`,
  );
  check(
    moved.every((now, at) => now.leader_epoch === (before[at]?.leader_epoch ?? -1) + 1),
    `the ${moved.length} that moved each went up one leader epoch`,
  );
}

async function failover(cluster: ClusterClient): Promise<void> {
  step("The active controller is restarted, and another takes over");
  const before = await cluster.quorum();
  const committed = await cluster.rawLog();
  const startMs = performance.now();
  await cluster.post(`controllers/${before.leader_id}:restart`);
  say(`controller ${before.leader_id}, which led in epoch ${before.leader_epoch}, was aborted`);
  const { body, offset } = await allocate(cluster);
  const tookMs = Math.round(performance.now() - startMs);
  const after = await cluster.quorum();
  check(
    body.errorCode === 0,
    `the next write was acknowledged ${tookMs} ms after the abort, at offset ${offset}`,
  );
  check(
    after.leader_epoch > before.leader_epoch,
    `controller ${after.leader_id} leads now, in epoch ${after.leader_epoch}`,
  );
  check(
    isPrefix(committed, await cluster.rawLog()),
    `all ${committed.byteLength} bytes of the log that were committed before are in it, unchanged`,
  );
}

async function crash(quorum: Quorum): Promise<void> {
  const { cluster } = quorum;
  step("The whole runtime is killed with SIGKILL and started again");
  await Promise.all(crew.map((broker) => broker.fallSilent()));
  const { offset } = await allocate(cluster);
  const committed = await cluster.rawLog();
  const partitions = await cluster.partitions(TOPIC);
  const { pid } = quorum.edge;
  await quorum.kill();
  say(`workerd ${pid} is gone, right after a write at offset ${offset} was acknowledged`);
  const startMs = performance.now();
  await quorum.restart();
  await quorum.untilReady();
  const tookMs = Math.round(performance.now() - startMs);
  const after = await cluster.quorum();
  check(
    after.high_watermark > offset,
    `after ${tookMs} ms controller ${after.leader_id} leads in epoch ${after.leader_epoch}, and offset ${offset} is committed`,
  );
  check(
    isPrefix(committed, await cluster.rawLog()),
    `the log holds all ${committed.byteLength} bytes that were committed, unchanged`,
  );
  const same = JSON.stringify(await cluster.partitions(TOPIC)) === JSON.stringify(partitions);
  check(same, `all ${partitions.length} partitions are as they were`);
  const next = await allocate(cluster);
  check(
    next.body.errorCode === 0 && next.offset > offset,
    `and it goes on: the next write is committed at offset ${next.offset}`,
  );
}

async function partitionOf(cluster: ClusterClient, id: number): Promise<Partition> {
  return (await cluster.get<Partition>(`topics/${TOPIC}/partitions/${id}`)).body;
}

async function isFenced(cluster: ClusterClient, id: number): Promise<boolean> {
  return (await cluster.get<{ readonly fenced: boolean }>(`brokers/${id}`)).body.fenced;
}

/** A write that always has a record: a block of producer ids for broker 1. */
async function allocate(
  cluster: ClusterClient,
): Promise<{ readonly body: { readonly errorCode: number }; readonly offset: number }> {
  const brokerEpoch = crew[0]?.epoch() ?? -1;
  return await cluster.rpc("AllocateProducerIds", { brokerId: 1, brokerEpoch });
}

interface IsrChange {
  readonly topicId: string;
  readonly before: Partition;
  readonly isr: readonly number[];
}

/** What partition 0's leader sends when its ISR changes, and the partition as the controller answers it. */
async function alterIsr(
  cluster: ClusterClient,
  brokers: readonly JsonBroker[],
  { topicId, before, isr }: IsrChange,
): Promise<AlterPartitionResponse["topics"][number]["partitions"][number]> {
  const epochOf = (id: number): number => brokers.find((broker) => broker.id === id)?.epoch() ?? -1;
  const { body } = await cluster.rpc<AlterPartitionResponse>("AlterPartition", {
    brokerId: before.leader_id,
    brokerEpoch: epochOf(before.leader_id),
    topics: [
      {
        topicId,
        partitions: [
          {
            partitionIndex: before.partition_id,
            leaderEpoch: before.leader_epoch,
            newIsrWithEpochs: isr.map((id) => ({ brokerId: id, brokerEpoch: epochOf(id) })),
            leaderRecoveryState: 0,
            partitionEpoch: before.partition_epoch,
          },
        ],
      },
    ],
  });
  const partition = body.topics[0]?.partitions[0];
  if (partition === undefined)
    throw new Error(`AlterPartition failed with error ${body.errorCode}`);
  return partition;
}

function isFencing({ type, data }: LogLine, brokerId: number): boolean {
  const isChange = type === "BROKER_REGISTRATION_CHANGE_RECORD" && data["brokerId"] === brokerId;
  return isChange && data["fenced"] === 1;
}

/** Follows the log until a record is `wanted`. */
async function untilRecord(
  cluster: ClusterClient,
  from: number,
  wanted: (line: LogLine) => boolean,
): Promise<LogLine> {
  const deadline = performance.now() + FENCED_MS;
  let next = from;
  while (performance.now() < deadline) {
    const answer = await cluster.log(next, 5_000);
    const found = answer.lines.find(wanted);
    if (found !== undefined) return found;
    next = answer.next;
  }
  throw new Error(`no such record was committed within ${FENCED_MS} ms`);
}

function isPrefix(prefix: Uint8Array, whole: Uint8Array): boolean {
  return Buffer.from(whole.subarray(0, prefix.byteLength)).equals(prefix);
}
