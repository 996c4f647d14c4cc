/**
 * Commits a second of three objects in one workerd, beside what the platform's own ceiling is in the same run: load
 * from inside the runtime, and load over HTTP through the Worker. Rounds are short and interleaved, the middle counts.
 */
import { Agent, request } from "node:http";
import { closedLoop, type Load } from "./load.ts";
import { benchQuorum, median, type BenchQuorum } from "./quorum.ts";

const WRITERS = [1, 10, 100];
const ROUND_MS = 2_000;
const ROUNDS = 3;

export async function commit(): Promise<void> {
  const quorum = await benchQuorum();
  try {
    console.log(
      "| writers | ceiling/s | kedge/s | kedge over HTTP/s | kedge ÷ ceiling | HTTP ÷ inside | p50, p99 ms |",
    );
    console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (const writers of WRITERS) console.log(await row(quorum, writers));
  } finally {
    await quorum.stop();
  }
}

async function row(quorum: BenchQuorum, writers: number): Promise<string> {
  const ceiling: Load[] = [];
  const inside: Load[] = [];
  const http: Load[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ceiling.push(await fromInside(quorum, "ceiling", writers));
    inside.push(await fromInside(quorum, "load", writers));
    http.push(await overHttp(quorum, writers));
  }
  const cells = [
    writers,
    rate(ceiling).toFixed(0),
    rate(inside).toFixed(0),
    rate(http).toFixed(0),
    (rate(inside) / rate(ceiling)).toFixed(2),
    (rate(http) / rate(inside)).toFixed(2),
    `${median(inside.map(({ p50Ms }) => p50Ms)).toFixed(1)}, ${median(inside.map(({ p99Ms }) => p99Ms)).toFixed(1)}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

const rate = (loads: readonly Load[]): number => median(loads.map(({ perSecond }) => perSecond));

async function fromInside(
  quorum: BenchQuorum,
  what: "ceiling" | "load",
  writers: number,
): Promise<Load> {
  const controller = `${quorum.formed.cluster_id}/${quorum.leaderId}`;
  const query = new URLSearchParams({ writers: String(writers), ms: String(ROUND_MS), controller });
  const response = await fetch(`${quorum.edge.url}/bench/${what}?${query.toString()}`, {
    method: "POST",
    body: what === "load" ? Buffer.from(quorum.writeFrame) : null,
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  const load: Load = JSON.parse(await response.text());
  return load;
}

async function overHttp(quorum: BenchQuorum, writers: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: writers });
  try {
    return await closedLoop({ writers, ms: ROUND_MS }, () => post(quorum, agent));
  } finally {
    agent.destroy();
  }
}

function post({ edge, formed, leaderId, writeFrame }: BenchQuorum, agent: Agent): Promise<void> {
  const url = `${edge.url}/kafka/v3/clusters/${formed.cluster_id}/controllers/${leaderId}/frames`;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      agent,
      headers: { "content-length": writeFrame.byteLength },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      incoming.resume();
      incoming.once("end", () => {
        if (incoming.statusCode === 200) resolve();
        else reject(new Error(`the edge answered ${incoming.statusCode}`));
      });
    });
    outgoing.end(writeFrame);
  });
}
