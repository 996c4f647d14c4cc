/**
 * Commits a second of three objects in one workerd, beside the platform's own ceiling in the same run, with and without
 * a call for each write: load from inside the runtime, and load over HTTP through the Worker. Rounds are short and
 * interleaved, and the median is shown.
 */
import type { Load } from "./load.ts";
import { benchQuorum, median, type BenchQuorum } from "./quorum.ts";

const WRITERS = [1, 10, 100];
const ROUND_MS = 2_000;
const ROUNDS = 3;

export async function commit(): Promise<void> {
  const quorum = await benchQuorum();
  try {
    console.log(
      "| writers | ceiling/s | with calls/s | kedge/s | over HTTP/s | kedge ÷ with calls | HTTP ÷ inside | p50, p99 ms |",
    );
    console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (const writers of WRITERS) console.log(await row(quorum, writers));
  } finally {
    await quorum.stop();
  }
}

async function row(quorum: BenchQuorum, writers: number): Promise<string> {
  const ceiling: Load[] = [];
  const called: Load[] = [];
  const inside: Load[] = [];
  const http: Load[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ceiling.push(await fromInside(quorum, "ceiling", writers));
    called.push(await fromInside(quorum, "called-ceiling", writers));
    inside.push(await fromInside(quorum, "load", writers));
    http.push(await quorum.overHttp({ writers, ms: ROUND_MS }, quorum.writeFrame));
  }
  const cells = [
    writers,
    rate(ceiling).toFixed(0),
    rate(called).toFixed(0),
    rate(inside).toFixed(0),
    rate(http).toFixed(0),
    (rate(inside) / rate(called)).toFixed(2),
    (rate(http) / rate(inside)).toFixed(2),
    `${median(inside.map(({ p50Ms }) => p50Ms)).toFixed(1)}, ${median(inside.map(({ p99Ms }) => p99Ms)).toFixed(1)}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

const rate = (loads: readonly Load[]): number => median(loads.map(({ perSecond }) => perSecond));

async function fromInside(
  quorum: BenchQuorum,
  what: "ceiling" | "called-ceiling" | "load",
  writers: number,
): Promise<Load> {
  const controller = `${quorum.formed.cluster_id}/${quorum.state.leader_id}`;
  const query = new URLSearchParams({ writers: String(writers), ms: String(ROUND_MS), controller });
  const response = await quorum.edge.fetch(`/bench/${what}?${query.toString()}`, {
    method: "POST",
    body: what === "ceiling" ? null : Buffer.from(quorum.writeFrame),
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  const load: Load = JSON.parse(await response.text());
  return load;
}
