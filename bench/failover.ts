/**
 * How long nothing is acknowledged when the leader goes: three and five voters in one workerd, every kind of loss,
 * seen from outside by writers on two paths. The cases take turns, so that a noisy minute of the machine is every
 * case's.
 */
import { formCluster } from "../client/cluster-client.ts";
import { startQuorum } from "../local/quorum.ts";
import { failOver, subjectOf, GIVEN_UP_MS, type Case, type Failover } from "./failover-round.ts";
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

/** What docs/design/failover.md sets out to reach, at Kafka's default time-outs. */
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
  const cases = casesIn(options.cases);
  const quorum = await startQuorum({ config: "bench/wrangler.toml", onLine: () => undefined });
  try {
    const { url } = quorum.edge;
    const three = await subjectOf(url, quorum.formed);
    const five = await subjectOf(url, await formCluster(url, { voters: 5 }));
    const seen = new Map<Case, Failover[]>(cases.map((each) => [each, []]));
    try {
      for (let nth = 0; nth < rounds; nth += 1) {
        for (const [each, failovers] of seen) {
          if (each.fault === "hang" && nth % HANG_SHARE !== 0) continue;
          failovers.push(await failOver(each.voters === 3 ? three : five, each, nth));
        }
      }
    } finally {
      // Also when a round has failed: the others may have taken a quarter of an hour.
      print(seen);
    }
  } finally {
    await quorum.stop();
  }
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
  const sorted = times.toSorted((left, right) => left - right);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
  return [median(times), p99, Math.max(...times)].map(shown).join(", ");
}

const shown = (ms: number): string => (Number.isFinite(ms) ? ms.toFixed(0) : `> ${GIVEN_UP_MS}`);
