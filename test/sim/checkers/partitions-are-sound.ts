/**
 * What a partition may look like at the end of any committed batch: without a leader, or led by an unfenced member
 * of its ISR; an ISR that is not empty, unless eligible leader replicas are in use, lies within the replicas and takes in
 * no fenced broker; no replica both in sync and eligible; a last leader remembered only while nobody leads; epochs that
 * never fall, and that rise when what they stand for changes.
 */
import type { Observation } from "../observation.ts";
import type { Checker } from "./checker.ts";

type Shown = Extract<Observation, { kind: "partition" }>;

export function partitionsAreSound(): Checker {
  const latest = new Map<string, Shown>();
  return {
    name: "partitions-are-sound",
    judge(observation) {
      if (observation.kind !== "partition") return undefined;
      const before = latest.get(observation.key);
      latest.set(observation.key, observation);
      const fault =
        faultOf(observation) ??
        (before === undefined ? undefined : faultAfter(before, observation));
      if (fault === undefined) return undefined;
      const { key, leader, isr, replicas, leaderEpoch, partitionEpoch, endOffset } = observation;
      return `partition ${key} at ${endOffset}: ${fault} (leader ${leader}, ISR [${isr.join(" ")}] of [${replicas.join(" ")}], epochs ${leaderEpoch} and ${partitionEpoch})`;
    },
  };
}

function faultOf({
  leader,
  isr,
  replicas,
  leaderIsFenced,
  fencedNewcomers,
  elr,
  lastKnownElr,
  mayBeEmpty,
}: Shown): string | undefined {
  if (isr.length === 0 && !mayBeEmpty) return "nobody is in sync";
  if (elr.some((id) => isr.includes(id))) return `in sync and eligible: ${elr.join(" ")}`;
  if (![...elr, ...lastKnownElr].every((id) => replicas.includes(id)))
    return `a broker without a replica is eligible: ${[...elr, ...lastKnownElr].join(" ")}`;
  if (leader !== -1 && lastKnownElr.length > 0) return "another is remembered as its leader";
  if (new Set(isr).size !== isr.length) return "a replica is twice in sync";
  if (!isr.every((id) => replicas.includes(id))) return "a broker without a replica is in sync";
  if (leader !== -1 && !isr.includes(leader)) return "its leader is not in sync";
  if (fencedNewcomers.length > 0)
    return `the fenced broker ${fencedNewcomers.join(" ")} has come in sync`;
  return leaderIsFenced ? "its leader is fenced" : undefined;
}

function faultAfter(before: Shown, now: Shown): string | undefined {
  if (now.partitionEpoch < before.partitionEpoch)
    return `the partition epoch falls from ${before.partitionEpoch}`;
  if (now.leaderEpoch < before.leaderEpoch)
    return `the leader epoch falls from ${before.leaderEpoch}`;
  if (now.leader !== before.leader && now.leaderEpoch === before.leaderEpoch)
    return `the leader was ${before.leader} in the same epoch`;
  const isSame =
    now.isr.join() === before.isr.join() && now.replicas.join() === before.replicas.join();
  return !isSame && now.partitionEpoch === before.partitionEpoch
    ? "the ISR changed in the same epoch"
    : undefined;
}
