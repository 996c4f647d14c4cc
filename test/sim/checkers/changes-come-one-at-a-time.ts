/**
 * A leader changes the voter set only when the last set is committed, and something of its own epoch (M-2): a majority
 * of the last set's members holds, durably, a batch of that epoch that lies at or above the set. What a leader writes
 * first may say the voters anew, and makes no others of them (E-9).
 */
import type { Checker } from "./checker.ts";
import type { ChainedEntry, Ghost, GhostLog, VoterSetMark } from "./ghost.ts";

export function changesComeOneAtATime(): Checker {
  const known = new Set<string>();
  return {
    name: "changes-come-one-at-a-time",
    judge(observation, ghost) {
      if (observation.kind !== "durable") return undefined;
      const { replica } = observation;
      const log = ghost.log(replica);
      for (const entry of ghost.added) {
        const before = log.voterSetBelow(entry.baseOffset);
        const place = `${entry.baseOffset}@${entry.epoch}`;
        // Who stores it first is its leader; the others have it from there.
        if (entry.voters === undefined || before === undefined || known.has(place)) continue;
        known.add(place);
        const wrong = wrongWith(entry, { before, log, ghost });
        if (wrong !== undefined)
          return `leader ${replica}@${entry.epoch} makes [${entry.voters.join(" ")}] of the voters [${before.voters.join(" ")}] at ${entry.baseOffset}, ${wrong}`;
      }
      return undefined;
    },
  };
}

function wrongWith(
  { baseOffset, epoch, voters }: ChainedEntry,
  {
    before,
    log,
    ghost,
  }: { readonly before: VoterSetMark; readonly log: GhostLog; readonly ghost: Ghost },
): string | undefined {
  if (log.epochAt(baseOffset) !== epoch) {
    const isSame = voters?.join() === before.voters.join();
    return isSame ? undefined : "as the first thing that it writes";
  }
  const enough = log
    .from(before.offset)
    .find((entry) => entry.epoch === epoch && entry.baseOffset < baseOffset);
  const end = (enough?.lastOffset ?? -1) + 1;
  const holders = before.voters.filter((voter) => ghost.isHeldBy(voter, end, enough?.chain));
  if (enough !== undefined && 2 * holders.length > before.voters.length) return undefined;
  return `though ${end} is held by [${holders.join(" ")}] alone`;
}
