/**
 * Many seeds on all cores. Seeds are handed out in order; after a violation no further ones are, and the
 * smallest seed that failed is the one reported, so that the verdict does not depend on the machine's mood.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FAILOVER_KINDS, type Failover, type FailoverKind } from "./failover.ts";
import { Tally } from "./faults.ts";
import type { Outcome } from "./run.ts";

/** One world to be run in a thread: one of the swarm, or a quiet one with one fault. */
export type Job = SwarmJob | FailoverJob;

type Result = Outcome | Failover;

interface SwarmJob {
  readonly seed: number;
  readonly sleeps: boolean;
}

interface FailoverJob {
  readonly kind: FailoverKind;
  readonly seed: number;
}

export interface Campaign {
  readonly from: number;
  readonly count: number;
  /** Whether quorums sleep in every world, instead of in half of them. */
  readonly sleeps?: boolean;
  /** Called after every seed with how many are done. */
  readonly progress?: (done: number) => void;
  /** No further seeds are begun after this many real milliseconds. */
  readonly budgetMs?: number;
}

export interface CampaignResult {
  readonly seeds: number;
  readonly virtualMs: number;
  readonly counts: Readonly<Record<string, number>>;
  /** In how many seeds each was met. */
  readonly seedsWith: Readonly<Record<string, number>>;
  readonly failed: Outcome | undefined;
}

export async function runSeeds(campaign: Campaign): Promise<CampaignResult> {
  const tally = new Tally();
  const seedsWith = new Tally();
  const startedAt = performance.now();
  let failed: Outcome | undefined;
  let done = 0;
  let virtualMs = 0;
  let next = campaign.from;
  const jobAfter = (): SwarmJob | undefined => {
    const isLate = performance.now() - startedAt > (campaign.budgetMs ?? Number.POSITIVE_INFINITY);
    if (failed !== undefined || isLate || next >= campaign.from + campaign.count) return undefined;
    next += 1;
    return { seed: next - 1, sleeps: campaign.sleeps ?? false };
  };
  const hear = (outcome: Result): void => {
    if (!("traceHash" in outcome)) return;
    done += 1;
    virtualMs += outcome.virtualMs;
    tally.add(outcome.counts);
    for (const [what, times] of Object.entries(outcome.counts))
      if (times > 0) seedsWith.count(what);
    if (
      outcome.complaint !== undefined &&
      outcome.seed < (failed?.seed ?? Number.POSITIVE_INFINITY)
    )
      failed = outcome;
    campaign.progress?.(done);
  };
  await inThreads(campaign.count, jobAfter, hear);
  const counts = tally.toRecord();
  return { seeds: done, virtualMs, counts, seedsWith: seedsWith.toRecord(), failed };
}

/**
 * Every kind of failover in so many quiet worlds, kind by kind. With `isFirstEnough` no further ones are begun once one
 * has broken its budget.
 */
export async function runFailovers(
  perKind: number,
  isFirstEnough = false,
): Promise<readonly (readonly Failover[])[]> {
  const jobs = FAILOVER_KINDS.flatMap((kind) =>
    Array.from({ length: perKind }, (_, index): FailoverJob => ({ kind, seed: index + 1 })),
  );
  const measured: Failover[] = [];
  let isOver = false;
  await inThreads(
    jobs.length,
    () => (isOver ? undefined : jobs.pop()),
    (result) => {
      if (!("silenceMs" in result)) return;
      measured.push(result);
      isOver ||= isFirstEnough && result.complaint !== null;
    },
  );
  return FAILOVER_KINDS.map((kind) => measured.filter((failover) => failover.kind === kind));
}

/** Hands out jobs to all cores until there are no more. */
async function inThreads(
  count: number,
  next: () => Job | undefined,
  hear: (result: Result) => void,
): Promise<void> {
  const threads = Math.min(availableParallelism(), count);
  await Promise.all(Array.from({ length: threads }, () => work(next, hear)));
}

/** One thread, fed until there are no more jobs. */
function work(next: () => Job | undefined, hear: (result: Result) => void): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    const feed = (): void => {
      const job = next();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      if (job !== undefined) return worker.postMessage(job);
      worker.terminate().then(() => resolve(), reject);
    };
    worker.on("message", (result: Result) => {
      hear(result);
      feed();
    });
    worker.on("error", reject);
    feed();
  });
}
