/**
 * A read that says how current it is tells the truth. A linearizable one shows every write that was acknowledged, and
 * all that any read had shown, before it began; one that says its age, before that long ago. And no read
 * shows what is not committed.
 */
import type { Checker } from "./checker.ts";

export function readsAreCurrent(): Checker {
  return {
    name: "reads-are-current",
    judge(observation, ghost) {
      if (observation.kind !== "read") return undefined;
      const { read, replica, promise, known, end } = observation;
      const which = `read ${read} (${promise}) at replica ${replica} shows up to ${end}`;
      if (end < known)
        return `${which}, and clients knew of ${known} at the time of which it speaks`;
      if (end > ghost.committed.end) return `${which}, and ${ghost.committed.end} is committed`;
      return undefined;
    },
  };
}
