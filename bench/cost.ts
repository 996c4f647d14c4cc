/**
 * What a quorum costs whose brokers have nothing to do: what its objects count of themselves while simulated brokers
 * live behind gateways, priced as a month, beside what `kedge cost` says of the same. Where the two are too far apart,
 * the command fails.
 *
 * It counts events, rows and awake time, and no speed, so a busy machine spoils little: what takes longer there is the
 * handling of events, which is a line of a sleeping quorum's bill and of no other.
 */
import { setTimeout as pause } from "node:timers/promises";
import { jsonBroker } from "../client/json-broker.ts";
import {
  billOf,
  CPU_MS,
  PRICES,
  usageOf,
  type Bill,
  type Life,
  type Load,
  type Usage,
} from "../command/cost/bill.ts";
import { startClusterGateway } from "../gateway/cluster-gateway.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { GatewayMetrics } from "../gateway/metrics.ts";
import { PortsFrom } from "../gateway/places.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import { tunnelTo } from "../local/tunnel.ts";
import { live } from "./brokers.ts";
import type { Reading } from "./meter.ts";
import { callNode } from "./node-call.ts";

export interface CostOptions {
  readonly seconds?: string | undefined;
  readonly brokers?: string | undefined;
  readonly gateways?: string | undefined;
  readonly life?: string | undefined;
  readonly factor?: string | undefined;
}

const SECONDS = 300;
const MONTH_S = 30 * 86_400;
/** Until brokers are unfenced, links are open, and whatever sleeps does. */
const SETTLE_MS = 30_000;
/** By which a line may differ, unless said; what differs by less than so many dollars does not count. */
const FACTOR = 1.5;
const PETTY_USD = 0.1;
/** A controller takes no more links of one token. */
const GATEWAYS_PER_TOKEN = 4;
const AGAIN_MS = 500;
const CASES: readonly Shape[] = [
  { brokers: 0, gateways: 1 },
  { brokers: 3, gateways: 3 },
  { brokers: 100, gateways: 100 },
];

type Shape = Pick<Load, "brokers" | "gateways">;

export async function cost(options: CostOptions): Promise<void> {
  const seconds = numberIn("--seconds", options.seconds) ?? SECONDS;
  const factor = numberIn("--factor", options.factor) ?? FACTOR;
  const life = lifeIn(options.life);
  const shapes = shapesIn(options);
  const quorum = await startQuorum({ config: "bench/metered.wrangler.toml" });
  try {
    const epochs: number[] = [];
    for (let id = 1; id <= Math.max(...shapes.map(({ brokers }) => brokers)); id += 1)
      epochs.push(await jsonBroker(quorum.cluster, id).register());
    for (const shape of shapes) {
      const counted = await steadily(quorum, () => count(quorum, { shape, epochs, seconds }));
      const load: Load = { voters: 3, ...shape, createsPerHour: 0 };
      show(load, counted, seconds);
      const apart = compare(load, counted, { seconds, factor, life });
      for (const sentence of apart) console.log(`! ${sentence}`);
      if (apart.length > 0) process.exitCode = 1;
    }
  } finally {
    await quorum.stop();
  }
}

function numberIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text !== "" && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} is a number`);
}

/** What the quorum is expected to do. */
function lifeIn(text = "awake"): Life {
  if (text === "awake" || text === "asleep") return text;
  throw new Error("--life is awake or asleep");
}

function shapesIn(options: CostOptions): readonly Shape[] {
  const brokers = numberIn("--brokers", options.brokers);
  const gateways = numberIn("--gateways", options.gateways);
  if (brokers === undefined && gateways === undefined) return CASES;
  const wished = { brokers: brokers ?? 3, gateways: gateways ?? Math.max(1, brokers ?? 3) };
  return [wished];
}

/** A leader that goes meanwhile, on a machine that does much else, spoils a count. */
async function steadily<Result>(quorum: Quorum, run: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries === 3) throw error;
      console.log(`begun anew: ${String(error)}`);
      await quorum.untilReady();
    }
  }
}

interface Counting {
  readonly shape: Shape;
  readonly epochs: readonly number[];
  readonly seconds: number;
}

/** Of all objects together, and of the Worker. */
interface Counts extends Reading {
  readonly workerRequests: number;
  /** As the gateways count them. */
  readonly messagesSent: number;
}

async function count(quorum: Quorum, { shape, epochs, seconds }: Counting): Promise<Counts> {
  const { leader_id: leader } = await quorum.cluster.quorum();
  const metrics: GatewayMetrics[] = [];
  const gateways: Gateway[] = [];
  const ended = new AbortController();
  const measuredMs = seconds * 1_000;
  try {
    for (let nth = 0; nth < shape.gateways; nth += 1) {
      const measures = new GatewayMetrics();
      metrics.push(measures);
      gateways.push(await gatewayTo(quorum, nth, measures));
    }
    const brokers = epochs.slice(0, shape.brokers).map((epoch, at) => {
      const port = gateways[at % gateways.length]?.at(leader)?.port ?? 0;
      return livesOn({ id: at + 1, epoch, port, wantFence: false }, quorum, ended.signal);
    });
    const living = Promise.all([pause(SETTLE_MS + measuredMs), ...brokers]);
    await Promise.race([pause(SETTLE_MS), living]);
    const before = await read(quorum, metrics);
    // Registrations alone write some: meters that have seen none of it see nothing.
    if (before.rowsWritten === 0 || before.rowsRead === 0)
      throw new Error("the meters stand still");
    await Promise.race([pause(measuredMs), living]);
    const after = await read(quorum, metrics);
    ended.abort();
    await living;
    return difference(after, before);
  } finally {
    ended.abort();
    for (const gateway of gateways) await gateway.stop();
  }
}

/** A gateway on a machine that stands still closes every connection: its brokers come back, as brokers do. */
async function livesOn(...[broker, quorum, signal]: Parameters<typeof live>): Promise<void> {
  while (!signal.aborted) {
    await live(broker, quorum, signal).catch(() => undefined);
    await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function gatewayTo(quorum: Quorum, nth: number, metrics: GatewayMetrics): Promise<Gateway> {
  const { edge, formed } = quorum;
  const principal = `gateway-${Math.floor(nth / GATEWAYS_PER_TOKEN)}`;
  const gatewayToken = await tokenOf(quorum, principal);
  return await startClusterGateway({
    tunnel: tunnelTo({ url: edge.url, gatewayToken }, formed.cluster_id, { metrics }),
    metrics,
    places: new PortsFrom({ host: "127.0.0.1", port: 0 }),
  });
}

const tokens = new Map<string, string>();

async function tokenOf({ edge }: Quorum, principal: string): Promise<string> {
  const known = tokens.get(principal);
  const token = known ?? (await edge.mint({ role: "gateway", cluster: "*", principal }));
  tokens.set(principal, token);
  return token;
}

async function read({ edge, formed }: Quorum, metrics: readonly GatewayMetrics[]): Promise<Counts> {
  const readings: Reading[] = [];
  for (const { node_id: nodeId } of formed.controllers) {
    const node = { edgeUrl: edge.url, clusterId: formed.cluster_id, nodeId };
    const response = await callNode(node, "/meter");
    const reading: Reading = JSON.parse(await response.text());
    readings.push(reading);
  }
  const requests = await fetch(`${edge.url}/bench/requests`);
  const sum = (of: keyof Reading): number =>
    readings.reduce((total, reading) => total + reading[of], 0);
  return {
    requests: sum("requests"),
    messages: sum("messages"),
    alarms: sum("alarms"),
    alarmsSet: sum("alarmsSet"),
    rowsRead: sum("rowsRead"),
    rowsWritten: sum("rowsWritten"),
    awakeMs: sum("awakeMs"),
    lingeringMs: sum("lingeringMs"),
    workerRequests: Number(await requests.text()),
    messagesSent: metrics.reduce((total, { linkMessages }) => total + linkMessages.sent, 0),
  };
}

function difference(after: Counts, before: Counts): Counts {
  const of = (name: keyof Counts): number => after[name] - before[name];
  return {
    requests: of("requests"),
    messages: of("messages"),
    alarms: of("alarms"),
    alarmsSet: of("alarmsSet"),
    rowsRead: of("rowsRead"),
    rowsWritten: of("rowsWritten"),
    awakeMs: of("awakeMs"),
    lingeringMs: of("lingeringMs"),
    workerRequests: of("workerRequests"),
    messagesSent: of("messagesSent"),
  };
}

/** A month of what was counted. The CPU of the Worker is not, but reckoned from its requests. */
function monthOf(counts: Counts, seconds: number): Usage {
  const times = MONTH_S / seconds;
  const { requests, messages, alarms, rowsWritten, alarmsSet, workerRequests } = counts;
  const perRequest = PRICES.object_requests.messages_per_request;
  return {
    workerRequests: times * workerRequests,
    workerCpuMs: times * workerRequests * CPU_MS,
    objectRequests: times * (requests + alarms + messages / perRequest),
    objectGbS: (times * PRICES.object_gb_s.gb_per_object * counts.awakeMs) / 1_000,
    rowsWritten: times * (rowsWritten + alarmsSet),
  };
}

function show({ voters, brokers, gateways }: Load, counts: Counts, seconds: number): void {
  const minutes = seconds / 60;
  const a = (value: number): string => (value / minutes).toFixed(1);
  const share = (ms: number): string => `${((100 * ms) / (voters * seconds * 1_000)).toFixed(2)} %`;
  console.log(`\n${voters} voters, ${brokers} brokers, gateways: ${gateways}; ${seconds} s\n`);
  console.log("| counted in the objects | a minute |");
  console.log("| --- | ---: |");
  for (const [what, value] of [
    ["requests", a(counts.requests)],
    ["messages", a(counts.messages)],
    ["messages that gateways sent", a(counts.messagesSent)],
    ["alarms", a(counts.alarms)],
    ["rows read", a(counts.rowsRead)],
    ["rows written, with alarms set", a(counts.rowsWritten + counts.alarmsSet)],
    ["awake", share(counts.awakeMs)],
    ["awake, or silent for less than 10 s", share(counts.lingeringMs)],
    ["requests to the Worker", a(counts.workerRequests)],
  ])
    console.log(`| ${what} | ${value} |`);
}

interface Comparing {
  readonly seconds: number;
  readonly factor: number;
  readonly life: Life;
}

/** Prints the bills side by side; a sentence for each line that is further from what was expected than it may be. */
function compare(load: Load, counts: Counts, { seconds, factor, life }: Comparing): string[] {
  const counted = billOf(monthOf(counts, seconds));
  const expected: Readonly<Record<Life, Bill>> = {
    awake: billOf(usageOf(load, "awake")),
    asleep: billOf(usageOf(load, "asleep")),
  };
  console.log("\n| a month, USD | counted | `kedge cost`, awake | `kedge cost`, asleep |");
  console.log("| --- | ---: | ---: | ---: |");
  const apart: string[] = [];
  for (const [at, { what, usd }] of counted.lines.entries()) {
    const usdOf = (which: Life): number => expected[which].lines[at]?.usd ?? 0;
    console.log(
      `| ${what} | ${usd.toFixed(3)} | ${usdOf("awake").toFixed(3)} | ${usdOf("asleep").toFixed(3)} |`,
    );
    const foretold = usdOf(life);
    const isPetty = Math.abs(usd - foretold) < PETTY_USD;
    if (!isPetty && (usd > factor * foretold || foretold > factor * usd))
      apart.push(
        `${what}: $${usd.toFixed(3)} was counted, and ${life} it is $${foretold.toFixed(3)}`,
      );
  }
  const { awake, asleep } = expected;
  console.log(
    `| by the list | ${counted.usd.toFixed(3)} | ${awake.usd.toFixed(3)} | ${asleep.usd.toFixed(3)} |`,
  );
  const lingeringGbS = (PRICES.object_gb_s.gb_per_object * MONTH_S * counts.lingeringMs) / 1_000;
  const lingering = ((lingeringGbS / seconds) * PRICES.object_gb_s.usd_per_million) / 1e6;
  console.log(`\nIf objects were billed until they may hibernate, awake: $${lingering.toFixed(2)}`);
  return apart;
}
