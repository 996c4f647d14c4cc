/** Closed-loop load: a number of writers, each with one operation under way, for a given time. */
import { quantile } from "./quantile.ts";

/** The result of a round of load. */
export interface Load {
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs `operation` from `writers` loops for `ms`; an operation that throws ends the round. */
export async function closedLoop(
  shape: { readonly writers: number; readonly ms: number },
  operation: () => Promise<void>,
): Promise<Load> {
  const latencies: number[] = [];
  const begun = Date.now();
  const writer = async (): Promise<void> => {
    while (Date.now() - begun < shape.ms) {
      const at = performance.now();
      await operation();
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: shape.writers }, writer));
  const seconds = (Date.now() - begun) / 1_000;
  return {
    operations: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}
