/**
 * The epoch of a replica never falls: not what it shows, not what its storage holds, not over a restart. A
 * log never holds an epoch above the one its replica has stored, except while that one is being learned.
 */
import type { Checker } from "./checker.ts";

export function epochsNeverFall(): Checker {
  const stored = new Map<string, number>();
  const shown = new Map<string, number>();
  return {
    name: "epochs-never-fall",
    judge(observation) {
      if (observation.kind === "durable" && observation.election !== undefined) {
        return rise(stored, observation.replica, observation.election.epoch, "stored");
      }
      if (observation.kind === "shown") {
        // Two instances of a replica may run at once; each has its own memory.
        const instance = `${observation.replica}#${observation.incarnation}`;
        return rise(shown, instance, observation.epoch, "showed");
      }
      return undefined;
    },
  };
}

function rise(
  known: Map<string, number>,
  who: string,
  epoch: number,
  verb: string,
): string | undefined {
  const before = known.get(who) ?? 0;
  if (epoch < before) return `replica ${who} ${verb} epoch ${epoch} after epoch ${before}`;
  known.set(who, epoch);
  return undefined;
}
