/**
 * What a snapshot costs while it is made, and what it saves: logs of many commits and of many partitions, given to
 * stopped nodes. One voter stands for an isolate of its own, as voters of different locations have; three share one
 * thread and one heap here, and make their snapshots nearly at once.
 */
import { formCluster } from "../client/cluster-client.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import { IsolateMemory, type Held } from "./isolate-memory.ts";
import {
  ask,
  askEvery,
  fill,
  isActive,
  untilLevel,
  untilOne,
  write,
  type Answer,
} from "./long-log-quorum.ts";
import { PARTITIONS } from "./long-log.ts";
import { quantile } from "./quantile.ts";

interface Run {
  readonly commits: number;
  readonly partitions: number;
  readonly voters: 1 | 3;
}

const ALONE = 1;
const RUNS: readonly Run[] = [
  { commits: 0, partitions: 100_000, voters: ALONE },
  { commits: 0, partitions: 100_000, voters: 3 },
  { commits: 1_000_000, partitions: 0, voters: ALONE },
];
/** Some minutes more: `--largest`. */
const LARGEST: Run = { commits: 0, partitions: 2_000_000, voters: ALONE };
/** More than the writes beside it make, so that none is made while the quiet ones are timed. */
const SETTINGS = { "metadata.log.max.record.bytes.between.snapshots": 5_000_000 };
const QUIET_MS = 5_000;
const GIVEN_UP_MS = 300_000;

export async function snapshots(options: {
  readonly largest?: boolean | undefined;
}): Promise<void> {
  for (const run of options.largest === true ? [LARGEST] : RUNS) {
    const quorum = await startQuorum({
      config: "bench/wrangler.toml",
      inspector: true,
      form: (edge) => formCluster(edge, { voters: run.voters, settings: SETTINGS }),
    });
    try {
      await measure(quorum, run);
    } finally {
      await quorum.stop();
    }
  }
}

type Row = readonly (string | number)[];

function printHead(columns: string): void {
  console.log(`| ${columns} |\n|${" ---: |".repeat(columns.split("|").length)}`);
}

const print = (cells: Row): void => console.log(`| ${cells.join(" | ")} |`);

/** Prints how the run's nodes take writes, how they boot, and how they are read. */
async function measure(quorum: Quorum, run: Run): Promise<void> {
  const nodes = nodesOf(quorum);
  const { commits, partitions, voters } = run;
  console.log(`${commits} commits, ${partitions} partitions more, voters: ${voters}\n`);
  await warmUp(quorum);
  const end = await fill(quorum, nodes, { commits, topics: partitions / PARTITIONS });

  const before = await IsolateMemory.of(quorum.edge);
  const fromLog = await booted(quorum, before);
  const made = await writing(quorum, before, () => haveSnapshot(quorum, end));
  const size = Number((await newestOf(quorum))[0]?.["size"]);
  const quiet = await writing(quorum, before, afterMs(QUIET_MS));
  before.close();
  printHead("writes | p50, p99, max ms | longest event ms | in s | live, peak MB");
  print([`while ${(size / 1e6).toFixed(1)} MB are made`, ...made]);
  print(["without", ...quiet]);

  await askEvery(quorum, nodes, "/stop");
  await quorum.kill();
  await quorum.restart();
  const memory = await IsolateMemory.of(quorum.edge);
  const fromSnapshot = await booted(quorum, memory);
  const cluster = quorum.formed.cluster_id;
  const topics = `/kafka/v3/clusters/${cluster}/topics?page_size=1`;
  const readSnapshot = await firstRead(quorum, memory, topics);
  const readLog = await firstRead(quorum, memory, `/bench/read-log?cluster=${cluster}`);
  memory.close();

  console.log();
  printHead(
    "boots from | served after s | longest event ms | live, peak MB | first read of a cold isolate s | live, peak MB",
  );
  print(["the log", ...fromLog, ...readLog]);
  print(["a snapshot", ...fromSnapshot, ...readSnapshot]);
  console.log();
}

