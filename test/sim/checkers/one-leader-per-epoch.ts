/**
 * Election safety: in an epoch at most one replica ever leads. The full history is kept, so a second leader
 * of an epoch long gone is seen as well; what replicas believe about others' leadership counts too.
 */
import type { Checker } from "./checker.ts";

/** The node of a replica: a name is `<node>` or `<node>/<directory>`. */
const nodeOf = (replica: string): number => Number.parseInt(replica, 10);

export function oneLeaderPerEpoch(): Checker {
  const leaderOf = new Map<number, number>();
  return {
    name: "one-leader-per-epoch",
    judge(observation) {
      if (observation.kind !== "shown" && observation.kind !== "durable") return undefined;
      const { replica } = observation;
      const view = observation.kind === "shown" ? observation : observation.election;
      if (view === undefined) return undefined;
      const leader = view.leader;
      if (leader === null) return undefined;
      const known = leaderOf.get(view.epoch);
      if (known === undefined) leaderOf.set(view.epoch, leader);
      else if (known !== leader) {
        return `epoch ${view.epoch} was led by ${known}, and replica ${replica} says it is led by ${leader}`;
      }
      if (
        observation.kind === "shown" &&
        observation.role === "leader" &&
        leader !== nodeOf(replica)
      ) {
        return `replica ${replica} leads epoch ${view.epoch} and names ${leader} as its leader`;
      }
      return undefined;
    },
  };
}
