/** A transaction as checkers see it, from what it has written. */
import { nameOfKey } from "./directories.ts";
import type { Disk, Write } from "./disk.ts";
import { markOf } from "./entries.ts";
import type { Observation } from "./observation.ts";

type Durable = Extract<Observation, { kind: "durable" }>;

/** In one piece, unless something is removed after something was appended. The transaction is the latest of `disk`. */
export function durableOf(
  replica: string,
  writes: readonly Write[],
  disk: Disk,
): readonly Durable[] {
  const made: Durable[] = [];
  let now: { -readonly [K in keyof Durable]: Durable[K] } = { kind: "durable", replica };
  for (const write of writes) {
    if (write.kind === "election") {
      const { epoch, leaderId: leader, votedKey } = write.election;
      now.election = { epoch, leader, voted: votedKey === null ? null : nameOfKey(votedKey) };
    } else if (write.kind === "append") {
      now.append = [...(now.append ?? []), markOf(write.batch)];
    } else if (write.kind === "truncate") {
      if (now.append !== undefined) {
        made.push(now);
        now = { kind: "durable", replica };
      }
      now.truncateTo = Math.min(now.truncateTo ?? write.offset, write.offset);
    } else if (write.kind === "log-restart") {
      now.installed = write.offset;
    } else if (write.kind === "log-start") {
      now.logStart = write.offset;
    }
  }
  if (writes.some(changesWhatIsKept)) now.kept = disk.durablyKept;
  return [...made, now];
}

const changesWhatIsKept = ({ kind }: Write): boolean =>
  kind === "snapshot-complete" ||
  kind === "snapshots-drop" ||
  kind === "log-start" ||
  kind === "log-restart";
