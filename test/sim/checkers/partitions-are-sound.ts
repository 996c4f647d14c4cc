/**
 * What a partition may look like at the end of any committed batch: without a leader, or led by an unfenced member
 * of its ISR; an ISR that is not empty, lies within the replicas and takes in no fenced broker; epochs that never
 * fall, and that rise when
 * what they stand for changes.
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
}: Shown): string | undefined {
  if (isr.length === 0) return "nobody is in sync";
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
