/**
 * What followers of the log cost a controller: how often the Worker calls one for followers that have nothing to read,
 * and for one record that all of them are told of. It counts; the time until the last one is told is one machine's.
 */
import { setTimeout as pause } from "node:timers/promises";
import { benchQuorum, type BenchQuorum } from "./quorum.ts";

const FOLLOWERS = [0, 1, 1_000];
const SETTLE_MS = 5_000;
const MEASURED_MS = 60_000;
/** A write takes less, on a machine that does little else. */
const WRITE_MS = 100;
/** Connections that are opened together. */
const OPENED_AT_ONCE = 50;

export async function feed(): Promise<void> {
  const quorum = await benchQuorum();
  try {
    console.log(
      "| followers | calls a minute, idle | writes | calls besides | until all have heard of one, ms |",
    );
    console.log("| ---: | ---: | ---: | ---: | ---: |");
    for (const count of FOLLOWERS) console.log(await row(quorum, count));
  } finally {
    await quorum.stop();
  }
}

async function row(quorum: BenchQuorum, count: number): Promise<string> {
  const ended = new AbortController();
  const followers = await openAll(quorum, count, ended.signal);
  try {
    await pause(SETTLE_MS);
    await calls(quorum);
    await pause(MEASURED_MS);
    const idle = await calls(quorum);
    const told = followers.map((follower) => follower.next());
    const beganMs = performance.now();
    const writes = await quorum.overHttp({ writers: 1, ms: WRITE_MS }, quorum.writeFrame);
    await Promise.all(told);
    const tookMs = performance.now() - beganMs;
    await pause(500);
    const besides = (await calls(quorum)) - writes.operations;
    const cells = [count, idle, writes.operations, besides, count === 0 ? "" : tookMs.toFixed(0)];
    return `| ${cells.join(" | ")} |`;
  } finally {
    ended.abort();
    await pause(1_000);
  }
}

interface Follower {
  /** Settles when the next record has come. */
  next(): Promise<void>;
}

async function openAll(
  quorum: BenchQuorum,
  count: number,
  signal: AbortSignal,
): Promise<readonly Follower[]> {
  const path = `/kafka/v3/clusters/${quorum.formed.cluster_id}/metadata-log`;
  const end = await quorum.edge.fetch(`${path}?from_offset=0&max_bytes=1`);
  const from = Number(end.headers.get("Kafka-High-Watermark"));
  await end.arrayBuffer();
  const opened: Follower[] = [];
  while (opened.length < count) {
    const batch = Math.min(OPENED_AT_ONCE, count - opened.length);
    const some = Array.from({ length: batch }, () =>
      open(quorum, `${path}?from_offset=${from}`, signal),
    );
    opened.push(...(await Promise.all(some)));
  }
  return opened;
}

async function open(quorum: BenchQuorum, path: string, signal: AbortSignal): Promise<Follower> {
  const response = await quorum.edge.fetch(path, {
    headers: { Accept: "text/event-stream" },
    signal,
  });
  if (!response.ok || response.body === null) throw new Error(`${path}: ${response.status}`);
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  return {
    next: async () => {
      for (let text = ""; !/\ndata: \{"offset"/.test(`\n${text}`);) {
        const { done, value } = await reader.read();
        if (done) throw new Error("a stream has ended");
        text += decoder.decode(value, { stream: true });
      }
    },
  };
}

async function calls(quorum: BenchQuorum): Promise<number> {
  const response = await quorum.edge.fetch("/bench/calls");
  return Number(await response.text());
}
