/**
 * What a snapshot costs while it is made, and what it saves at the next boot: logs of many commits and of many
 * partitions, given to stopped nodes. All three nodes share one thread and one heap here, and make theirs at once.
 */
import { readFile } from "node:fs/promises";
import { formCluster } from "../client/cluster-client.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
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

interface Log {
  readonly commits: number;
  readonly partitions: number;
}

/** The last is several minutes and gigabytes: `--largest`. */
const LOGS: readonly Log[] = [
  { commits: 1_000_000, partitions: 0 },
  { commits: 0, partitions: 100_000 },
];
const LARGEST: Log = { commits: 0, partitions: 2_000_000 };
const SETTINGS = { "metadata.log.max.record.bytes.between.snapshots": 1_000_000 };
const GIVEN_UP_MS = 600_000;

export async function snapshots(options: {
  readonly largest?: boolean | undefined;
}): Promise<void> {
  console.log(
    "| commits | partitions | served after s | write p50, p99 ms | while made | longest event ms | made in s | snapshot MB | served from it after s | first read of a cold isolate s | peak RSS MB |",
  );
  console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const log of options.largest === true ? [...LOGS, LARGEST] : LOGS) {
    const quorum = await startQuorum({
      config: "bench/wrangler.toml",
      form: (edge) => formCluster(edge, { voters: 3, settings: SETTINGS }),
    });
    try {
      console.log(`| ${(await row(quorum, log)).join(" | ")} |`);
    } finally {
      await quorum.stop();
    }
  }
}

async function row(quorum: Quorum, log: Log): Promise<readonly (string | number)[]> {
  const nodes = quorum.formed.controllers.map(({ node_id }) => node_id);
  await untilLevel(quorum, nodes);
  await askEvery(quorum, nodes, "/stop");
  const end = await fill(quorum, nodes, {
    commits: log.commits,
    topics: log.partitions / PARTITIONS,
  });
  const served = await servedAfter(quorum, nodes);
  await askEvery(quorum, nodes, "/bench-longest");
  const beganMs = performance.now();
  const making = await writesUntil(quorum, async () => {
    const newest = await newestOf(quorum, nodes);
    return newest.every((snapshot) => Number(snapshot?.["end_offset"] ?? 0) >= end);
  });
  const madeMs = performance.now() - beganMs;
  const longest = (await askEvery(quorum, nodes.slice(0, 1), "/bench-longest"))[0]?.["longest_ms"];
  const quietEndMs = performance.now() + 3_000;
  const quiet = await writesUntil(quorum, async () => performance.now() > quietEndMs);
  const size = Number((await newestOf(quorum, nodes))[0]?.["size"]);
  await untilLevel(quorum, nodes);
  await askEvery(quorum, nodes, "/stop");
  const fromSnapshot = await servedAfter(quorum, nodes);
  const peak = await peakMegabytes(quorum.edge.pid);
  await quorum.kill();
  await quorum.restart();
  await quorum.untilReady();
  const cold = await coldRead(quorum);
  return [
    log.commits,
    log.partitions,
    seconds(served),
    quantiles(quiet),
    quantiles(making),
    Number(longest),
    seconds(madeMs),
    (size / 1e6).toFixed(1),
    seconds(fromSnapshot),
    seconds(cold),
    peak,
  ];
}

/** Starts the stopped nodes, and waits until one is in office: its image is loaded and replayed then. */
async function servedAfter(quorum: Quorum, nodes: readonly number[]): Promise<number> {
  const beganMs = performance.now();
  await askEvery(quorum, nodes, "/start");
  return (await untilOne(quorum, nodes, isActive)) - beganMs;
}

/** The newest snapshot of each node, as its own route lists them. */
async function newestOf(
  quorum: Quorum,
  nodes: readonly number[],
): Promise<readonly (Answer | undefined)[]> {
  return Promise.all(
    nodes.map(async (nodeId) => {
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

async function coldRead({ edge, formed }: Quorum): Promise<number> {
  const beganMs = performance.now();
  const path = `/kafka/v3/clusters/${formed.cluster_id}/topics?page_size=1`;
  const response = await edge.fetch(path);
  await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return performance.now() - beganMs;
}

/** The most memory that the process has had resident: heap, array buffers and all else of it. */
async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_000);
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

const quantiles = (times: readonly number[]): string =>
  [0.5, 0.99].map((share) => quantile(times, share).toFixed(0)).join(", ");
