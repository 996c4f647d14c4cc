/**
 * Strikes as planned, and makes good again. A fault counts as fired when it was seen to bite: a process that the signal
 * has ended or stopped, bytes that waited, a write that the system refused. One that finds nobody to strike has not
 * fired.
 */
import type { Member } from "./member.ts";
import type { Fault, FaultKind, Victim } from "./plan.ts";
import type { Way } from "./proxy.ts";
import { EDGES, PLACE_NAMES } from "./places.ts";
import type { PlacedController, SpreadQuorum } from "./spread-quorum.ts";

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

/** A fault that is under way. */
export interface Wound {
  readonly hasBitten: () => boolean;
  readonly heal: () => Promise<void>;
}

/**
 * One that has not bitten when its time is over goes on for so long at most: there may be nothing to bite just then.
 */
const EXTRA_MS = 10_000;
/** The longest of the faults does not take longer. */
const FREE_MS = 25_000;
const LOOK_MS = 20;

/** One that disturbs processes or the network, and not who votes. */
type DisruptiveFault = Exclude<Fault, { readonly kind: "membership" }>;

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
    if (fault.kind === "membership") return await this.#replace(fault);
    const { leader, victims } = await this.#takeVictims(fault.victim);
    try {
      const struckLeader = leader !== null && victims.includes(leader.member);
      this.strikes.push({ ...(await this.#strike(fault, victims)), struckLeader });
    } finally {
      for (const victim of victims) victim.isTaken = false;
    }
  }

  /** Replaces a voter, or finishes the change that broke off before. Nobody is taken: other faults go on meanwhile. */
  async #replace({ kind, victim, lastsMs }: FaultOf<"membership">): Promise<void> {
    const { voters, controllers } = this.#quorum;
    const leader = await this.#quorum.leader();
    const meant = typeof victim === "number" ? controllers[victim] : leader;
    const leaves = meant ?? controllers[0];
    if (leaves === undefined) return;
    const fromMs = performance.now();
    const isFired = await voters.replace(leaves.id, lastsMs);
    if (!isFired) console.log(`a change of voters is not finished in time: ${voters.reason}`);
    this.strikes.push({
      kind,
      fromMs,
      untilMs: performance.now(),
      victims: [leaves.member.name],
      struckLeader: leaves === leader,
      isFired,
    });
  }

  async #strike(
    fault: DisruptiveFault,
    victims: readonly Member[],
  ): Promise<Omit<Strike, "struckLeader">> {
    const fromMs = performance.now();
    const wounds: Wound[] = [];
    for (const victim of victims) wounds.push(await this.#inflict(fault, victim));
    await new Promise((settle) => setTimeout(settle, fault.lastsMs));
    const isFired = await bitten(wounds);
    await Promise.all(wounds.map(({ heal }) => heal()));
    return {
      kind: fault.kind,
      fromMs,
      untilMs: performance.now(),
      victims: victims.map(({ name }) => name),
      isFired,
    };
  }

  /** Takes them. Waits until somebody is free, if all are under other faults; nobody when that takes too long. */
  async #takeVictims(
    victim: Victim,
  ): Promise<{ readonly leader: PlacedController | null; readonly victims: readonly Member[] }> {
    const deadline = performance.now() + FREE_MS;
    for (;;) {
      const leader = await this.#quorum.leader();
      const victims = this.#victims(victim, leader?.member ?? null);
      for (const each of victims) each.isTaken = true;
      if (victims.length > 0 || performance.now() > deadline) return { leader, victims };
      await new Promise((settle) => setTimeout(settle, LOOK_MS));
    }
  }

  /** Nobody under another fault: the one that is meant, or else the next that is free. */
  #victims(victim: Victim, leader: Member | null): readonly Member[] {
    const members = this.#quorum.controllers.map(({ member }) => member);
    const free = members.filter(({ isTaken }) => !isTaken);
    if (victim === "all") return free;
    const meant = victim === "leader" ? leader : (members[victim] ?? null);
    if (meant !== null && free.includes(meant)) return [meant];
    return free.slice(0, 1);
  }

  #inflict(fault: DisruptiveFault, victim: Member): Promise<Wound> {
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
  ): Promise<Wound> {
    const others = othersOf(name, isFromPeersAlone ? PLACE_NAMES : EVERYBODY);
    const to = side === "mute" ? [] : others.map((other) => this.#quorum.proxy.way(other, name));
    const from = side === "deaf" ? [] : others.map((other) => this.#quorum.proxy.way(name, other));
    const ways = [...to, ...from];
    const before = sum(ways, ({ held }) => held);
    for (const way of ways) way.hold();
    return {
      hasBitten: () => sum(ways, ({ held }) => held) > before,
      heal: async () => {
        for (const way of ways) way.release(breaks);
      },
    };
  }

  async #delay({ delayMs }: FaultOf<"delay">, { name }: Member): Promise<Wound> {
    const { proxy } = this.#quorum;
    const ways = othersOf(name, EVERYBODY).flatMap((other) => [
      proxy.way(other, name),
      proxy.way(name, other),
    ]);
    const before = sum(ways, ({ delayed }) => delayed);
    for (const way of ways) way.slow(delayMs);
    return {
      hasBitten: () => sum(ways, ({ delayed }) => delayed) > before,
      heal: async () => {
        for (const way of ways) way.slow(-delayMs);
      },
    };
  }
}

const EVERYBODY: readonly string[] = [...PLACE_NAMES, ...EDGES];

const othersOf = (name: string, names: readonly string[]): readonly string[] =>
  names.filter((other) => other !== name);

const sum = (ways: readonly Way[], of: (way: Way) => number): number =>
  ways.reduce((total, way) => total + of(way), 0);

/** Waits a while for one of them to bite; false of none, and when there are none. */
export async function bitten(wounds: readonly Wound[]): Promise<boolean> {
  const deadline = performance.now() + EXTRA_MS;
  for (;;) {
    if (wounds.some(({ hasBitten }) => hasBitten())) return true;
    if (wounds.length === 0 || performance.now() > deadline) return false;
    await new Promise((settle) => setTimeout(settle, LOOK_MS));
  }
}

async function kill(victim: Member): Promise<Wound> {
  const how = await victim.kill();
  return { hasBitten: () => how === "SIGKILL", heal: () => victim.start() };
}

async function pause(victim: Member): Promise<Wound> {
  const stands = await victim.pause();
  return { hasBitten: () => stands, heal: async () => victim.resume() };
}

async function fillDisk({ fileBytes }: FaultOf<"full-disk">, victim: Member): Promise<Wound> {
  const before = victim.refusedWrites;
  await victim.limitFiles(fileBytes);
  return {
    hasBitten: () => victim.refusedWrites > before,
    heal: () => victim.limitFiles(null),
  };
}
