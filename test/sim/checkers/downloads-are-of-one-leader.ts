/**
 * N-8: the ranges of a snapshot are asked of one leader in one epoch, from the first byte on, for another may have
 * other bytes under the same id.
 */
import type { Observation } from "../observation.ts";
import type { Checker } from "./checker.ts";

type Range = Extract<Observation, { kind: "range-asked" }>;

export function downloadsAreOfOneLeader(): Checker {
  const latest = new Map<string, Range>();
  return {
    name: "downloads-are-of-one-leader",
    judge(observation) {
      if (observation.kind !== "range-asked") return undefined;
      const { replica, incarnation, leader, epoch, id, position } = observation;
      const instance = `${replica}#${incarnation}`;
      const before = latest.get(instance);
      latest.set(instance, observation);
      if (position === 0) return undefined;
      const asked = `replica ${instance} asked leader ${leader} of epoch ${epoch} for ${id} from byte ${position} on`;
      if (before?.id !== id) return `${asked} and has nothing of it`;
      const isOfOne = before.leader === leader && before.epoch === epoch;
      return isOfOne ? undefined : `${asked}, after leader ${before.leader} of ${before.epoch}`;
    },
  };
}
