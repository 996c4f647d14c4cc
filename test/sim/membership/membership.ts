/**
 * The voter sets of a world as one sees them who sees everything: which are in force, whose loss they bear, and which
 * replicas are enough to serve. Faults and operators ask here, so that no majority of storages is ever destroyed,
 * neither by a loss nor by a change that leaves the lost ones in the majority.
 */
import {
  latestVoters,
  mayStand,
  logEnd,
  type LogPosition,
  type OutgoingRequest,
  type ReplicaKey,
} from "../../../src/raft/index.ts";
import { nameOfKey } from "../directories.ts";
import type { Replica } from "../replica.ts";
import type { World } from "../world.ts";

/** The names of its members. */
export type Voters = readonly string[];

export class Membership {
  readonly #world: World;
  /** Those that are to serve by themselves, in the middle of everything; null while nobody in particular is. */
  #serving: readonly Replica[] | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** The newest voter set in the log of a replica, committed or not. */
  votersOf(replica: Replica): Voters {
    const { instance } = replica;
    if (instance === undefined) return this.storedVotersOf(replica);
    return namesOf(latestVoters(instance.state.voters));
  }

  /** The newest voter set that a replica has durably: what it goes by when it comes back. */
  storedVotersOf({ name, config }: Replica): Voters {
    const held = this.#world.bench.ghost.log(name).votersBelow(Number.POSITIVE_INFINITY);
    return held ?? namesOf(config.bootstrapVoters);
  }

  /** From now on these are to serve by themselves: nobody asks for a set of which they are no majority. */
  leanOn(serving: readonly Replica[]): void {
    this.#serving = serving;
  }

  /**
   * Every set that counts, or may count in a moment: the committed one, those in logs that hold all that is committed,
   * and what a leader is about to make of its own. Sets of logs that lag behind elect nobody.
   */
  get inForce(): readonly Voters[] {
    const { committed } = this.#world.bench.ghost;
    const end = { offset: committed.end, epoch: committed.last?.epoch ?? 0 };
    const sets = [committed.votersBelow(committed.end) ?? []];
    for (const replica of this.#sound) {
      if (isBehind(this.#endOf(replica), end)) continue;
      sets.push(this.votersOf(replica), this.#pendingOf(replica));
    }
    const distinct = new Map(sets.map((set) => [set.toSorted().join(), set]));
    return [...distinct.values()].filter(({ length }) => length > 0);
  }

  /** Whether every set in force keeps a majority of sound storages without this one. */
  canLose(victim: Replica): boolean {
    return this.hasMajorities(this.#sound.filter((other) => other !== victim));
  }

  /** Whether these are a majority of every set in force. */
  hasMajorities(replicas: readonly Replica[]): boolean {
    return this.inForce.every((set) => isMajority(set, replicas));
  }

  /**
   * Whether a replica may be asked for that: a change must leave the new set a majority of sound storages, and of those
   * that are to serve by themselves.
   */
  allows(replica: Replica, body: OutgoingRequest): boolean {
    if (body.api !== "add-raft-voter" && body.api !== "remove-raft-voter") return true;
    const { instance } = replica;
    if (instance === undefined || instance.state.role.kind !== "leader") return true;
    const after = changed(this.votersOf(replica), body.api, body.voter);
    const isServed = this.#serving === null || isMajority(after, this.#serving);
    if (after.length === 0 || (isServed && isMajority(after, this.#sound))) return true;
    this.#world.tally.count("membership: thought better of");
    return false;
  }

  /**
   * The first of `ranked` that are enough to serve by themselves: a majority of every set in force, and with the
   * longest log one of them that can be elected by its own set.
   */
  coreOf(ranked: readonly Replica[]): readonly Replica[] {
    const core: Replica[] = [];
    for (const set of this.inForce)
      for (const replica of ranked) {
        if (isMajority(set, core)) break;
        if (set.includes(replica.name) && !core.includes(replica)) core.push(replica);
      }
    for (const replica of ranked) {
      if (this.#canElect(core)) break;
      if (!core.includes(replica)) core.push(replica);
    }
    return core;
  }

  #canElect(core: readonly Replica[]): boolean {
    return core.some((candidate) => {
      const end = this.#endOf(candidate);
      const granting = core.filter((voter) => !isBehind(end, this.#endOf(voter)));
      return this.#mayStand(candidate) && isMajority(this.votersOf(candidate), granting);
    });
  }

  /**
   * Whether its newest set lists it, or it is a leader that has removed itself and does not know that to be done
   * (MB-1).
   */
  #mayStand(replica: Replica): boolean {
    if (replica.instance !== undefined) return mayStand(replica.instance.state);
    return this.votersOf(replica).includes(replica.name);
  }

  get #sound(): readonly Replica[] {
    return [...this.#world.replicas.values()].filter(
      ({ hasLostStorage, isLostForGood }) => !hasLostStorage && !isLostForGood,
    );
  }

  #endOf({ name, instance }: Replica): LogPosition {
    if (instance !== undefined) return logEnd(instance.state.log);
    const { end, last } = this.#world.bench.ghost.log(name);
    return { offset: end, epoch: last?.epoch ?? 0 };
  }

  /** What a leader's set becomes by the change that it has not appended yet; empty without one. */
  #pendingOf(replica: Replica): Voters {
    const role = replica.instance?.state.role;
    if (role?.kind !== "leader" || role.change === null || role.change.phase === "appended")
      return [];
    const { api, voter } = role.change;
    return api === "update-raft-voter" ? [] : changed(this.votersOf(replica), api, voter.key);
  }
}

const namesOf = (voters: readonly { readonly key: ReplicaKey }[]): Voters =>
  voters.map(({ key }) => nameOfKey(key));

function changed(
  voters: Voters,
  api: "add-raft-voter" | "remove-raft-voter",
  key: ReplicaKey,
): Voters {
  const name = nameOfKey(key);
  const others = voters.filter((other) => other !== name);
  return api === "add-raft-voter" ? [...others, name] : others;
}

export const isMajority = (set: Voters, replicas: readonly Replica[]): boolean =>
  2 * replicas.filter(({ name }) => set.includes(name)).length > set.length;

/** Whether a log is less new than another (V-4). */
const isBehind = (one: LogPosition, other: LogPosition): boolean =>
  one.epoch < other.epoch || (one.epoch === other.epoch && one.offset < other.offset);
