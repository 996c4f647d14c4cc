/**
 * Everything at one moment: the replicas, what is under way between them, what has ever been true, and how much of what
 * the model allows is used up. A world is a value, and so is what happens next to it.
 */
import type { Response } from "../../src/raft/index.ts";
import type { Exchange, Exchanges, Stage } from "./exchange.ts";
import type { Ghost } from "./ghost.ts";
import { type Identified, Identities } from "./identities.ts";
import { RELABELINGS, isOfClient, nodeId, requestId, textOf } from "./relabeling.ts";
import type { Deed, Replica } from "./replica.ts";
import type { Timer } from "./rest.ts";

/** What a model allows so many of. */
export type Cost =
  | `timer of ${Timer}`
  | "crash"
  /** A message is lost, or its requester gives up while it is under way. */
  | "loss"
  /** A message arrives twice. */
  | "copy"
  | `command ${string}`;

export type Spent = Readonly<Partial<Record<Cost, number>>> & Identified;

export class Purse {
  readonly #known = new Identities<Readonly<Partial<Record<Cost, number>>>>(
    (spent, names) => `spent ${textOf(spent, names)}`,
  );

  readonly empty: Spent = this.#known.of({});

  readonly #after = new Map<Spent, Map<Cost, Spent>>();

  with(spent: Spent, cost: Cost): Spent {
    const after = this.#after.get(spent) ?? new Map<Cost, Spent>();
    this.#after.set(spent, after);
    const { id: _, prints: __, ...counts } = spent;
    const known = after.get(cost) ?? this.#known.of({ ...counts, [cost]: (spent[cost] ?? 0) + 1 });
    after.set(cost, known);
    return known;
  }
}

export interface World {
  /** By node. */
  readonly replicas: readonly Replica[];
  /** None twice. */
  readonly exchanges: readonly Exchange[];
  readonly ghost: Ghost;
  readonly spent: Spent;
}

/** The smallest of a world's fingerprints under all relabelings: the same for worlds that differ in names only. */
export function printOf({ replicas, exchanges, ghost, spent }: World): readonly [number, number] {
  let low = 0xffffffff;
  let high = 0xffffffff;
  for (let at = 0; at < 2 * RELABELINGS.length; at += 2) {
    let one = sumAt(ghost, spent, at);
    let two = sumAt(ghost, spent, at + 1);
    for (const { prints } of replicas) {
      one = (one + (prints[at] ?? 0)) >>> 0;
      two = (two + (prints[at + 1] ?? 0)) >>> 0;
    }
    for (const { prints } of exchanges) {
      one = (one + (prints[at] ?? 0)) >>> 0;
      two = (two + (prints[at + 1] ?? 0)) >>> 0;
    }
    if (two < high || (two === high && one < low)) {
      low = one;
      high = two;
    }
  }
  return [low, high];
}

const sumAt = (one: Identified, other: Identified, at: number): number =>
  ((one.prints[at] ?? 0) + (other.prints[at] ?? 0)) >>> 0;

/** A name for a request of `requester` that no other request at that receiver has. */
export function freeSlot({ exchanges }: World, { requester, responder }: Exchange): number {
  let slot = 0;
  const isTaken = ({ requester: from, responder: at, stage }: Exchange): boolean =>
    from === requester && at === responder && stage.kind === "waiting" && stage.slot === slot;
  while (exchanges.some(isTaken)) slot += 1;
  return slot;
}

/** A shell answers an ApiVersions by itself, and always the same. */
const VERSIONS: Response = {
  api: "api-versions",
  error: "NONE",
  epoch: 0,
  leaderId: null,
  leaderEndpoints: [],
  kraftVersions: { min: 0, max: 1 },
};

/** The exchanges of a world while they change. */
export class Traffic {
  #all: Exchange[];
  readonly #exchanges: Exchanges;

  constructor(world: World, exchanges: Exchanges) {
    this.#all = [...world.exchanges];
    this.#exchanges = exchanges;
  }

  get all(): readonly Exchange[] {
    return this.#all;
  }

  /** A message arrives: it is gone, and a request is in its receiver's hands. */
  deliver(exchange: Exchange, slot: number): void {
    this.#remove(exchange);
    if (exchange.stage.kind === "asked") {
      this.#add(this.#exchanges.of(exchange, { kind: "waiting", slot }));
    }
  }

  /** The same message will arrive once more, as one that nobody awaits. */
  keepCopy(exchange: Exchange): void {
    this.#add(this.#exchanges.of({ ...exchange, isAwaited: false }, exchange.stage));
  }

  /** A message is lost, and its requester will hear of no answer. */
  lose(exchange: Exchange): void {
    this.#remove(exchange);
    if (exchange.isAwaited) this.#add(this.#exchanges.of(exchange, { kind: "failed" }));
  }

  /** What a step gave rise to. The complaint is about an answer that nobody has asked for. */
  perform(node: number, { forgets, replies, sends }: Deed): string | null {
    const id = nodeId(node);
    for (const peer of forgets) this.#forget(id, peer);
    for (const { to, response } of replies) {
      if (isOfClient(to)) continue;
      const asked = this.#all.find(
        ({ requester, responder, stage }) =>
          responder === id && stage.kind === "waiting" && requestId(requester, stage.slot) === to,
      );
      if (asked === undefined) return `replica ${id} answers a request twice`;
      this.#remove(asked);
      if (asked.isAwaited) this.#add(this.#exchanges.of(asked, { kind: "answered", response }));
    }
    for (const { to, request } of sends) {
      const parties = { requester: id, responder: to, isAwaited: true };
      const stage: Stage =
        request.api === "api-versions"
          ? { kind: "answered", response: VERSIONS }
          : { kind: "asked", request };
      this.#add(this.#exchanges.of(parties, stage));
    }
    return null;
  }

  /** A replica is gone with its memory: whoever waits for its answer will hear so, and it awaits none itself. */
  crash(node: number): void {
    const id = nodeId(node);
    const before = this.#all;
    for (const exchange of before) {
      if (exchange.responder === id && exchange.stage.kind === "waiting") this.lose(exchange);
      if (exchange.requester === id && exchange.isAwaited) this.#forget(id, exchange.responder);
    }
  }

  #forget(requester: number, responder: number): void {
    const exchange = this.#all.find(
      (one) => one.requester === requester && one.responder === responder && one.isAwaited,
    );
    if (exchange === undefined) return;
    this.#remove(exchange);
    const late = this.#exchanges.forgotten(exchange);
    if (late !== null) this.#add(late);
  }

  #remove(exchange: Exchange): void {
    this.#all = this.#all.filter((one) => one !== exchange);
  }

  #add(exchange: Exchange): void {
    if (!this.#all.includes(exchange)) this.#all.push(exchange);
  }
}
