/**
 * Partitions as one line of text for tables: "replicas / isr / leader / leader epoch / partition epoch", lists
 * with commas, then words such as "removing 1", "adding 4", "elr 3", "last 2", "recovering". Directories are one
 * per replica, named after the broker.
 */
import type { Partition } from "../../src/metadata/image/partition.ts";
import type { Uuid } from "../../src/protocol/index.ts";

const ids = (text: string | undefined): number[] =>
  text === undefined || text.trim() === "" || text.trim() === "-"
    ? []
    : text.trim().split(",").map(Number);

/** A directory id that names its broker, and is none of the reserved ones. */
export function directoryOf(brokerId: number): Uuid {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a uuid of the test's own making
  return `DIR${String(brokerId).padStart(18, "0")}A` as Uuid;
}

export function partition(line: string): Partition {
  const [body = "", ...words] = line.split(";").map((part) => part.trim());
  const [replicas, isr, leader, leaderEpoch, partitionEpoch] = body.split("/");
  const word = (name: string): number[] =>
    ids(words.find((w) => w.startsWith(`${name} `))?.slice(name.length));
  return {
    replicas: ids(replicas),
    isr: ids(isr),
    leader: Number(leader),
    leaderEpoch: Number(leaderEpoch ?? 0),
    partitionEpoch: Number(partitionEpoch ?? 0),
    removingReplicas: word("removing"),
    addingReplicas: word("adding"),
    leaderRecoveryState: words.includes("recovering") ? 1 : 0,
    directories: ids(replicas).map(directoryOf),
    eligibleLeaderReplicas: word("elr"),
    lastKnownElr: word("last"),
  };
}
