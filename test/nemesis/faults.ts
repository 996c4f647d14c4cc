/**
 * Strikes as planned, and makes good again. A fault counts as fired when it was seen to bite: a process that the signal
 * has ended or stopped, bytes that waited, a write that the system refused. One that finds nobody to strike has not
 * fired.
 */
import type { Member } from "./member.ts";
import type { Fault, FaultKind, Victim } from "./plan.ts";
import type { Way } from "./proxy.ts";
import { EDGE, type SpreadQuorum } from "./spread-quorum.ts";

/** A fault as it came about. */
export interface Strike {
  readonly kind: FaultKind;
  /** In ms of `performance.now()`. */
  readonly fromMs: number;
  /** When it was made good. */
  readonly untilMs: number;
  /** Names of whom it struck. */
  readonly victims: readonly string[];
  readonly struckLeader: boolean;
  readonly isFired: boolean;
}

/** Makes a fault good; whether it has bitten. */
type Heal = () => Promise<boolean>;

type FaultOf<Kind extends FaultKind> = Extract<Fault, { readonly kind: Kind }>;

export class Nemesis {
  readonly strikes: Strike[] = [];
  readonly #quorum: SpreadQuorum;
  readonly #failures: unknown[] = [];

  constructor(quorum: SpreadQuorum) {
    this.#quorum = quorum;
  }

  /** Strikes all of it, each fault at its time; resolves when everything is made good. Throws what went wrong here. */
  async carryOut(plan: readonly Fault[]): Promise<void> {
    const startedMs = performance.now();
    const underWay: Promise<void>[] = [];
    for (const fault of plan) {
      const restMs = startedMs + fault.atMs - performance.now();
      if (restMs > 0) await new Promise((settle) => setTimeout(settle, restMs));
      underWay.push(this.#carryOutOne(fault).catch((error: unknown) => this.#fail(error)));
    }
    await Promise.all(underWay);
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, "a fault went wrong");
  }

  #fail(error: unknown): void {
    this.#failures.push(error);
  }

  async #carryOutOne(fault: Fault): Promise<void> {
    const leader = await this.#quorum.leader();
    const victims = this.#victims(fault.victim, leader);
    const fromMs = performance.now();
    const heals: Heal[] = [];
    for (const victim of victims) victim.isTaken = true;
    for (const victim of victims) heals.push(await this.#inflict(fault, victim));
    await new Promise((settle) => setTimeout(settle, fault.lastsMs));
    const bitten = await Promise.all(heals.map((heal) => heal()));
    for (const victim of victims) victim.isTaken = false;
    this.strikes.push({
      kind: fault.kind,
      fromMs,
      untilMs: performance.now(),
      victims: victims.map(({ name }) => name),
      struckLeader: leader !== null && victims.includes(leader),
      isFired: bitten.includes(true),
    });
  }

  /** Nobody under another fault: the one that is meant, or else the next that is free. */
  #victims(victim: Victim, leader: Member | null): readonly Member[] {
    const { nodes } = this.#quorum;
    const free = nodes.filter(({ isTaken }) => !isTaken);
    if (victim === "all") return free;
    const meant = victim === "leader" ? leader : (nodes[victim] ?? null);
    if (meant !== null && free.includes(meant)) return [meant];
    return free.slice(0, 1);
  }

  #inflict(fault: Fault, victim: Member): Promise<Heal> {
    switch (fault.kind) {
      case "kill":
        return kill(victim);
      case "pause":
        return pause(victim);
      case "partition":
        return this.#partition(fault, victim);
      case "delay":
        return this.#delay(fault, victim);
      case "full-disk":
        return fillDisk(fault, victim);
    }
  }

  async #partition(
    { side, isFromPeersAlone, breaks }: FaultOf<"partition">,
    { name }: Member,
  ): Promise<Heal> {
    const others = this.#othersOf(name).filter((other) => other !== EDGE || !isFromPeersAlone);
    const to = side === "mute" ? [] : others.map((other) => this.#quorum.proxy.way(other, name));
    const from = side === "deaf" ? [] : others.map((other) => this.#quorum.proxy.way(name, other));
    const ways = [...to, ...from];
    const before = sum(ways, ({ held }) => held);
    for (const way of ways) way.hold();
    return async () => {
      for (const way of ways) way.release(breaks);
      return sum(ways, ({ held }) => held) > before;
    };
  }

  async #delay({ delayMs }: FaultOf<"delay">, { name }: Member): Promise<Heal> {
    const { proxy } = this.#quorum;
    const ways = this.#othersOf(name).flatMap((other) => [
      proxy.way(other, name),
      proxy.way(name, other),
    ]);
    const before = sum(ways, ({ delayed }) => delayed);
    for (const way of ways) way.slow(delayMs);
    return async () => {
      for (const way of ways) way.slow(-delayMs);
      return sum(ways, ({ delayed }) => delayed) > before;
    };
  }

  #othersOf(name: string): readonly string[] {
    const names = [...this.#quorum.nodes.map((node) => node.name), EDGE];
    return names.filter((other) => other !== name);
  }
}

const sum = (ways: readonly Way[], of: (way: Way) => number): number =>
  ways.reduce((total, way) => total + of(way), 0);

async function kill(victim: Member): Promise<Heal> {
  const how = await victim.kill();
  return async () => {
    await victim.start();
    return how === "SIGKILL";
  };
}

async function pause(victim: Member): Promise<Heal> {
  const stands = await victim.pause();
  return async () => {
    victim.resume();
    return stands;
  };
}

async function fillDisk({ fileBytes }: FaultOf<"full-disk">, victim: Member): Promise<Heal> {
  const before = victim.refusedWrites;
  await victim.limitFiles(fileBytes);
  return async () => {
    await victim.limitFiles(null);
    return victim.refusedWrites > before;
  };
}
