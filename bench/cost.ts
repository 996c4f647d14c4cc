/**
 * What a quorum is billed for, counted inside its objects, beside what `kedge cost` says of the same load. Brokers are
 * simulated as in `brokers.ts`, each behind a gateway of its own. It counts events, rows and the time awake; the bill is
 * that of a month of such minutes, by the price list. Where the two are too far apart, the command fails.
 */
import { setTimeout as pause } from "node:timers/promises";
import { jsonBroker } from "../client/json-broker.ts";
import { billOf, usageAwake, usageOf, type Usage } from "../client/bill.ts";
import { PRICES } from "../client/price-list.ts";
import { startGateway, type Gateway } from "../gateway/gateway.ts";
import { GatewayMetrics } from "../gateway/metrics.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import { tunnelTo } from "../local/tunnel.ts";
import type { Billed } from "./billed.ts";
import { live } from "./brokers.ts";

const BROKERS = [0, 3, 100];
/** Until brokers are unfenced, links are open, and the quorum sleeps. */
const SETTLE_MS = 30_000;
const MONTH_MS = 30 * 86_400_000;
const VOTERS = 3;
/** By which a month may differ from what is foretold; what differs by less than so many dollars does not count. */
const FACTOR = 1.5;
const PETTY_USD = 0.05;

export async function cost({ minutes = "5" }: { readonly minutes?: string }): Promise<void> {
  const measuredMs = Number(minutes) * 60_000;
  const quorum = await startQuorum({ config: "bench/wrangler.toml" });
  try {
    console.log(
      "| brokers | requests | messages | alarms | rows | awake, s an object | a month, $ | `kedge cost`, $ | awake for ever, $ |",
    );
    console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (const count of BROKERS) console.log(await row(quorum, count, measuredMs));
    console.log(`\nOf ${minutes} minutes each; prices of ${PRICES.date}.`);
  } finally {
    await quorum.stop();
  }
}

async function row(quorum: Quorum, count: number, measuredMs: number): Promise<string> {
  // Ids of their own: those of the row before have a session for a while yet.
  const ids = Array.from({ length: count }, (_, at) => 10_000 * (1 + BROKERS.indexOf(count)) + at);
  const epochs: number[] = [];
  for (const id of ids) epochs.push(await jsonBroker(quorum.cluster, id).register());
  const ended = new AbortController();
  const gateways = await Promise.all(epochs.map(() => oneGateway(quorum)));
  try {
    const living = Promise.all([
      pause(SETTLE_MS + measuredMs),
      ...epochs.map((epoch, at) => {
        const port = portOf(gateways[at]);
        return live({ id: ids[at] ?? 0, epoch, port, isWell: true }, quorum, ended.signal);
      }),
    ]);
    await Promise.race([pause(SETTLE_MS), living]);
    await takeBill(quorum);
    await Promise.race([pause(measuredMs), living]);
    const billed = Object.values(await takeBill(quorum));
    ended.abort();
    await living;
    return rowOf(count, billed, measuredMs);
  } finally {
    ended.abort();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  }
}

async function oneGateway({ edge, formed, cluster }: Quorum): Promise<Gateway> {
  const metrics = new GatewayMetrics();
  const { leader_id: leader } = await cluster.quorum();
  // A controller takes few links of one token.
  const gatewayToken = await edge.mint({ role: "gateway", cluster: "*", principal: "gateway" });
  const way = { url: edge.url, gatewayToken };
  return await startGateway({
    tunnel: tunnelTo(way, formed.cluster_id, { metrics, transport: "link" }),
    metrics,
    observe: {},
    controllers: [{ nodeId: leader, host: "127.0.0.1", port: 0 }],
  });
}

/** The one port that a gateway of this bench has. */
const portOf = (gateway: Gateway | undefined): number =>
  Number(gateway?.bootstrapServers.split(":").at(-1) ?? 0);

function rowOf(count: number, billed: readonly Billed[], measuredMs: number): string {
  const total = (of: (each: Billed) => number): number =>
    billed.reduce((sum, each) => sum + of(each), 0);
  const months = MONTH_MS / measuredMs;
  const { messages_per_request: perRequest } = PRICES.object_requests;
  const { gb_per_object: gb } = PRICES.object_gb_s;
  const usage: Usage = {
    workerRequests: 0,
    workerCpuMs: 0,
    objectRequests:
      months * total(({ requests, messages, alarms }) => requests + alarms + messages / perRequest),
    objectGbS: (months * gb * total(({ awakeMs }) => awakeMs)) / 1_000,
    rowsWritten: months * total(({ rowsWritten }) => rowsWritten),
  };
  const load = { voters: VOTERS, brokers: count, gateways: count, createsPerHour: 0 };
  assertNear(billOf(usage).usd, billOf(usageOf(load)).usd, count);
  const cells = [
    count,
    total(({ requests }) => requests),
    total(({ messages }) => messages),
    total(({ alarms }) => alarms),
    total(({ rowsWritten }) => rowsWritten),
    (total(({ awakeMs }) => awakeMs) / 1_000 / VOTERS).toFixed(1),
    billOf(usage).usd.toFixed(2),
    billOf(usageOf(load)).usd.toFixed(2),
    billOf(usageAwake(load)).usd.toFixed(2),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The command fails when the two are apart, and goes on. */
function assertNear(counted: number, foretold: number, brokers: number): void {
  const isPetty = Math.abs(counted - foretold) < PETTY_USD;
  if (isPetty || (counted <= FACTOR * foretold && foretold <= FACTOR * counted)) return;
  process.exitCode = 1;
  console.log(
    `! ${brokers} brokers: $${counted.toFixed(2)} was counted, and \`kedge cost\` says $${foretold.toFixed(2)}`,
  );
}

async function takeBill({ edge }: Quorum): Promise<Readonly<Record<string, Billed>>> {
  const response = await edge.fetch("/bench/bill");
  // What the bench's own Worker has written down.
  const bill: Readonly<Record<string, Billed>> = JSON.parse(await response.text());
  return bill;
}
