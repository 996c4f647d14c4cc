/**
 * One replica of the simulated quorum over its whole life: storage that lasts, a clock of its own, and one incarnation
 * after the other. Eviction drops memory at any moment; what was not durable is lost with it.
 */
import type { ControllerStart } from "../../durable-objects/controller.ts";
import {
  INCARNATION_COUNT,
  type RaftConfig,
  refusalOf,
  type OutgoingRequest,
  type RequestFailure,
  type Response,
} from "../../src/raft/index.ts";
import { AssertionError } from "../../src/std/assert.ts";
import type { ChainedEntry } from "./checkers/ghost.ts";
import { nameOfKey } from "./directories.ts";
import { type Backup, Disk, type Write } from "./disk.ts";
import { durableOf } from "./durable.ts";
import { snapshotMark } from "./snapshot-mark.ts";
import { Cut, DiskFull, Instance } from "./instance.ts";
import type { World } from "./world.ts";

/** How long an instance stays away at most when it is not called. */
const DOWN_MS_MAX = 5_000;
const ZOMBIE_MS_MAX = 10_000;

/** Why a replica does not take part, whatever reaches it. */
export type Absence = "dead" | "hung" | "wiped" | "withdrawn" | "refused";

/** What no healing mends: storage that is gone, that its replica has seen to go back, or that is another's. */
const isForGood = (absence: Absence | null): boolean =>
  absence === "wiped" || absence === "withdrawn" || absence === "refused";

/** A request that has arrived, and how its caller hears of it. */
interface Arrived {
  readonly body: OutgoingRequest;
  readonly answer: (response: Response) => void;
  readonly fail: (failure: RequestFailure) => void;
}

/** What the storage of a replica held at some moment. */
export interface ReplicaBackup {
  readonly disk: Backup;
  readonly bootCount: number;
  /** The log at that time, as the checkers know it. */
  readonly log: readonly ChainedEntry[];
}

export class Replica {
  readonly id: number;
  readonly name: string;
  readonly world: World;
  config: RaftConfig;
  /** Whether it writes a snapshot in other bytes than most. */
  readonly isOtherBuild: boolean;
  disk: Disk;
  instance: Instance | undefined;
  /** Null while it takes part. */
  absence: Absence | null = null;
  /** True from the moment at which its storage was put back to an earlier state. */
  wasRolledBack = false;
  /** True from the moment at which its storage was replaced by a copy of another's. */
  wasCopiedOver = false;
  isPaused = false;
  overloadedUntil = 0;
  /** Which part of what it is asked it refuses then. */
  overloadedRefusalRate = 0.5;
  /** How late it is then with what it does not refuse, at most. */
  overloadedLateMs = 30_000;
  #pause = 0;
  #incarnation = 0;
  /** How often it has booted, as its storage says: it goes back together with that. */
  #bootCount = 0;
  #clockOffsetMs: number;
  readonly #clockRate: number;
  readonly #jumps: { readonly at: number; readonly byMs: number }[] = [];
  #zombies: Instance[] = [];

  constructor(world: World, config: RaftConfig, isJoining = false) {
    this.world = world;
    this.config = config;
    this.id = config.local.key.id;
    this.name = nameOfKey(config.local.key);
    const identity = { directoryId: config.local.key.directoryId, objectId: this.name };
    const { chance, swarm } = world;
    this.isOtherBuild = swarm.hasTwoBuilds && this.id % 2 === 0;
    this.disk = new Disk(swarm.chunkBytesMax, identity, isJoining);
    this.#clockOffsetMs = chance.between(0, 1_000_000);
    this.#clockRate = 1 + (swarm.driftMax * chance.between(-1_000, 1_000)) / 1_000;
  }

