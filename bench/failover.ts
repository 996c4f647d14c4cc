/**
 * How long nothing is acknowledged when a leader fails: three and five voters in one workerd, every kind of fault,
 * seen from outside by writers on two paths. The cases take turns, so that a noisy minute of the machine is every
 * case's.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formCluster } from "../client/cluster-client.ts";
import { startEdge, type Edge } from "../local/edge.ts";
import {
  GIVEN_UP_MS,
  failOver,
  forget,
  subjectOf,
  type Case,
  type Failover,
} from "./failover-round.ts";
import { quantile } from "./quantile.ts";
import { median } from "./quorum.ts";

export interface FailoverOptions {
  /** Rounds of each case; a fifth of them where the leader hangs. 50 when absent. */
  readonly rounds?: string | undefined;
  /** Names of cases, or their beginnings, with commas between. All when absent. */
  readonly cases?: string | undefined;
}

const FAULTS = ["restart", "stop", "hang"] as const;
const CASES: readonly Case[] = FAULTS.flatMap((fault): readonly Case[] => [
  { name: `${fault}-3`, fault, voters: 3, condition: "quiet" },
  { name: `${fault}-3-back`, fault, voters: 3, condition: "back" },
  { name: `${fault}-3-loaded`, fault, voters: 3, condition: "loaded" },
  { name: `${fault}-5`, fault, voters: 5, condition: "quiet" },
  { name: `${fault}-5-down`, fault, voters: 5, condition: "down" },
  { name: `${fault}-5-loaded`, fault, voters: 5, condition: "loaded" },
]);

/** What failover should take at Kafka's default time-outs (docs/design/failover.md). */
const GOALS: Readonly<Record<Case["fault"], { readonly median: number; readonly worst: number }>> =
  {
    restart: { median: 150, worst: 500 },
    stop: { median: 150, worst: 500 },
    hang: { median: 1_800, worst: 1_800 },
  };

const ROUNDS = 50;
const HANG_SHARE = 5;

export async function failover(options: FailoverOptions): Promise<void> {
  const rounds = roundsIn(options.rounds);
  const seen = new Map<Case, Failover[]>(casesIn(options.cases).map((each) => [each, []]));
  const persistTo = await mkdtemp(join(tmpdir(), "kedge-failover-"));
  const config = "bench/wrangler.toml";
  const edge = await startEdge({ persistTo, config, onLine: () => undefined });
  try {
    for (let nth = 0; nth < rounds; nth += 1) await runRound(edge, seen, nth);
  } finally {
    await edge.stop();
    await rm(persistTo, { recursive: true, force: true });
    // Also when a round has failed: the others may have taken a quarter of an hour.
    print(seen);
  }
}

/** One failover of every case. The clusters are new: a restarted object replays its log on the thread of them all. */
async function runRound(
  edge: Edge,
  seen: ReadonlyMap<Case, Failover[]>,
  nth: number,
): Promise<void> {
  const three = await subjectOf(edge, await formCluster(edge, { voters: 3 }));
  const five = await subjectOf(edge, await formCluster(edge, { voters: 5 }));
  for (const [each, failovers] of seen) {
    if (each.fault === "hang" && nth % HANG_SHARE !== 0) continue;
    failovers.push(await failOver(each.voters === 3 ? three : five, each, nth));
  }
  await forget(three);
  await forget(five);
}

function roundsIn(text: string | undefined): number {
  const rounds = text === undefined ? ROUNDS : Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds is a number from 1 on, not ${text}`);
  }
  return rounds;
}

const matches = (name: string, { name: whole }: Case): boolean =>
  `${whole}-`.startsWith(`${name}-`);

function casesIn(text: string | undefined): readonly Case[] {
  const names = text?.split(",") ?? FAULTS;
  const unknown = names.find((name) => !CASES.some((each) => matches(name, each)));
  if (unknown !== undefined) {
    throw new Error(
      `no case is called ${unknown}; there are ${CASES.map(({ name }) => name).join(", ")}`,
    );
  }
  return CASES.filter((each) => names.some((name) => matches(name, each)));
}

function print(seen: ReadonlyMap<Case, readonly Failover[]>): void {
  console.log("Without an acknowledgement, in ms: median, p99, worst.\n");
  console.log("| case | rounds | frames | routing | goal: median, worst | by frames | epochs |");
  console.log("| --- | ---: | ---: | ---: | ---: | --- | ---: |");
  for (const [{ name, fault }, failovers] of seen) {
    const frames = failovers.map(({ framesMs }) => framesMs ?? Number.POSITIVE_INFINITY);
    const routing = failovers.map(({ routingMs }) => routingMs ?? Number.POSITIVE_INFINITY);
    const epochs = failovers.map((each) => each.epochs);
    const goal = GOALS[fault];
    const isMet = median(frames) <= goal.median && Math.max(...frames) <= goal.worst;
    const cells = [
      name,
      failovers.length,
      quantiles(frames),
      quantiles(routing),
      `${goal.median}, ${goal.worst}`,
      isMet ? "met" : "missed",
      `${median(epochs)}, ${Math.max(...epochs)}`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  for (const [{ name }, failovers] of seen) {
    for (const refusal of failovers.flatMap(({ refusals }) => refusals)) {
      console.log(`\n${name}, given up: ${refusal}`);
    }
  }
}

function quantiles(times: readonly number[]): string {
  return [median(times), quantile(times, 0.99), Math.max(...times)].map(shown).join(", ");
}

const shown = (ms: number): string => (Number.isFinite(ms) ? ms.toFixed(0) : `> ${GIVEN_UP_MS}`);
