/**
 * Where the replicas of new partitions go: striped over racks and brokers, so that leaders, followers and pairs
 * of the two spread evenly without counting load. It is Kafka's own placer, draw for draw, so that its
 * published vectors are ours. It never moves an existing replica, and it knows neither disks nor load.
 *
 * Aims, in this order: the first replica (the leader to be) is on an active broker; the first replicas of
 * successive partitions cycle over the racks; the replicas of one partition lie on as many racks as there are.
 */
import { assert } from "../../std/assert.ts";
import { nextInt, type Random } from "../../std/random.ts";

/** Draws an integer in [0, bound): the placer's only source of chance. */
export type Draw = (bound: number) => number;

/** Draws from `random` and its successors. */
export function drawsOf(random: Random): Draw {
  let current = random;
  return (bound) => {
    const drawn = nextInt(current, bound);
    current = drawn.random;
    return drawn.value;
  };
}

/** A broker that may hold replicas. An inactive one (fenced, or shutting down) only ever follows. */
export interface PlaceableBroker {
  readonly id: number;
  /** Null brokers share one nameless rack. */
  readonly rack: string | null;
  readonly isActive: boolean;
  /** Why it is not active: it changes the words of a refusal, nothing else. */
  readonly inControlledShutdown: boolean;
}

export interface PlacementSpec {
  readonly brokers: readonly PlaceableBroker[];
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Brokers were left out because all their directories are cordoned (KIP-1066): a refusal says so. */
  readonly leavesOutCordoned?: boolean;
}

/** Replicas per partition, in the order asked for, or the reason why there can be none. */
export type Placement =
  | { readonly kind: "placed"; readonly partitions: readonly (readonly number[])[] }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Places `partitionCount` new partitions. The order of the draws is part of the contract: one per non-empty list
 * of brokers (racks ascending, in each the inactive ones first), one for the first rack, then the shuffles.
 */
export function placeStriped(spec: PlacementSpec, draw: Draw): Placement {
  const { brokers, partitionCount, replicationFactor } = spec;
  // The stripes are laid out before the checks: a refused request consumes the same draws as a granted one.
  const stripes = new Stripes(brokers, draw);
  if (replicationFactor <= 0) {
    return refused(
      `Invalid replication factor ${replicationFactor}: the replication factor must be positive.`,
    );
  }
  if (!brokers.some((broker) => broker.isActive)) {
    const shuttingDown = brokers.some((broker) => broker.inControlledShutdown);
    return refused(
      `All brokers are currently fenced${shuttingDown ? " or in controlled shutdown" : ""}.`,
    );
  }
  if (replicationFactor > brokers.length) {
    return refused(
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
        `${brokers.length} broker(s) are registered` +
        (spec.leavesOutCordoned === true
          ? " or some brokers have all their log directories cordoned."
          : "."),
    );
  }
  const partitions: (readonly number[])[] = [];
  for (let i = 0; i < partitionCount; i++) partitions.push(stripes.place(replicationFactor));
  return { kind: "placed", partitions };
}

const refused = (reason: string): Placement => ({ kind: "refused", reason });

/** The brokers of one rack in one condition, handed out one by one, each at most once per epoch. */
class Stripe {
  readonly #brokers: number[];
  #offset: number;
  #index = 0;
  #epoch = 0;

  constructor(brokers: readonly number[], draw: Draw) {
    this.#brokers = brokers.toSorted((a, b) => a - b);
    this.#offset = this.#brokers.length === 0 ? 0 : draw(this.#brokers.length);
  }

