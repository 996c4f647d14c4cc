/**
 * Replicas as small integers: each distinct pair of a broker and one of its log directories has a slot, and rows
 * of the partition table name slots instead of repeating a sixteen-byte directory. There are as many pairs as
 * disks, not as partitions. Slots are only ever added, so a table serves every later image too.
 */
import { byNumber, ImmutableMap } from "../../std/immutable-map.ts";
import { assert } from "../../std/assert.ts";
import { byUuid } from "./uuid-order.ts";
import type { Uuid } from "../../protocol/index.ts";

/** Slot numbers count from 0; `brokerIds` and `directories` are indexed by them. */
export interface ReplicaSlots {
  readonly brokerIds: readonly number[];
  readonly directories: readonly Uuid[];
  readonly numbers: ImmutableMap<number, ImmutableMap<Uuid, number>>;
}

export const NO_SLOTS: ReplicaSlots = {
  brokerIds: [],
  directories: [],
  numbers: ImmutableMap.empty(byNumber),
};

const NO_DIRECTORIES: ImmutableMap<Uuid, number> = ImmutableMap.empty(byUuid);

/** A replica's broker and directory. */
interface Replica {
  readonly brokerId: number;
  readonly directory: Uuid;
}

/** The table in which `replica` has a slot; the same one if it has one already. */
function withSlot(slots: ReplicaSlots, { brokerId, directory }: Replica): ReplicaSlots {
  const ofBroker = slots.numbers.get(brokerId) ?? NO_DIRECTORIES;
  if (ofBroker.has(directory)) return slots;
  return {
    brokerIds: [...slots.brokerIds, brokerId],
    directories: [...slots.directories, directory],
    numbers: slots.numbers.set(brokerId, ofBroker.set(directory, slots.brokerIds.length)),
  };
}

/**
 * The slots of the replicas that one run of records names: found in a table, or added to it. A run names the same
 * disks again and again, and a plain map gives their numbers for a fraction of what the persistent one takes.
 */
export class SlotFinder {
  #slots: ReplicaSlots;
  readonly #known = new Map<number, Map<Uuid, number>>();

  constructor(slots: ReplicaSlots) {
    this.#slots = slots;
  }

  /** The table with every replica in it that was asked for. */
  get slots(): ReplicaSlots {
    return this.#slots;
  }

  slotOf(brokerId: number, directory: Uuid): number {
    return this.#known.get(brokerId)?.get(directory) ?? this.#find(brokerId, directory);
  }

  #find(brokerId: number, directory: Uuid): number {
    this.#slots = withSlot(this.#slots, { brokerId, directory });
    const slot = this.#slots.numbers.get(brokerId)?.get(directory);
    assert(slot !== undefined, `no slot for directory ${directory} of broker ${brokerId}`);
    const ofBroker = this.#known.get(brokerId) ?? new Map<Uuid, number>();
    this.#known.set(brokerId, ofBroker.set(directory, slot));
    return slot;
  }
}

export function brokerOfSlot(slots: ReplicaSlots, slot: number): number {
  const brokerId = slots.brokerIds[slot];
  assert(brokerId !== undefined, `slot ${slot} is not in the table`);
  return brokerId;
}

export function directoryOfSlot(slots: ReplicaSlots, slot: number): Uuid {
  const directory = slots.directories[slot];
  assert(directory !== undefined, `slot ${slot} is not in the table`);
  return directory;
}

/** Whether a row that was written with `before` says the same when it is read with `after`. */
export const extendsSlots = (before: ReplicaSlots, after: ReplicaSlots): boolean =>
  before === after ||
  before.brokerIds.every(
    (brokerId, slot) =>
      after.brokerIds[slot] === brokerId && after.directories[slot] === before.directories[slot],
  );
