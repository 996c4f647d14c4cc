/**
 * A storage that was copied into another object is not run there (T-4): from the moment at which it takes the place of
 * what the replica had, that replica stores nothing, shows nothing and vouches for nothing.
 */
import type { Checker } from "./checker.ts";

export function copiesAreNotRun(): Checker {
  const originals = new Map<string, string>();
  return {
    name: "copies-are-not-run",
    judge(observation) {
      if (observation.kind === "copied") {
        originals.set(observation.replica, observation.original);
        return undefined;
      }
      const isOfReplica =
        observation.kind === "durable" ||
        observation.kind === "shown" ||
        observation.kind === "promised";
      if (!isOfReplica) return undefined;
      const { replica } = observation;
      const original = originals.get(replica);
      return original === undefined
        ? undefined
        : `replica ${replica} runs a copy of the storage of replica ${original}`;
    },
  };
}
