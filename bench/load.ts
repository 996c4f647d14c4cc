/** Closed-loop load: a number of writers, each with one operation under way, for a given time. */

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
  const sorted = latencies.toSorted((left, right) => left - right);
  const quantile = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return {
    operations: sorted.length,
    perSecond: sorted.length / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}
