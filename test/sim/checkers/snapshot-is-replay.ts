/**
 * A snapshot is the replay of the committed log to its id: the same image, the epoch of the last batch, the voters that
 * stand in the log there. Whoever makes it, its bytes are the same. And it is all that a log may be replaced by, or cut
 * below: none begins anywhere but where a whole snapshot of its replica ends (I-9).
 */
import { type Observation, REPLAY } from "../observation.ts";
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

type Snapshot = Extract<Observation, { kind: "snapshot" }>;

export function snapshotIsReplay(): Checker {
  const replayed = new Map<number, number>();
  const bytes = new Map<string, Snapshot>();
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
      const { replica, endOffset, epoch, fingerprint } = observation;
      whole.add(`${replica} ${endOffset}`);
      const id = `${endOffset}-${epoch}`;
      const wrong = wrongWith(observation, ghost, replayed.get(endOffset));
      if (wrong !== undefined) return `the snapshot ${id} of replica ${replica} ${wrong}`;
      const other = bytes.get(id);
      if (other === undefined) bytes.set(id, observation);
      else if (other.fingerprint !== fingerprint)
        return `replicas ${other.replica} and ${replica} have other bytes under the id ${id}`;
      return undefined;
    },
  };
}

function wrongWith(snapshot: Snapshot, ghost: Ghost, replayed?: number): string | undefined {
  const { endOffset, epoch, digest, voters } = snapshot;
  if (digest === null) return "cannot be read";
  if (ghost.committed.epochAt(endOffset) !== epoch)
    return `ends where no committed batch of that epoch does, below ${ghost.committed.end}`;
  if (digest !== replayed) return "is another image than the committed log makes";
  const expected = ghost.committed.votersBelow(endOffset) ?? voters;
  if (voters.join() !== expected.join() || voters.length === 0)
    return `names the voters [${voters.join(" ")}], the log [${expected.join(" ")}]`;
  return undefined;
}
