/**
 * A warm isolate's reads beside a real Kafka broker's Metadata responses: the same topic of ten partitions, over
 * loopback, from one client process, by a request each and over sockets for batches. Compared is what a second of the
 * server's CPU answers, since on a small machine the client takes the most of both; that is a rate per core.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kedge } from "../client/kedge.ts";
import { kafkaRelease, UnavailableError } from "../local/kafka-release.ts";
import { KafkaConnection } from "../local/kafka-connection.ts";
import { startJvm, type Jvm } from "../local/jvm.ts";
import { freePorts } from "../local/ports.ts";
import { CreateTopics, uuidFromBytes, Writer } from "../src/protocol/index.ts";
import { closedLoop, type Load } from "./load.ts";
import type { BenchQuorum, LoadShape } from "./quorum.ts";
import { overTcp } from "./tcp-load.ts";

const VERSION = "4.3.1";
const TOPIC = "bench";
const PARTITIONS = 10;
const STALENESS_MS = 3_600_000;
/** That read at a time, each with one read under way. */
const FEW = 16;
const MANY = 64;
/** The JVM compiles meanwhile, and the isolate has its image. */
const WARM_MS = 10_000;
const ROUND_MS = 5_000;
const ROUNDS = 3;
const START_MS = 120_000;

export async function readsBesideKafka(quorum: BenchQuorum): Promise<void> {
  const kafka = await kafkaRelease(VERSION).catch((error: unknown) => {
    if (error instanceof UnavailableError) return error;
    throw error;
  });
  if (kafka instanceof UnavailableError) {
    console.log(`\nno Kafka to compare with: ${kafka.message}`);
    return;
  }
  const broker = await startBroker(kafka);
  try {
    await createHere(quorum);
    const workerd = await childrenNamed("workerd");
    const rows = rowsOf(quorum, { pids: [broker.jvm.pid], port: broker.port }, workerd);
    for (const { run } of rows) await run(WARM_MS);
    console.log(
      "\n| round | readers | served by | answers/s | answers a second of CPU | ÷ Kafka |",
    );
    console.log("| ---: | ---: | --- | ---: | ---: | ---: |");
    let [calls, reads] = [0, 0];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const theirs = new Map<number, number>();
      for (const row of rows) {
        await callsOf(quorum);
        const measured = await perCpuSecond(row.pids, () => row.run(ROUND_MS));
        const ratio = theirs.get(row.readers);
        printRow(
          round,
          row,
          measured,
          ratio === undefined ? "" : (measured.perCpu / ratio).toFixed(2),
        );
        if (row.pids !== workerd) theirs.set(row.readers, measured.perCpu);
        else {
          calls += await callsOf(quorum);
          reads += measured.load.operations;
        }
      }
    }
    console.log(`\ncalls of controllers in ${reads} warm reads: ${calls}`);
  } finally {
    await broker.stop();
  }
}

/** One way to read, by so many at a time. */
interface Row {
  readonly readers: number;
  readonly servedBy: string;
  /** Whose CPU counts. */
  readonly pids: readonly number[];
  readonly run: (ms: number) => Promise<Load>;
}

/** Kafka comes first among those of as many readers. */
function rowsOf(
  quorum: BenchQuorum,
  kafka: { readonly pids: readonly number[]; readonly port: number },
  workerd: readonly number[],
): readonly Row[] {
  const byKafka = (readers: number): Row => ({
    readers,
    servedBy: `Kafka ${VERSION}, Metadata`,
    pids: kafka.pids,
    run: (ms) => overTcp(kafka.port, { writers: readers, ms }, metadataFrame()),
  });
  const here = { pids: workerd } as const;
  return [
    byKafka(FEW),
    {
      ...here,
      readers: FEW,
      servedBy: "a request each",
      run: (ms) => readByRequests(quorum, { writers: FEW, ms }),
    },
    {
      ...here,
      readers: FEW,
      servedBy: "a socket each",
      run: (ms) => readOverSockets(quorum, FEW, { writers: FEW, ms }),
    },
    {
      ...here,
      readers: FEW,
      servedBy: "one socket",
      run: (ms) => readOverSockets(quorum, 1, { writers: FEW, ms }),
    },
    byKafka(MANY),
    {
      ...here,
      readers: MANY,
      servedBy: "one socket",
      run: (ms) => readOverSockets(quorum, 1, { writers: MANY, ms }),
    },
  ];
}

/** How many calls of controllers the Worker has made since this was asked last. */
export async function callsOf({ edge }: BenchQuorum): Promise<number> {
  return Number(await (await edge.fetch("/bench/calls")).text());
}

interface Measured {
  readonly load: Load;
  readonly perCpu: number;
}

function printRow(
  round: number,
  { readers, servedBy }: Row,
  { load, perCpu }: Measured,
  ratio: string,
): void {
  const cells = [round, readers, servedBy, load.perSecond.toFixed(0), perCpu.toFixed(0), ratio];
  console.log(`| ${cells.join(" | ")} |`);
}

async function perCpuSecond(pids: readonly number[], work: () => Promise<Load>): Promise<Measured> {
  const before = await cpuSecondsOf(pids);
  const load = await work();
  return { load, perCpu: load.operations / ((await cpuSecondsOf(pids)) - before) };
}

/** To the hundredth, as `/proc` counts. */
async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const { stdout } = await promisify(execFile)("cat", [`/proc/${pid}/stat`]);
    const fields = stdout.slice(stdout.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

/** Processes of that name that this one has started. */
async function childrenNamed(name: string): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid=,comm="]);
  const rows = stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, command = ""]) => ({ pid: Number(pid), parent: Number(parent), command }));
  const ours = new Set([process.pid]);
  // A parent is listed before its children mostly, not always.
  for (const _ of rows) for (const { pid, parent } of rows) if (ours.has(parent)) ours.add(pid);
  return rows.filter(({ pid, command }) => ours.has(pid) && command === name).map(({ pid }) => pid);
}

