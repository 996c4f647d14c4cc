/**
 * A leader sleeps when everything is done (SL-1): each voter holds all of its log, and nothing of its epoch is called
 * committed beyond where it sleeps. What was left undone nobody would do before the quorum is used again.
 */
import type { Observation } from "../observation.ts";
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

type Shown = Extract<Observation, { kind: "shown" }>;

export function sleepersAreLevel(): Checker {
  /** By epoch: who leads it, as it has shown itself last. */
  const leaders = new Map<number, Shown>();
  return {
    name: "sleepers-are-level",
    judge(observation, ghost) {
      if (observation.kind === "acknowledged") {
        const leader = leaders.get(observation.epoch);
        const at = leader?.asleepAt ?? Number.POSITIVE_INFINITY;
        if (observation.lastOffset < at) return undefined;
        return `operation ${observation.operation} is acknowledged at ${observation.lastOffset}, while replica ${leader?.replica} sleeps at ${at}`;
      }
      if (observation.kind !== "shown" || observation.role !== "leader") return undefined;
      const before = leaders.get(observation.epoch);
      leaders.set(observation.epoch, observation);
      const isNew = observation.asleepAt !== before?.asleepAt;
      return isNew ? whoIsBehind(observation, ghost) : undefined;
    },
  };
}

function whoIsBehind({ replica, asleepAt, voters }: Shown, ghost: Ghost): string | undefined {
  if (asleepAt === undefined) return undefined;
  const chain = ghost.log(replica).chainAt(asleepAt);
  const behind = voters.find((voter) => !ghost.isHeldBy(voter, asleepAt, chain));
  if (behind === undefined) return undefined;
  return `replica ${replica} sleeps at ${asleepAt}, and voter ${behind} ends at ${ghost.log(behind).end}`;
}