  /** The next broker of this epoch, or null once every one of them has been handed out. */
  next(epoch: number): number | null {
    const size = this.#brokers.length;
    if (this.#epoch !== epoch) {
      this.#epoch = epoch;
      this.#index = 0;
      this.#offset = (this.#offset + 1) % Math.max(1, size);
    }
    if (this.#index >= size) return null;
    const broker = this.#brokers[(this.#offset + this.#index) % size];
    this.#index += 1;
    return broker ?? null;
  }

  shuffle(draw: Draw): void {
    shuffle(this.#brokers, draw);
  }
}

interface RackStripes {
  readonly inactive: Stripe;
  readonly active: Stripe;
}

/** All racks, with the cursor that walks them. Mutable, and gone when `placeStriped` returns. */
class Stripes {
  readonly #draw: Draw;
  readonly #racks: readonly RackStripes[];
  /** Indexes into `#racks`: the order in which racks are visited, which a shuffle may change. */
  readonly #visits: number[];
  readonly #activeCount: number;
  readonly #brokerCount: number;
  #offset: number;
  #epoch = 0;

  constructor(brokers: readonly PlaceableBroker[], draw: Draw) {
    this.#draw = draw;
    const names = [...new Set(brokers.map((broker) => broker.rack))].toSorted(byRack);
    this.#racks = names.map((rack) => {
      const of = (isActive: boolean): number[] =>
        brokers.filter((b) => b.rack === rack && b.isActive === isActive).map((b) => b.id);
      const inactive = new Stripe(of(false), draw);
      return { inactive, active: new Stripe(of(true), draw) };
    });
    this.#visits = names.map((_, index) => index);
    this.#activeCount = brokers.filter((broker) => broker.isActive).length;
    this.#brokerCount = brokers.length;
    this.#offset = names.length === 0 ? 0 : draw(names.length);
  }

  place(replicationFactor: number): readonly number[] {
    assert(
      this.#activeCount > 0 && replicationFactor <= this.#brokerCount,
      `${replicationFactor} replicas fit ${this.#brokerCount} brokers, ${this.#activeCount} of them active`,
    );
    this.#shuffleAfterFullRound();
    if (this.#offset === this.#racks.length) this.#offset = 0;

    let leaderRack = this.#offset;
    let leader = this.#at(leaderRack).active.next(this.#epoch);
    while (leader === null) {
      leaderRack = this.#after(leaderRack);
      leader = this.#at(leaderRack).active.next(this.#epoch);
    }
    const replicas = [leader];

    let cursor = this.#offset;
    let hasPassedLeaderRack = false;
    while (replicas.length < replicationFactor) {
      // The leader's rack waits until every other rack has had its turn.
      if (cursor === leaderRack && !hasPassedLeaderRack) {
        hasPassedLeaderRack = true;
      } else {
        const rack = this.#at(cursor);
        const broker = rack.active.next(this.#epoch) ?? rack.inactive.next(this.#epoch);
        if (broker !== null) replicas.push(broker);
      }
      cursor = this.#after(cursor);
    }
    this.#epoch += 1;
    this.#offset += 1;
    return replicas;
  }

  /** Once every active broker could have led, a new order: else the same followers would always meet. */
  #shuffleAfterFullRound(): void {
    if (this.#epoch !== this.#activeCount || this.#activeCount <= 1) return;
    shuffle(this.#visits, this.#draw);
    for (const rack of this.#racks) {
      rack.inactive.shuffle(this.#draw);
      rack.active.shuffle(this.#draw);
    }
    this.#epoch = 0;
  }

  #after(cursor: number): number {
    return cursor + 1 === this.#racks.length ? 0 : cursor + 1;
  }

  #at(cursor: number): RackStripes {
    const rack = this.#racks[this.#visits[cursor] ?? -1];
    assert(rack !== undefined, `rack ${cursor} of ${this.#racks.length} exists`);
    return rack;
  }
}

/** The nameless rack first, then by name. */
function byRack(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Fisher and Yates, from the end, as java.util.Collections does it. */
function shuffle(items: number[], draw: Draw): void {
  for (let size = items.length; size > 1; size--) {
    const from = draw(size);
    const last = items[size - 1];
    const other = items[from];
    assert(last !== undefined && other !== undefined, `0 <= ${from} < ${size}`);
    items[size - 1] = other;
    items[from] = last;
  }
}