async function createHere(quorum: BenchQuorum): Promise<void> {
  const { brokerEpoch, state } = quorum;
  // Whoever is to have replicas is unfenced.
  await post(quorum, "rpc/BrokerHeartbeat", {
    brokerId: 1,
    brokerEpoch,
    currentMetadataOffset: state.high_watermark + 1_000_000,
    wantFence: false,
    wantShutDown: false,
  });
  const topic = { topic_name: TOPIC, partitions_count: PARTITIONS, replication_factor: 1 };
  await post(quorum, "topics", topic);
}

async function post({ edge, formed }: BenchQuorum, path: string, body: object): Promise<void> {
  // A broker's word is a gateway's to carry; a topic is an editor's to make.
  const token = path.startsWith("rpc/") ? edge.gatewayToken : edge.token;
  const response = await fetch(`${edge.url}/kafka/v3/clusters/${formed.cluster_id}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token ?? ""}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

async function readByRequests({ edge, formed }: BenchQuorum, shape: LoadShape): Promise<Load> {
  const path = `/kafka/v3/clusters/${formed.cluster_id}/topics/${TOPIC}/partitions`;
  const url = `${edge.url}${path}?max_staleness_ms=${STALENESS_MS}`;
  const agent = new Agent({ keepAlive: true, maxSockets: shape.writers });
  const headers = { authorization: `Bearer ${edge.token ?? ""}` };
  try {
    return await closedLoop(shape, () => got(url, { agent, headers }));
  } finally {
    agent.destroy();
  }
}

/** Readers take turns at the sockets, so those of one socket ask together. */
async function readOverSockets(
  { edge, formed }: BenchQuorum,
  sockets: number,
  shape: LoadShape,
): Promise<Load> {
  const cluster = kedge(edge).cluster(formed.cluster_id);
  const connected = Array.from({ length: sockets }, () => cluster.connect());
  const reading = { maxStalenessMs: STALENESS_MS };
  try {
    return await closedLoop(shape, async (_, reader) => {
      const found = await connected[reader % sockets]?.topics.partitions(TOPIC, reading);
      if (found?.length !== PARTITIONS) throw new Error("not the topic that was asked for");
    });
  } finally {
    for (const each of connected) each.close();
  }
}

const got = (
  url: string,
  options: { readonly agent: Agent; readonly headers: Readonly<Record<string, string>> },
): Promise<void> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, options);
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      incoming.resume();
      incoming.once("end", () => {
        if (incoming.statusCode === 200) resolve();
        else reject(new Error(`${url}: ${incoming.statusCode}`));
      });
    });
    outgoing.end();
  });

/** Metadata v4 of the one topic, which brokers alone serve: header v1, names, no creation. */
function metadataFrame(): Uint8Array {
  const writer = new Writer();
  writer.int16(3);
  writer.int16(4);
  writer.int32(1);
  writeText(writer, "bench");
  writer.int32(1);
  writeText(writer, TOPIC);
  writer.int8(0);
  return writer.bytes();
}

function writeText(writer: Writer, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writer.int16(bytes.byteLength);
  writer.raw(bytes);
}

interface RunningBroker {
  readonly jvm: Jvm;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** A broker that is its own controller, as Kafka's scripts start it, with the topic. */
async function startBroker(
  kafka: Awaited<ReturnType<typeof kafkaRelease>>,
): Promise<RunningBroker> {
  const folder = await mkdtemp(join(tmpdir(), "kedge-bench-reads-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  const [clients = 0, controller = 0] = await freePorts(2);
  const config = join(folder, "server.properties");
  await writeFile(
    config,
    [
      "process.roles=broker,controller",
      "node.id=1",
      `listeners=PLAINTEXT://127.0.0.1:${clients},CONTROLLER://127.0.0.1:${controller}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${clients},CONTROLLER://127.0.0.1:${controller}`,
      "controller.listener.names=CONTROLLER",
      "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
      `controller.quorum.bootstrap.servers=127.0.0.1:${controller}`,
      `log.dirs=${join(folder, "data")}`,
      "",
    ].join("\n"),
  );
  const id = uuidFromBytes(randomBytes(16));
  const args = ["format", "--standalone", `--cluster-id=${id}`, `--config=${config}`];
  const tool = { mainClass: "kafka.tools.StorageTool", heapMb: 256, level: "WARN" } as const;
  const format = startJvm(kafka, { ...tool, args });
  if ((await format.exited) !== 0) throw new Error(`format failed:\n${format.tail()}`);
  const flags = ["-Xms512m", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"];
  const run = { mainClass: "kafka.Kafka", args: [config], heapMb: 512, flags } as const;
  const jvm = startJvm(kafka, { ...run, logOn: "stdout" });
  const stop = async (): Promise<void> => {
    await jvm.kill();
    process.off("exit", remove);
    remove();
  };
  try {
    await jvm.line(/Kafka Server started/, START_MS);
    await createThere(clients);
    return { jvm, port: clients, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createThere(port: number): Promise<void> {
  const client = await KafkaConnection.open(port, { clientId: "bench" });
  const topic = {
    name: TOPIC,
    numPartitions: PARTITIONS,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  };
  const { topics } = await client.call(CreateTopics, 7, {
    topics: [topic],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  client.close();
  if (topics[0]?.errorCode !== 0) throw new Error(`the topic met error ${topics[0]?.errorCode}`);
}
