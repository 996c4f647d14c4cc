/**
 * I-9, in storage: whenever a transaction that touches snapshots or the start of the log is durable, the log begins at
 * 0 or where the oldest whole snapshot ends, and no snapshot ends beyond the log. So a crash at any moment finds a
 * snapshot installed, and the log that it replaces gone, or neither.
 */
import type { Checker } from "./checker.ts";

export function logsStartAtSnapshots(): Checker {
  return {
    name: "logs-start-at-snapshots",
    judge(observation) {
      if (observation.kind !== "durable" || observation.kept === undefined) return undefined;
      const { replica, kept } = observation;
      const { start, end, snapshots } = kept;
      const log = `the log ${start}..${end} of replica ${replica}`;
      const stored = `snapshots that end at [${snapshots.join(" ")}]`;
      const [oldest] = snapshots;
      const newest = snapshots.at(-1) ?? 0;
      if (start !== 0 && oldest !== start) return `${log} begins at none of its ${stored}`;
      return newest > end ? `${log} ends below one of its ${stored}` : undefined;
    },
  };
}
