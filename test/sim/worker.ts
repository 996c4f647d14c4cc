/** A thread that runs the seeds it is given, one after the other, and reports each outcome. */
import { parentPort } from "node:worker_threads";
import { runSeed } from "./run.ts";

parentPort?.on("message", (seed: number) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has none
  parentPort?.postMessage(runSeed(seed));
});
