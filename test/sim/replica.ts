/**
 * One replica of the simulated quorum over its whole life: a disk that lasts, a clock of its own, and one
 * incarnation after the other. Eviction drops memory at any moment; what was not durable is lost with it.
 */
import {
  type DurableImage,
  type ElectionState,
  type Entry,
  type EpochStart,
  type PersistEffect,
  type RaftConfig,
  type Request,
  type Response,
  type VotersRecord,
} from "../../src/raft/index.ts";
import { AssertionError } from "../../src/std/assert.ts";
import { Disk } from "./disk.ts";
import { markOf } from "./entries.ts";
import { Instance } from "./instance.ts";
import { nameOf } from "./observation.ts";
import type { World } from "./world.ts";

/** How long an instance stays away at most when it is not called. */
const DOWN_MS_MAX = 5_000;
const ZOMBIE_MS_MAX = 10_000;

export class Replica {
  readonly id: number;
  readonly name: string;
  readonly world: World;
  readonly config: RaftConfig;
  readonly disk = new Disk<ElectionState, Entry, PersistEffect>();
  instance: Instance | undefined;
  #incarnation = 0;
  #clockOffsetMs: number;
  readonly #jumps: { readonly at: number; readonly byMs: number }[] = [];
  #zombies: Instance[] = [];

  constructor(world: World, config: RaftConfig) {
    this.world = world;
    this.config = config;
    this.id = config.local.key.id;
    this.name = nameOf(this.id);
    this.#clockOffsetMs = world.chance.between(0, 1_000_000);
  }

  /** What time this replica believes it is. */
  clock(): number {
    return this.world.timeline.now + this.#clockOffsetMs;
  }

  jumpClock(byMs: number): void {
    this.#clockOffsetMs = Math.max(0, this.#clockOffsetMs + byMs);
    this.#jumps.push({ at: this.world.timeline.now, byMs });
  }

  /** How far its clock has jumped in the last `withinMs` of true time, jump by jump. */
  jumps(withinMs: number): readonly number[] {
    const since = this.world.timeline.now - withinMs;
    return this.#jumps.filter(({ at }) => at >= since).map(({ byMs }) => byMs);
  }

  get leads(): boolean {
    return this.instance?.state.role.kind === "leader";
  }

  /** Starts the next incarnation from what is durable. */
  boot(): void {
    const { world } = this;
    if (this.instance !== undefined || world.isOver) return;
    this.#incarnation += 1;
    const { config } = this;
    const seed = world.chance.word();
    world.trace.note(this.name, `boots as ${this.name}#${this.#incarnation}`);
    try {
      const durable = { image: this.#image(), config, now: this.clock(), seed };
      this.instance = new Instance(this, this.#incarnation, durable);
      this.instance.tell({ kind: "time-passed" });
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      world.complain("assertions", `replica ${this.name} at boot: ${error.message}`);
    }
  }

  /** Drops the instance, or supersedes it while it runs on, and boots another one later. */
  evict(): void {
    const { world, instance } = this;
    if (instance === undefined) return;
    this.instance = undefined;
    // Writes that were under way fail in a superseded instance, and reset it.
    if (instance.isClean && !instance.isGone && world.chance.happens(world.swarm.zombieRate)) {
      world.tally.count("fault: zombie");
      instance.isZombie = true;
      this.#zombies.push(instance);
      world.timeline.after(world.chance.between(0, ZOMBIE_MS_MAX), () => instance.end());
      world.timeline.after(world.chance.between(0, 50), () => this.boot());
    } else {
      instance.end();
      world.timeline.after(world.chance.logUniform(1, DOWN_MS_MAX), () => this.boot());
    }
    world.trace.note(this.name, "evicted");
    this.disk.crash();
  }

  /** A failed commit: the object is reset and comes back at once. */
  reset(): void {
    this.instance?.end();
    this.instance = undefined;
    this.world.trace.note(this.name, "reset: a commit failed");
    this.disk.crash();
    this.world.timeline.after(1, () => this.boot());
  }

  /** Makes the oldest pending transactions durable. */
  commit(transactions: number): void {
    for (let done = 0; done < transactions; done += 1) {
      const written = this.disk.flush();
      if (written === undefined) return;
      this.world.observe({ kind: "durable", replica: this.name, ...durableOf(written) });
    }
  }

  /** After the faults are over: no zombie is left, and every replica is up. */
  heal(): void {
    for (const zombie of this.#zombies) zombie.end();
    this.#zombies = [];
    this.boot();
  }

  /** A request from somewhere. An object that is away refuses, or lets the caller hang. */
  receive(body: Request, answer: (response: Response) => void, fail: () => void): void {
    const { world, instance } = this;
    if (instance === undefined) {
      world.tally.count("requests to nobody");
      if (world.chance.happens(0.5)) fail();
      return;
    }
    const request = instance.receive(body, answer);
    if (world.chance.happens(world.swarm.lossRate / 4)) {
      world.tally.count("fault: caller gone");
      world.timeline.after(world.chance.between(0, 1_000), () => instance.abandon(request));
    }
  }

  #image(): DurableImage {
    const { disk } = this;
    const epochs: EpochStart[] = [];
    const voters: VotersRecord[] = [];
    for (const { baseOffset, epoch, control } of disk.log) {
      if (epochs.at(-1)?.epoch !== epoch) epochs.push({ epoch, startOffset: baseOffset });
      control.forEach((record, index) => {
        if (record.kind === "kraft-voters")
          voters.push({ offset: baseOffset + index, voters: record.voters });
      });
    }
    return {
      election: disk.election,
      log: { startOffset: 0, endOffset: disk.end, epochs, snapshots: [] },
      voters,
    };
  }
}

function durableOf({ election, truncateTo, append }: PersistEffect): object {
  return {
    ...(election === null
      ? {}
      : {
          election: {
            epoch: election.epoch,
            leader: election.leaderId,
            voted: election.votedKey === null ? null : nameOf(election.votedKey.id),
          },
        }),
    ...(truncateTo === null ? {} : { truncateTo }),
    append: append.map(markOf),
  };
}
