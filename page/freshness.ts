/** How fresh what is shown is, in words, from what was heard of a cluster and when. */
import type { Freshness } from "./bar.ts";
import { QUORUM_MS, STALE_MS, type LiveState } from "./live-cluster.ts";
import { counted, duration } from "./numbers.ts";

/** `nowMs` by the steady clock. */
export function freshnessOf(state: LiveState, nowMs: number): Freshness {
  const { heardMs, problem, quorum, seen } = state;
  if (heardMs === null)
    return problem === null
      ? { tone: "plain", text: "asking…" }
      : { tone: "bad", text: `nothing heard: ${short(problem)}` };
  const ageMs = nowMs - heardMs;
  if (ageMs > STALE_MS)
    return {
      tone: "bad",
      text: `cut off: this is ${duration(ageMs)} old${problem === null ? "" : ` · ${short(problem)}`}`,
    };
  if (problem !== null && ageMs > QUORUM_MS / 2)
    return { tone: "warn", text: `${duration(ageMs)} old · ${short(problem)}` };
  const lag = seen === null ? 0 : (quorum?.high_watermark ?? 0) - 1 - seen.offset;
  if (lag > 50) return { tone: "warn", text: `behind by ${counted(lag, "record")}` };
  return { tone: "good", text: "live" };
}

const short = (problem: string): string =>
  problem.length > 90 ? `${problem.slice(0, 90)}…` : problem;
