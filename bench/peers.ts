/**
 * In which way one object should call another: `fetch`, as controllers do, a method of the stub (RPC), a method of an
 * object that is held from such a call (a session), and a WebSocket that is held. First two objects that do nothing but
 * answer; then a quorum whose controllers call each other in each way, which is what decides; then what such a quorum
 * sends, at rest and for a write. Rounds are short and interleaved, and the median is shown.
 */
import { readdirSync, readFileSync } from "node:fs";
import { WAYS, type Carried, type ExchangeShape, type Wakes, type Way } from "./carrying.ts";
import type { Load } from "./load.ts";
import { callNode } from "./node-call.ts";
import { quantile } from "./quantile.ts";
import { benchQuorum, median, type BenchQuorum } from "./quorum.ts";

const SIZES = [200, 4_096, 262_144];
const IN_FLIGHT = [1, 16];
const WRITERS = [1, 10, 100];
const EXCHANGE_MS = 250;
const EXCHANGE_ROUNDS = 8;
/** Many short ones: what is compared is then near in time. */
const COMMIT_MS = 500;
const COMMIT_ROUNDS = 20;
/** While what is sent is counted. */
const COUNT_MS = 2_000;
const IDLE_MS = 30_000;

/** One round in one way. */
interface Round {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

export async function peers(): Promise<void> {
  const quorum = await benchQuorum(undefined, "bench/peers.wrangler.toml");
  try {
    await shown("what is sent", ["", "API", ...COUNTED], () => sent(quorum));
    await shown("commits", ["writers", ...COMPARED, "calls"], () => commits(quorum));
    // Whose calls would be measured with those of the two objects.
    for (const nodeId of controllersOf(quorum)) await callNode(at(quorum, nodeId), "/stop", "POST");
    await shown("exchanges", ["answer", "in flight", ...COMPARED], () => exchanges(quorum));
    await shown("answers that wait", ["in flight", "way", "mean ms", "÷ fetch"], () =>
      wakes(quorum),
    );
  } finally {
    await quorum.stop();
  }
}

const COMPARED = ["way", "per second", "÷ fetch", "p50, p99 ms", "CPU µs each", "÷ fetch"];
const COUNTED = ["calls", "frames, bytes", "headers, bytes", "with records"];

async function shown(
  title: string,
  columns: readonly string[],
  rows: () => AsyncGenerator<readonly (string | number)[]>,
): Promise<void> {
  console.log(`\n${title}\n\n| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`);
  for await (const cells of rows()) console.log(`| ${cells.join(" | ")} |`);
}

const controllersOf = ({ formed }: BenchQuorum): readonly number[] =>
  formed.controllers.map(({ node_id }) => node_id);

const at = ({ edge, formed }: BenchQuorum, nodeId: number) => ({
  edgeUrl: edge.url,
  clusterId: formed.cluster_id,
  nodeId,
});

/** Runs every way in turn, `rounds` times, each round beginning with another one. */
async function interleaved<Result>(
  rounds: number,
  run: (way: Way) => Promise<Result>,
): Promise<ReadonlyMap<Way, readonly Result[]>> {
  const results = new Map<Way, Result[]>(WAYS.map((way) => [way, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % WAYS.length;
    for (const way of [...WAYS.slice(first), ...WAYS.slice(0, first)])
      results.get(way)?.push(await run(way));
  }
  return results;
}

const middle = (rounds: readonly Round[], of: keyof Round): number =>
  median(rounds.map((round) => round[of]));

/** Of each round to `fetch` in the same one, since the machine's other work changes from round to round. */
function ratio(rounds: readonly Round[], yardstick: readonly Round[], of: keyof Round): string {
  const ratios = rounds.map((round, index) => round[of] / (yardstick[index]?.[of] ?? Number.NaN));
  const [low, high] = [0.25, 0.75].map((share) => quantile(ratios, share).toFixed(2));
  return `× ${median(ratios).toFixed(2)} (${low} to ${high})`;
}

function* compared(
  results: ReadonlyMap<Way, readonly Round[]>,
): Generator<readonly [Way, ...string[]]> {
  const yardstick = results.get("fetch") ?? [];
  for (const [way, rounds] of results) {
    yield [
      way,
      middle(rounds, "perSecond").toFixed(0),
      ratio(rounds, yardstick, "perSecond"),
      `${middle(rounds, "p50Ms").toFixed(2)}, ${middle(rounds, "p99Ms").toFixed(2)}`,
      middle(rounds, "cpuUs").toFixed(0),
      ratio(rounds, yardstick, "cpuUs"),
    ];
  }
}

/** What the runtime's threads have used of the processors, in ms; NaN where the system does not say. */
function cpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const spent = threads.map((id) => readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8"));
    return spent.reduce((sum, line) => sum + Number(line.split(" ")[0]) / 1e6, 0);
  } catch {
    return Number.NaN;
  }
}

async function timed<Result extends { readonly operations: number }>(
  { edge }: BenchQuorum,
  run: () => Promise<Result>,
): Promise<Result & { readonly cpuUs: number }> {
  const before = cpuMs(edge.pid);
  const result = await run();
  return { ...result, cpuUs: ((cpuMs(edge.pid) - before) * 1_000) / result.operations };
}

async function asked<Result>(
  { edge }: BenchQuorum,
  path: string,
  body: string | Buffer,
): Promise<Result> {
  const response = await edge.fetch(path, { method: "POST", body });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  const result: Result = JSON.parse(await response.text());
  return result;
}

async function* exchanges(quorum: BenchQuorum): AsyncGenerator<readonly (string | number)[]> {
  for (const answerBytes of SIZES) {
    for (const inFlight of IN_FLIGHT) {
      const results = await interleaved(EXCHANGE_ROUNDS, (way) => {
        const shape: ExchangeShape = { way, answerBytes, inFlight, ms: EXCHANGE_MS };
        return timed(quorum, () => asked<Load>(quorum, "/bench/exchange", JSON.stringify(shape)));
      });
      for (const cells of compared(results)) yield [answerBytes, inFlight, ...cells];
    }
  }
}

async function* wakes(quorum: BenchQuorum): AsyncGenerator<readonly (string | number)[]> {
  for (const inFlight of IN_FLIGHT) {
    const results = await interleaved(EXCHANGE_ROUNDS, (way) => {
      const shape: ExchangeShape = { way, answerBytes: 200, inFlight, ms: EXCHANGE_MS };
      return asked<Wakes>(quorum, "/bench/wake", JSON.stringify(shape));
    });
    const mean = (way: Way): number => median((results.get(way) ?? []).map(({ meanMs }) => meanMs));
    for (const way of WAYS)
      yield [inFlight, way, mean(way).toFixed(3), `× ${(mean(way) / mean("fetch")).toFixed(2)}`];
  }
}

async function* commits(quorum: BenchQuorum): AsyncGenerator<readonly (string | number)[]> {
  for (const writers of WRITERS) {
    const results = await interleaved(COMMIT_ROUNDS, async (way) => {
      await carryBy(quorum, way);
      const load = await timed(quorum, () => written(quorum, writers, COMMIT_MS));
      return { ...load, calls: (await carryBy(quorum, way)) / load.operations };
    });
    await carryBy(quorum, "fetch");
    for (const [way, ...cells] of compared(results)) {
      const calls = median((results.get(way) ?? []).map((round) => round.calls));
      yield [writers, way, ...cells, calls.toFixed(2)];
    }
  }
}

function written(quorum: BenchQuorum, writers: number, ms: number): Promise<Load> {
  const controller = `${quorum.formed.cluster_id}/${quorum.state.leader_id}`;
  const query = new URLSearchParams({ writers: String(writers), ms: String(ms), controller });
  return asked(quorum, `/bench/load?${query.toString()}`, Buffer.from(quorum.writeFrame));
}

/** Has controllers call each other in one way, and says how many calls there were since this was said last. */
async function carryBy(quorum: BenchQuorum, way: Way): Promise<number> {
  let calls = 0;
  for (const nodeId of controllersOf(quorum)) {
    const response = await callNode(at(quorum, nodeId), `/carry?way=${way}`, "POST");
    calls += Number(await response.text());
  }
  return calls;
}

/** What the three controllers ask of each other while `run` runs. */
async function counted<Result>(
  quorum: BenchQuorum,
  run: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly sums: ReadonlyMap<string, Carried> }> {
  const ids = controllersOf(quorum);
  for (const nodeId of ids) await callNode(at(quorum, nodeId), "/count?on=true", "POST");
  const result = await run();
  const sums = new Map<string, Carried>();
  for (const nodeId of ids) {
    const response = await callNode(at(quorum, nodeId), "/count?on=false", "POST");
    const carried: Readonly<Record<string, Carried>> = JSON.parse(await response.text());
    for (const [api, of] of Object.entries(carried)) sums.set(api, plus(sums.get(api), of));
  }
  return { result, sums };
}

const plus = (sum: Carried | undefined, more: Carried): Carried => ({
  calls: (sum?.calls ?? 0) + more.calls,
  requestBytes: (sum?.requestBytes ?? 0) + more.requestBytes,
  answerBytes: (sum?.answerBytes ?? 0) + more.answerBytes,
  requestHeaderBytes: (sum?.requestHeaderBytes ?? 0) + more.requestHeaderBytes,
  answerHeaderBytes: (sum?.answerHeaderBytes ?? 0) + more.answerHeaderBytes,
  withRecords: (sum?.withRecords ?? 0) + more.withRecords,
});

async function* sent(quorum: BenchQuorum): AsyncGenerator<readonly (string | number)[]> {
  const idle = await counted(
    quorum,
    () => new Promise<void>((settle) => setTimeout(settle, IDLE_MS)),
  );
  yield* summed("a minute at rest", idle.sums, IDLE_MS / 60_000);
  for (const writers of WRITERS) {
    const { result, sums: under } = await counted(quorum, () => written(quorum, writers, COUNT_MS));
    yield* summed(`a write, ${writers} writers`, under, result.operations);
  }
}

/** Bytes are of one call, there and back; calls and records are shared among `share`. */
function* summed(
  title: string,
  carried: ReadonlyMap<string, Carried>,
  share: number,
): Generator<readonly string[]> {
  for (const [api, sum] of carried) {
    const each = (bytes: number): string => (bytes / sum.calls).toFixed(0);
    yield [
      title,
      api,
      (sum.calls / share).toFixed(2),
      `${each(sum.requestBytes)} + ${each(sum.answerBytes)}`,
      `${each(sum.requestHeaderBytes)} + ${each(sum.answerHeaderBytes)}`,
      (sum.withRecords / share).toFixed(2),
    ];
  }
}