/** Stops the nodes once the code that writes has been compiled. */
async function warmUp(quorum: Quorum): Promise<void> {
  const nodes = nodesOf(quorum);
  await untilLevel(quorum, nodes);
  await askEvery(quorum, nodes, "/stop");
  await fill(quorum, nodes, { commits: 1 });
  await servedAfter(quorum);
  await writesUntil(quorum, afterMs(QUIET_MS));
  await untilLevel(quorum, nodes);
  await askEvery(quorum, nodes, "/stop");
}

/**
 * Starts the stopped nodes: when one was in office, with its image loaded and replayed; the longest event, and memory.
 */
async function booted(quorum: Quorum, memory: IsolateMemory): Promise<Row> {
  await memory.held();
  await longestMs(quorum);
  const took = await servedAfter(quorum);
  return [seconds(took), await longestMs(quorum), held(await memory.held())];
}

/** Writes until `isDone`: how long they took each, the longest event, how long all took, and memory. */
async function writing(
  quorum: Quorum,
  memory: IsolateMemory,
  isDone: () => Promise<boolean>,
): Promise<Row> {
  const beganMs = performance.now();
  const took = await writesUntil(quorum, isDone);
  const endedMs = performance.now();
  const longest = await longestMs(quorum);
  return [quantiles(took), longest, seconds(endedMs - beganMs), held(await memory.held())];
}

/** Nothing was read before from where `path` reads: the Worker loads an image first. How long that took, and memory. */
async function firstRead(quorum: Quorum, memory: IsolateMemory, path: string): Promise<Row> {
  const beganMs = performance.now();
  const response = await quorum.edge.fetch(path);
  const text = await response.text();
  const took = performance.now() - beganMs;
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return [seconds(took), held(await memory.held())];
}

const held = ({ live, peak }: Held): string => `${live}, ${peak}`;

const nodesOf = ({ formed }: Quorum): readonly number[] =>
  formed.controllers.map(({ node_id }) => node_id);

/** Starts the stopped nodes, and waits until one is in office: its image is loaded and replayed then. */
async function servedAfter(quorum: Quorum): Promise<number> {
  const beganMs = performance.now();
  await askEvery(quorum, nodesOf(quorum), "/start");
  return (await untilOne(quorum, nodesOf(quorum), isActive)) - beganMs;
}

/** The longest event since it was asked last. One isolate holds all nodes, and counts their events together. */
async function longestMs(quorum: Quorum): Promise<number> {
  const [answer] = await askEvery(quorum, nodesOf(quorum).slice(0, 1), "/bench-longest");
  return Number(answer?.["longest_ms"]);
}

/** Whether every node has a snapshot that reaches as far as the log that it was given. */
async function haveSnapshot(quorum: Quorum, end: number): Promise<boolean> {
  const newest = await newestOf(quorum);
  return newest.every((snapshot) => Number(snapshot?.["end_offset"] ?? 0) >= end);
}

/** The newest snapshot of each node, as its own route lists them. */
async function newestOf(quorum: Quorum): Promise<readonly (Answer | undefined)[]> {
  return Promise.all(
    nodesOf(quorum).map(async (nodeId) => {
      const { snapshots: list } = await ask(quorum, { nodeId, path: "/snapshots", method: "GET" });
      return Array.isArray(list) ? list.at(-1) : undefined;
    }),
  );
}

/** Writes without a pause until `isDone`; how long each took, in ms. */
async function writesUntil(
  quorum: Quorum,
  isDone: () => Promise<boolean>,
): Promise<readonly number[]> {
  const took: number[] = [];
  const deadline = performance.now() + GIVEN_UP_MS;
  for (;;) {
    for (let at = 0; at < 10; at += 1) {
      const beganMs = performance.now();
      await write(quorum);
      took.push(performance.now() - beganMs);
    }
    if (await isDone()) return took;
    if (performance.now() > deadline) throw new Error(`not every node has a snapshot in time`);
  }
}

function afterMs(ms: number): () => Promise<boolean> {
  const endMs = performance.now() + ms;
  return () => Promise.resolve(performance.now() > endMs);
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

const quantiles = (times: readonly number[]): string =>
  [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(0)).join(", ");
