/** A thread that runs the worlds it is given, one after the other, and reports each outcome. */
import { parentPort } from "node:worker_threads";
import { measureFailover } from "./failover.ts";
import { runSeed } from "./run.ts";
import type { Job } from "./seeds.ts";

parentPort?.on("message", (job: Job) => {
  const outcome =
    "kind" in job ? measureFailover(job.kind, job.seed) : runSeed(job.seed, undefined, job.sleeps);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has none
  parentPort?.postMessage(outcome);
});
