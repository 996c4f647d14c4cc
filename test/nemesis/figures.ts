/** A run in numbers: what was struck, what clients were told, and for how long nothing was acknowledged. */
import type { Tally } from "./clients.ts";
import type { Strike } from "./faults.ts";
import { KINDS, type Fault } from "./plan.ts";

/** An acknowledgement may arrive so long after its leader was struck: it was on its way. */
const ON_ITS_WAY_MS = 250;
/** Faults that stop a leader; a delay only slows it. */
const STOPPING = new Set(["kill", "pause", "partition", "full-disk"]);

/** The smallest of `values` that at least `share` of them, above 0 and up to 1, do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

/**
 * For how long nothing was acknowledged after each fault that stopped the leader while no other was under way, until
 * something was again: the longest pause that began with the fault. What a fault did to a quorum that had already lost
 * somebody says nothing of a failover.
 */
export function failoversOf(
  strikes: readonly Strike[],
  acks: readonly number[],
): readonly number[] {
  return strikes
    .filter(({ kind, struckLeader, victims }) => {
      return STOPPING.has(kind) && struckLeader && victims.length === 1;
    })
    .map((strike) => ({ strike, silence: silenceAfter(strike.fromMs, acks) }))
    .filter(({ strike, silence }) => silence !== null && isAlone(strike, silence, strikes))
    .map(({ silence }) => (silence === null ? Number.NaN : silence.untilMs - silence.fromMs));
}

interface Silence {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The longest pause between two acknowledgements that began when the fault did; null when there is none. */
function silenceAfter(faultMs: number, acks: readonly number[]): Silence | null {
  let longest: Silence | null = null;
  for (const [at, untilMs] of acks.entries()) {
    const fromMs = acks[at - 1];
    if (fromMs === undefined || untilMs < faultMs) continue;
    if (fromMs > faultMs + ON_ITS_WAY_MS) break;
    if (longest === null || untilMs - fromMs > longest.untilMs - longest.fromMs)
      longest = { fromMs, untilMs };
  }
  return longest;
}

const isAlone = (strike: Strike, silence: Silence, strikes: readonly Strike[]): boolean =>
  !strikes.some(
    (other) => other !== strike && other.fromMs < silence.untilMs && other.untilMs > strike.fromMs,
  );

export interface Figures {
  readonly seconds: number;
  readonly plan: readonly Fault[];
  readonly strikes: readonly Strike[];
  readonly tally: Tally;
}

/** Answered operations a second. */
export const rateOf = ({ tally, seconds }: Figures): number => tally.ok / seconds;

export function printFigures(figures: Figures): void {
  const { seconds, plan, strikes, tally } = figures;
  const of = (kind: string): string => {
    const planned = plan.filter((fault) => fault.kind === kind).length;
    const fired = strikes.filter((strike) => strike.kind === kind && strike.isFired).length;
    return `${kind} ${fired} of ${planned}`;
  };
  console.log(`faults fired: ${KINDS.map(of).join(", ")}`);
  console.log(
    `operations: ${tally.ok} answered, ${tally.refused} refused, ${tally.unknown} unknown; ` +
      `${rateOf(figures).toFixed(0)} answered a second over ${seconds.toFixed(0)} s`,
  );
  const failovers = failoversOf(strikes, tally.acks);
  const shown = (share: number): string => quantile(failovers, share).toFixed(0);
  console.log(
    `failovers after a single fault at the leader: ${failovers.length}, ` +
      `median ${shown(0.5)} ms, p99 ${shown(0.99)} ms`,
  );
}