  /** What time this replica believes it is. */
  clock(): number {
    return Math.floor(this.world.timeline.now * this.#clockRate) + this.#clockOffsetMs;
  }

  /** How much time may truly have passed while its clock said that `ms` had, if it has not jumped back meanwhile. */
  trueMs(ms: number): number {
    return Math.ceil((ms + 1) / this.#clockRate);
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

  get isLostForGood(): boolean {
    return isForGood(this.absence);
  }

  /** Whether it was told to become a voter, and has not been one yet. */
  get isJoining(): boolean {
    return this.disk.quorum.isJoining();
  }

  /** Whether its storage is gone, went back or is another's: it is counted as failed from then on. */
  get hasLostStorage(): boolean {
    return this.wasRolledBack || this.wasCopiedOver || this.absence === "wiped";
  }

  /** Starts the next incarnation from what is durable. */
  boot(): void {
    const { world } = this;
    if (this.instance !== undefined || this.absence !== null || world.isOver) return;
    const { identity } = this.disk;
    // An object looks whose storage it has before it runs anything of it.
    if (identity !== null && refusalOf(identity, this.name) !== null) return this.#refuse();
    if (world.chance.happens(world.swarm.moveRate)) this.#move();
    const { config } = this;
    this.#incarnation += 1;
    this.#bootCount += 1;
    const incarnation =
      this.#bootCount * INCARNATION_COUNT + world.chance.between(0, INCARNATION_COUNT - 1);
    const seed = world.chance.word();
    world.trace.note(this.name, `boots as ${this.name}#${this.#incarnation}`);
    const start: ControllerStart = {
      cluster: world.cluster,
      config,
      seed,
      incarnation,
      delegationTokenKey: null,
    };
    try {
      const instance = new Instance(this, this.#incarnation, start);
      if (instance.isGone) return this.reset("what it stored at boot was its last");
      this.instance = instance;
      this.#checkCommitted(instance);
      instance.happen(() => instance.controller.onDeadline());
    } catch (error) {
      // A boot stores something before anything can happen to the instance.
      if (error instanceof Cut || error instanceof DiskFull) return this.reset(error.message);
      if (!(error instanceof AssertionError)) throw error;
      world.complain("assertions", `replica ${this.name} at boot: ${error.message}`);
    }
    this.#awaitAlarm();
  }

  /** It listens elsewhere from now on. */
  #move(): void {
    this.world.tally.count("fault: moved");
    const { local } = this.config;
    const endpoints = local.endpoints.map((endpoint) => ({ ...endpoint, port: endpoint.port + 1 }));
    this.config = { ...this.config, local: { ...local, endpoints } };
  }

  /** L-1: what was stored as committed is known to be committed after a restart. */
  #checkCommitted({ state }: Instance): void {
    const stored = Math.min(this.disk.quorum.highWatermark() ?? 0, this.disk.end);
    if ((state.committed ?? 0) >= stored) return;
    this.world.complain(
      "high-watermarks-survive",
      `replica ${this.name} boots with ${state.committed} committed, and has stored ${stored}`,
    );
  }

  /** Drops the instance, or supersedes it while it runs on, and boots another one later. */
  evict(): void {
    const { world, instance } = this;
    if (instance === undefined) return;
    this.instance = undefined;
    // Writes that were under way fail in a superseded instance, and reset it.
    const isWhole = instance.isClean && !instance.isGone && !this.isPaused;
    if (isWhole && world.chance.happens(world.swarm.zombieRate)) {
      world.tally.count("fault: zombie");
      instance.isZombie = true;
      this.disk = this.disk.copy();
      this.#zombies.push(instance);
      world.readers.haunt(this, instance);
      world.timeline.after(world.chance.between(0, ZOMBIE_MS_MAX), () => instance.end());
      world.timeline.after(world.chance.between(0, 50), () => this.boot());
    } else {
      instance.end();
      // An object that is not called comes back by its alarm, or not at all.
      if (world.swarm.staysAway) this.#awaitAlarm();
      else world.timeline.after(world.chance.logUniform(1, DOWN_MS_MAX), () => this.boot());
    }
    world.trace.note(this.name, "evicted");
    this.disk.crash();
  }

  /** The object is reset and comes back at once. */
  reset(why: string): void {
    this.instance?.end();
    this.instance = undefined;
    this.world.trace.note(this.name, `reset: ${why}`);
    this.disk.crash();
    this.world.timeline.after(1, () => this.boot());
  }

  /** Stopped with all that reaches it (SIGSTOP), for a while. */
  pause(forMs: number): void {
    const { timeline, trace } = this.world;
    trace.note(this.name, "paused");
    this.isPaused = true;
    this.#pause += 1;
    const pause = this.#pause;
    if (forMs < Infinity)
      timeline.after(forMs, () => {
        if (pause === this.#pause) this.resume();
      });
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.world.trace.note(this.name, "resumed");
    this.instance?.resume();
  }

  /** Takes no part from now on, until it is healed; a wiped one never does again. */
  leave(absence: Absence): void {
    this.world.trace.note(this.name, absence);
    this.absence = absence;
    if (absence === "hung") return this.pause(Infinity);
    this.instance?.end();
    this.instance = undefined;
    for (const zombie of this.#zombies) zombie.end();
    this.disk.crash();
    if (absence !== "wiped") return;
    this.world.tally.count("fault: wiped");
    // What it had acknowledged before may still count towards a commit: it is one of the failed from now on.
    this.disk.restore(null);
  }

  /** It was dead, and is there again. */
  comeBack(): void {
    if (this.absence !== "dead") return;
    this.absence = null;
    this.boot();
  }

  backup(): ReplicaBackup {
    const log = this.world.bench.ghost.log(this.name).from(0);
    return { disk: this.disk.backup(), bootCount: this.#bootCount, log };
  }

  /** Its storage is what it was at the time of `backup`, and it starts from there. */
  rollBack(backup: ReplicaBackup): void {
    this.world.tally.count("fault: rolled back");
    this.world.trace.note(this.name, "rolled back");
    this.wasRolledBack = true;
    this.#restore(backup);
    this.boot();
  }

  /** Its storage is a copy of what `other` has stored, and it comes back with that. */
  takeCopyOf(other: Replica): void {
    const { world, name } = this;
    world.tally.count("fault: storage copied");
    world.trace.note(name, `has a copy of the storage of ${other.name}`);
    this.wasCopiedOver = true;
    this.#restore(other.backup());
    world.observe({ kind: "copied", replica: name, original: other.name });
    this.boot();
  }

  #restore({ disk, bootCount, log }: ReplicaBackup): void {
    this.instance?.end();
    for (const zombie of this.#zombies) zombie.end();
    this.instance = undefined;
    this.disk.restore(disk);
    this.#bootCount = bootCount;
    this.world.bench.ghost.lose(this.name, log);
  }

  #refuse(): void {
    this.world.tally.count("situation: a copied storage was refused");
    this.leave("refused");
  }

  /** Makes the oldest pending transactions durable. */
  commit(transactions: number): void {
    for (let done = 0; done < transactions; done += 1) {
      const written = this.disk.flush();
      if (written === undefined) return;
      for (const write of written)
        if (write.kind === "append") this.world.history.stored(write.batch);
      for (const durable of durableOf(this.name, written, this.disk)) this.world.observe(durable);
      for (const write of written)
        if (write.kind === "snapshot-complete") this.#showSnapshot(write);
      if (written.some(({ kind }) => kind === "alarm")) this.#awaitAlarm();
    }
  }

  /** A snapshot is whole, durably: shows what its bytes say. */
  #showSnapshot({ which, snapshot }: Extract<Write, { kind: "snapshot-complete" }>): void {
    const { world, name, disk } = this;
    const bytes = disk.durableSnapshot(snapshot);
    // Gone again in the same transaction.
    if (bytes === null) return;
    const build = which === "made" ? Number(this.isOtherBuild) : null;
    world.history.show(snapshot.endOffset);
    world.observe(snapshotMark({ replica: name, build }, snapshot, bytes));
  }

  /** After the faults are over: no zombie is left, and every replica is up that has its storage. */
  heal(): void {
    for (const zombie of this.#zombies) zombie.end();
    this.#zombies = [];
    if (!this.isLostForGood) this.absence = null;
    this.overloadedUntil = 0;
    this.resume();
    this.instance?.timers.runAll();
    this.boot();
  }

  /** Somebody calls: that brings back an object which is away. */
  reach(): void {
    const { swarm, timeline, chance } = this.world;
    if (this.instance === undefined && swarm.staysAway)
      timeline.after(chance.between(1, 50), () => this.boot());
  }

  /** A request from somewhere. An object that is away refuses, or lets the caller hang. */
  receive(
    body: OutgoingRequest,
    answer: (response: Response) => void,
    fail: (failure: RequestFailure) => void,
  ): void {
    const { world, instance } = this;
    const { chance, timeline, tally } = world;
    if (this.absence === "hung") return;
    if (instance === undefined) {
      tally.count("requests to nobody");
      if (this.absence !== null || !chance.happens(world.swarm.hangRate)) fail("reset");
      this.reach();
      return;
    }
    if (timeline.now < this.overloadedUntil) {
      tally.count("requests overloaded");
      if (chance.happens(this.overloadedRefusalRate)) return fail("overloaded");
      return timeline.after(chance.logUniform(10, this.overloadedLateMs), () => {
        if (this.instance === instance) this.#take(instance, { body, answer, fail });
      });
    }
    this.#take(instance, { body, answer, fail });
  }

  #take(instance: Instance, { body, answer, fail }: Arrived): void {
    const { world } = this;
    const hangUp = instance.receive(body, answer, () => fail("reset"));
    if (!world.chance.happens(world.swarm.lossRate / 4)) return;
    world.tally.count("fault: caller gone");
    world.timeline.after(world.chance.between(0, 1_000), hangUp);
  }

  /** The alarm is delivered at least once, maybe late, and brings back an object that is away. */
  #awaitAlarm(): void {
    const { timeline, chance, swarm, tally } = this.world;
    const { alarmAtMs } = this.disk;
    if (alarmAtMs === null) return;
    const isLate = chance.happens(swarm.lateAlarmRate);
    const lateMs = isLate ? chance.logUniform(100, 60_000) : 0;
    timeline.after(Math.max(0, alarmAtMs - this.clock()) + lateMs, () => {
      if (this.disk.alarmAtMs !== alarmAtMs || this.absence !== null) return;
      // The platform gives an alarm up when it has failed six times.
      if (chance.happens(this.world.swarm.droppedAlarmRate))
        return tally.count("fault: alarm dropped");
      if (isLate) tally.count("fault: alarm late");
      if (this.instance === undefined) tally.count("situation: an alarm brought an object back");
      this.#deliverAlarm();
      if (!chance.happens(this.world.swarm.doubleAlarmRate)) return;
      tally.count("fault: alarm doubled");
      timeline.after(chance.between(0, 1_000), () => this.#deliverAlarm());
    });
  }

  #deliverAlarm(): void {
    this.boot();
    const { instance } = this;
    instance?.happen(() => instance.controller.onAlarm());
  }
}
