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
  operation: (nth: number, writer: number) => Promise<void>,
): Promise<Load> {
  const until = Date.now() + shape.ms;
  return await loop(shape.writers, () => Date.now() < until, operation);
}

/**
 * The same, until `count` operations have been done: a quorum that is faster does no more of them, and its log is as
 * long as a slower one's.
 */
export async function countedLoop(
  shape: { readonly writers: number; readonly count: number },
  operation: (nth: number, writer: number) => Promise<void>,
): Promise<Load> {
  return await loop(shape.writers, (nth) => nth < shape.count, operation);
}

/** `goesOn` is asked before each operation, which of all it would be, from 0 on. */
async function loop(
  writers: number,
  goesOn: (nth: number) => boolean,
  operation: (nth: number, writer: number) => Promise<void>,
): Promise<Load> {
  const latencies: number[] = [];
  const begun = performance.now();
  let next = 0;
  const write = async (writer: number): Promise<void> => {
    while (goesOn(next)) {
      const nth = next;
      next += 1;
      const at = performance.now();
      await operation(nth, writer);
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return loadOf(latencies, (performance.now() - begun) / 1_000);
}

/** What so many operations, each with its time in ms, were in so many seconds. */
export function loadOf(latencies: readonly number[], seconds: number): Load {
  return {
    operations: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}
