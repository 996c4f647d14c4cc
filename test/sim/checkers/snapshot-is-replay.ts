/**
 * A snapshot is the replay of the committed log to its id: the same image, the epoch of the last batch, the voters that
 * stand in the log there. Whoever makes it with one build, its bytes are the same; and who fetches one has the bytes of
 * one maker, and not some of one and some of another (N-8). A snapshot is all that a log may be replaced by, or cut
 * below: none begins anywhere but where a whole snapshot of its replica ends (I-9).
 */
import { type Observation, REPLAY } from "../observation.ts";
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

type Snapshot = Extract<Observation, { kind: "snapshot" }>;

export function snapshotIsReplay(): Checker {
  const replayed = new Map<number, number>();
  /** By id, what each build has made of it. */
  const made = new Map<string, Snapshot[]>();
  const whole = new Set<string>();
  return {
    name: "snapshot-is-replay",
    judge(observation, ghost) {
      if (observation.kind === "applied" && observation.replica === REPLAY)
        replayed.set(observation.endOffset, observation.digest);
      if (observation.kind === "durable") {
        const { replica, logStart } = observation;
        if (logStart === undefined || whole.has(`${replica} ${logStart}`)) return undefined;
        return `the log of replica ${replica} begins at ${logStart}, where no snapshot of its own ends`;
      }
      if (observation.kind !== "snapshot") return undefined;
      const { replica, endOffset, epoch } = observation;
      whole.add(`${replica} ${endOffset}`);
      const id = `${endOffset}-${epoch}`;
      const wrong = wrongWith(observation, ghost, replayed.get(endOffset));
      if (wrong !== undefined) return `the snapshot ${id} of replica ${replica} ${wrong}`;
      const others = made.get(id) ?? [];
      if (observation.build !== null) made.set(id, [...others, observation]);
      return unlikeOthers(observation, others);
    },
  };
}

function unlikeOthers(snapshot: Snapshot, made: readonly Snapshot[]): string | undefined {
  const { replica, endOffset, epoch, build, fingerprint } = snapshot;
  const id = `${endOffset}-${epoch}`;
  if (build === null) {
    const isOfOne = made.some((other) => other.fingerprint === fingerprint);
    return isOfOne ? undefined : `replica ${replica} has a snapshot ${id} that nobody has made so`;
  }
  const other = made.find((each) => each.build === build && each.fingerprint !== fingerprint);
  return other && `replicas ${other.replica} and ${replica} have made other bytes of ${id}`;
}

function wrongWith(snapshot: Snapshot, ghost: Ghost, replayed?: number): string | undefined {
  const { endOffset, epoch, digest, voters, votersPrint } = snapshot;
  if (digest === null) return "cannot be read";
  if (ghost.committed.epochAt(endOffset) !== epoch)
    return `ends where no committed batch of that epoch does, below ${ghost.committed.end}`;
  if (digest !== replayed) return "is another image than the committed log makes";
  const expected = ghost.committed.votersBelow(endOffset) ?? voters;
  if (voters.join() !== expected.join() || voters.length === 0)
    return `names the voters [${voters.join(" ")}], the log [${expected.join(" ")}]`;
  if (votersPrint !== (ghost.committed.voterSetBelow(endOffset)?.print ?? votersPrint))
    return "says of a voter what the log does not say there";
  return undefined;
}
