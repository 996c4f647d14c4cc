/** What will go wrong with the gateways in a run, drawn from its seed as the faults of controllers are, beside them. */
import { Chance } from "../sim/chance.ts";
import { faultRounds } from "./fault-rounds.ts";
import type { Side } from "./plan.ts";

/** How many of each kind there are in a round of faults. */
const SHARES = {
  "gateway-kill": 4,
  "gateway-pause": 3,
  "link-cut": 4,
  "upgrades-refused": 1,
} as const;

export type GatewayFaultKind = keyof typeof SHARES;

export type GatewayFault = {
  /** From the beginning of the run. */
  readonly atMs: number;
  /** Until it is made good. */
  readonly lastsMs: number;
  /** One of the gateways, in their order. */
  readonly victim: number;
} & (
  | { readonly kind: "gateway-kill" | "gateway-pause" | "upgrades-refused" }
  | {
      readonly kind: "link-cut";
      readonly side: Side;
      /** What was held does not come late: its connections break. */
      readonly breaks: boolean;
    }
);

export const GATEWAY_KINDS: readonly GatewayFaultKind[] = [
  "gateway-kill",
  "gateway-pause",
  "link-cut",
  "upgrades-refused",
];

/** Draws other than those of the controllers' faults. */
const SALT = 0x6a7e;
const FIRST_MS = 4_000;
/** No fault begins so shortly before the end that it could not be made good in time. */
const LAST_MS = 12_000;

/** The faults of `gateways` gateways in a run of `durationMs`, in order. */
export function gatewayPlanOf(
  seed: number,
  durationMs: number,
  gateways: number,
): readonly GatewayFault[] {
  const chance = new Chance(seed ^ SALT);
  const rounds = faultRounds(chance, {
    shares: GATEWAY_KINDS.map((kind) => [kind, SHARES[kind]] as const),
    fromMs: FIRST_MS,
    untilMs: durationMs - LAST_MS,
    apartMs: [1_500, 6_000],
  });
  return Array.from(rounds, (fault) =>
    drawn({ ...fault, victim: chance.between(0, gateways - 1) }, chance),
  );
}

interface Beginning {
  readonly kind: GatewayFaultKind;
  readonly atMs: number;
  readonly victim: number;
}

function drawn({ kind, atMs, victim }: Beginning, chance: Chance): GatewayFault {
  const lasting = (from: number, to: number): number => Math.round(chance.logUniform(from, to));
  switch (kind) {
    case "gateway-kill":
      return { kind, atMs, victim, lastsMs: lasting(20, 2_000) };
    case "gateway-pause":
      // From less than a standstill (LK-3) to half a session.
      return { kind, atMs, victim, lastsMs: lasting(300, 5_000) };
    case "upgrades-refused":
      return { kind, atMs, victim, lastsMs: lasting(1_000, 5_000) };
    case "link-cut": {
      const side = chance.pick(["deaf", "mute", "both"] as const) ?? "both";
      return {
        kind,
        atMs,
        victim,
        lastsMs: lasting(200, 6_000),
        side,
        breaks: chance.happens(0.5),
      };
    }
  }
}
