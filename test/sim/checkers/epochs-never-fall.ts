/**
 * The epoch of a replica never falls: not what it shows, not what its storage holds, not over a restart. A log never
 * holds an epoch above the one that its replica has stored.
 */
import type { Checker } from "./checker.ts";

export function epochsNeverFall(): Checker {
  const stored = new Map<string, number>();
  const shown = new Map<string, number>();
  return {
    name: "epochs-never-fall",
    judge(observation, ghost) {
      if (observation.kind === "durable") {
        const { replica, election } = observation;
        const fallen =
          election === undefined ? undefined : rise(stored, replica, election.epoch, "stored");
        const [written, known] = [ghost.log(replica).last?.epoch ?? 0, stored.get(replica) ?? 0];
        if (fallen !== undefined || written <= known) return fallen;
        return `replica ${replica} holds a batch of epoch ${written}, its storage says epoch ${known}`;
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
