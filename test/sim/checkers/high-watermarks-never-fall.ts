/**
 * A high watermark never falls: not in one incarnation of a replica, and not in what a broker is served, as
 * long as the broker asks leaders of rising epochs.
 */
import type { Checker } from "./checker.ts";

export function highWatermarksNeverFall(): Checker {
  const shown = new Map<string, number>();
  const served = new Map<number, { readonly epoch: number; readonly highWatermark: number }>();
  return {
    name: "high-watermarks-never-fall",
    judge(observation) {
      if (observation.kind === "shown") {
        const { replica, incarnation, highWatermark } = observation;
        if (highWatermark === null) return undefined;
        const instance = `${replica}#${incarnation}`;
        const before = shown.get(instance) ?? 0;
        shown.set(instance, highWatermark);
        return highWatermark < before
          ? `replica ${instance} showed the high watermark ${highWatermark} after ${before}`
          : undefined;
      }
      if (observation.kind === "served") {
        const { broker, epoch, highWatermark } = observation;
        const before = served.get(broker) ?? { epoch: 0, highWatermark: 0 };
        if (epoch < before.epoch) return undefined;
        served.set(broker, { epoch, highWatermark });
        return highWatermark < before.highWatermark
          ? `broker ${broker} was served the high watermark ${highWatermark}@${epoch} after ${before.highWatermark}@${before.epoch}`
          : undefined;
      }
      return undefined;
    },
  };
}
