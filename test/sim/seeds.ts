/**
 * Many seeds on all cores. Seeds are handed out in order; after a violation no further ones are, and the
 * smallest seed that failed is the one reported, so that the verdict does not depend on the machine's mood.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { Tally } from "./faults.ts";
import type { Outcome } from "./run.ts";

export interface Campaign {
  readonly from: number;
  readonly count: number;
  /** Called after every seed with how many are done. */
  readonly progress?: (done: number) => void;
  /** No further seeds are begun after this many real milliseconds. */
  readonly budgetMs?: number;
}

export interface CampaignResult {
  readonly seeds: number;
  readonly virtualMs: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly failed: Outcome | undefined;
}

export async function runSeeds(campaign: Campaign): Promise<CampaignResult> {
  const tally = new Tally();
  const startedAt = performance.now();
  let failed: Outcome | undefined;
  let done = 0;
  let virtualMs = 0;
  let next = campaign.from;
  const seedAfter = (): number | undefined => {
    const isLate = performance.now() - startedAt > (campaign.budgetMs ?? Number.POSITIVE_INFINITY);
    if (failed !== undefined || isLate || next >= campaign.from + campaign.count) return undefined;
    next += 1;
    return next - 1;
  };
  const hear = (outcome: Outcome): void => {
    done += 1;
    virtualMs += outcome.virtualMs;
    tally.add(outcome.counts);
    if (
      outcome.complaint !== undefined &&
      outcome.seed < (failed?.seed ?? Number.POSITIVE_INFINITY)
    )
      failed = outcome;
    campaign.progress?.(done);
  };
  const threads = Math.min(availableParallelism(), campaign.count);
  await Promise.all(Array.from({ length: threads }, () => work(seedAfter, hear)));
  return { seeds: done, virtualMs, counts: tally.toRecord(), failed };
}

/** One thread, fed until there are no more seeds. */
function work(
  seedAfter: () => number | undefined,
  hear: (outcome: Outcome) => void,
): Promise<void> {
  const worker = new Worker(new URL("worker.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    const feed = (): void => {
      const seed = seedAfter();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      if (seed !== undefined) return worker.postMessage(seed);
      worker.terminate().then(() => resolve(), reject);
    };
    worker.on("message", (outcome: Outcome) => {
      hear(outcome);
      feed();
    });
    worker.on("error", reject);
    feed();
  });
}
