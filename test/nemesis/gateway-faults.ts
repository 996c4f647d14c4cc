/** Strikes at gateways as planned, and makes good again, beside what strikes at controllers. */
import type { Strike, Wound } from "./faults.ts";
import { bitten } from "./faults.ts";
import type { GatewayFault, GatewayFaultKind } from "./gateway-plan.ts";
import type { GatewayProcess } from "./gateway-process.ts";
import type { FaultProxy } from "./proxy.ts";
import type { UpgradeDoor } from "./upgrade-door.ts";

export interface GatewayStrike extends Pick<Strike, "fromMs" | "untilMs" | "isFired"> {
  readonly kind: GatewayFaultKind;
  readonly victim: string;
}

export interface GatewayNemesisParts {
  readonly gateways: readonly StruckGateway[];
  readonly proxy: FaultProxy;
}

/** A gateway, and what is between it and its edge. */
export interface StruckGateway {
  readonly process: GatewayProcess;
  /** The name of its edge. */
  readonly edge: string;
  readonly door: UpgradeDoor;
  /** Under way is a fault that takes it for itself: one at a time. */
  isTaken: boolean;
}

const LOOK_MS = 20;
/** The longest of the faults does not take longer, its last moments included. */
const FREE_MS = 20_000;

export class GatewayNemesis {
  readonly strikes: GatewayStrike[] = [];
  readonly #parts: GatewayNemesisParts;

  constructor(parts: GatewayNemesisParts) {
    this.#parts = parts;
  }

  /** Strikes all of it, each fault at its time; resolves when everything is made good. */
  async carryOut(plan: readonly GatewayFault[]): Promise<void> {
    const startedMs = performance.now();
    const underWay = plan.map(async (fault) => {
      const restMs = startedMs + fault.atMs - performance.now();
      await new Promise((settle) => setTimeout(settle, restMs));
      await this.#carryOutOne(fault);
    });
    await Promise.all(underWay);
  }

  async #carryOutOne(fault: GatewayFault): Promise<void> {
    const gateway = await this.#take(fault.victim);
    if (gateway === null) return;
    try {
      const fromMs = performance.now();
      const wound = await this.#inflict(fault, gateway);
      await new Promise((settle) => setTimeout(settle, fault.lastsMs));
      const isFired = await bitten([wound]);
      const untilMs = performance.now();
      await wound.heal();
      this.strikes.push({
        kind: fault.kind,
        victim: gateway.process.name,
        fromMs,
        untilMs,
        isFired,
      });
    } finally {
      gateway.isTaken = false;
    }
  }

  /** The one that is meant, or else another, once one is free; null when that takes too long. */
  async #take(victim: number): Promise<StruckGateway | null> {
    const { gateways } = this.#parts;
    const inOrder = gateways.map((_, at) => gateways[(victim + at) % gateways.length]);
    for (const deadline = performance.now() + FREE_MS; performance.now() < deadline;) {
      const free = inOrder.find((gateway) => gateway?.isTaken === false);
      if (free !== undefined) {
        free.isTaken = true;
        return free;
      }
      await new Promise((settle) => setTimeout(settle, LOOK_MS));
    }
    return null;
  }

  async #inflict(fault: GatewayFault, { process, edge, door }: StruckGateway): Promise<Wound> {
    switch (fault.kind) {
      case "gateway-kill": {
        const how = await process.kill();
        return { hasBitten: () => how === "SIGKILL", heal: () => process.start() };
      }
      case "gateway-pause": {
        const stands = await process.pause();
        return { hasBitten: () => stands, heal: async () => process.resume() };
      }
      case "upgrades-refused": {
        const before = door.refused;
        door.shut();
        return { hasBitten: () => door.refused > before, heal: async () => door.open() };
      }
      case "link-cut": {
        const { proxy } = this.#parts;
        const there = proxy.way(process.name, edge);
        const back = proxy.way(edge, process.name);
        const ways = fault.side === "both" ? [there, back] : [fault.side === "mute" ? there : back];
        const before = ways.reduce((sum, { held }) => sum + held, 0);
        for (const way of ways) way.hold();
        return {
          hasBitten: () => ways.reduce((sum, { held }) => sum + held, 0) > before,
          heal: async () => {
            for (const way of ways) way.release(fault.breaks);
          },
        };
      }
    }
  }
}
