/**
 * What a read costs by the freshness that it demands, while one writer commits: without a demand, with a bound on its
 * age, and linearizable; and how many calls of controllers it makes. Rounds of the three are interleaved, and the
 * median is shown. Then the same metadata from a warm isolate beside a real Kafka broker's (`kafka-reads.ts`).
 */
import { callsOf, readsBesideKafka } from "./kafka-reads.ts";
import { closedLoop, type Load } from "./load.ts";
import { benchQuorum, median, type BenchQuorum } from "./quorum.ts";

const READERS = [1, 10, 100];
const ROUND_MS = 2_000;
const ROUNDS = 3;

const DEMANDS = ["", "?max_staleness_ms=1000", "?consistency=linearizable"] as const;

export async function reads(): Promise<void> {
  const quorum = await benchQuorum();
  try {
    console.log(
      "| readers | demand | reads/s | p50, p99 ms | ÷ without | calls a read | writes/s beside |",
    );
    console.log("| ---: | --- | ---: | ---: | ---: | ---: | ---: |");
    for (const readers of READERS) await rows(quorum, readers);
    await readsBesideKafka(quorum);
  } finally {
    await quorum.stop();
  }
}

interface Round {
  readonly reads: Load;
  readonly writes: Load;
  /** Of controllers, for each read. */
  readonly callsARead: number;
}

async function rows(quorum: BenchQuorum, readers: number): Promise<void> {
  const rounds = new Map<string, Round[]>(DEMANDS.map((demand) => [demand, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [demand, taken] of rounds) taken.push(await takeRound(quorum, demand, readers));
  }
  const without = rate(rounds.get("") ?? []);
  for (const [demand, taken] of rounds) {
    const cells = [
      readers,
      demand === "" ? "none" : demand.slice(1),
      rate(taken).toFixed(0),
      `${middle(taken, "p50Ms").toFixed(1)}, ${middle(taken, "p99Ms").toFixed(1)}`,
      `× ${(rate(taken) / without).toFixed(2)}`,
      median(taken.map(({ callsARead }) => callsARead)).toFixed(3),
      median(taken.map(({ writes }) => writes.perSecond)).toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

const rate = (taken: readonly Round[]): number => middle(taken, "perSecond");

const middle = (taken: readonly Round[], of: "perSecond" | "p50Ms" | "p99Ms"): number =>
  median(taken.map(({ reads: load }) => load[of]));

async function takeRound(quorum: BenchQuorum, demand: string, readers: number): Promise<Round> {
  const path = `/kafka/v3/clusters/${quorum.formed.cluster_id}/brokers${demand}`;
  const read = async (): Promise<void> => {
    const response = await quorum.edge.fetch(path);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  };
  await callsOf(quorum);
  const [reading, writes] = await Promise.all([
    closedLoop({ writers: readers, ms: ROUND_MS }, read),
    quorum.overHttp({ writers: 1, ms: ROUND_MS }, quorum.writeFrame),
  ]);
  // Each write is a call as well.
  const calls = (await callsOf(quorum)) - writes.operations;
  return { reads: reading, writes, callsARead: Math.max(0, calls) / reading.operations };
}
