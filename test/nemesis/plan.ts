/**
 * What will go wrong in a run, drawn from its seed before it begins: so the same seed strikes at the same moments,
 * though what it meets there differs. A new kind of fault is one more line of `SHARES` with what it draws, and one more
 * way of striking in `faults.ts`.
 */
import { Chance } from "../sim/chance.ts";
import { faultRounds } from "./fault-rounds.ts";

/** How many of each kind there are in a round of faults; rounds are shuffled, so no kind is left out of a run. */
const SHARES = {
  kill: 8,
  pause: 4,
  partition: 4,
  delay: 3,
  "full-disk": 3,
  membership: 2,
} as const;

export type FaultKind = keyof typeof SHARES;

/** The controller that leads at that moment, or one of them in the order of their ids, or all of them. */
export type Victim = "leader" | "all" | number;

/** Which ways of the victim nothing passes: to it, from it, or both. */
export type Side = "deaf" | "mute" | "both";

export type Fault = {
  /** From the beginning of the run. */
  readonly atMs: number;
  /** Until it is made good. */
  readonly lastsMs: number;
  readonly victim: Victim;
} & (
  | { readonly kind: "kill" }
  | { readonly kind: "pause" }
  | {
      readonly kind: "partition";
      readonly side: Side;
      /** From the other controllers alone: the Worker still reaches it. */
      readonly isFromPeersAlone: boolean;
      /** What was held does not come late: its connections break. */
      readonly breaks: boolean;
    }
  | { readonly kind: "delay"; readonly delayMs: number }
  /** How long a file may be: a write beyond fails. With 0 every write does. */
  | { readonly kind: "full-disk"; readonly fileBytes: number }
  /** A node elsewhere takes the victim's place among the voters, within that time. */
  | { readonly kind: "membership" }
);

export const KINDS: readonly FaultKind[] = [
  "kill",
  "pause",
  "partition",
  "delay",
  "full-disk",
  "membership",
];

/** The first fault leaves time for what it is to disturb. */
const FIRST_MS = 3_000;
/** No fault begins so shortly before the end that it could not be made good in time. */
const LAST_MS = 5_000;
const NODES = 3;
/** A change of voters among other faults takes several of them. */
const MEMBERSHIP_MS = 20_000;

/** The faults of a run of `durationMs`, in order. */
export function planOf(seed: number, durationMs: number): readonly Fault[] {
  const chance = new Chance(seed);
  const rounds = faultRounds(chance, {
    shares: KINDS.map((kind) => [kind, SHARES[kind]] as const),
    fromMs: FIRST_MS,
    untilMs: durationMs - LAST_MS,
    apartMs: [700, 5_000],
  });
  return Array.from(rounds, ({ kind, atMs }) => drawn(kind, atMs, chance));
}

function drawn(kind: FaultKind, atMs: number, chance: Chance): Fault {
  const lasting = (from: number, to: number): number => Math.round(chance.logUniform(from, to));
  const victim: Victim = chance.happens(0.6) ? "leader" : chance.between(0, NODES - 1);
  switch (kind) {
    case "kill": {
      const lastsMs = lasting(20, 5_000);
      return { kind, atMs, lastsMs, victim: chance.happens(0.1) ? "all" : victim };
    }
    case "membership":
      return { kind, atMs, lastsMs: MEMBERSHIP_MS, victim };
    case "pause":
      return { kind, atMs, lastsMs: lasting(100, 10_000), victim };
    case "partition":
      return {
        kind,
        atMs,
        lastsMs: lasting(200, 8_000),
        victim,
        side: chance.pick(["deaf", "mute", "both"] as const) ?? "both",
        isFromPeersAlone: chance.happens(0.5),
        breaks: chance.happens(0.5),
      };
    case "delay": {
      const delayMs = lasting(5, 1_000);
      return { kind, atMs, lastsMs: lasting(500, 5_000), victim, delayMs };
    }
    case "full-disk": {
      const fileBytes = chance.happens(0.7) ? 0 : lasting(4_096, 16_384);
      return { kind, atMs, lastsMs: lasting(300, 4_000), victim, fileBytes };
    }
  }
}
