/**
 * One incarnation of a replica: the real controller, over ports of the simulator's making. Whatever happens to it
 * happens through `happen`, one event at a time; what leaves it goes through its gate.
 *
 * It decides nothing about consensus. Where a step may fail is drawn here: before the commit, at the commit, and
 * between the commit and the outputs. What is said here is judged in `checkers/`.
 */
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import { Controller, type ControllerStart } from "../../durable-objects/controller.ts";
import type { ReadOutcome } from "../../durable-objects/replica/pending-reads.ts";
import type {
  CallOutcome,
  Failure,
  Ports,
  SendEffect,
} from "../../durable-objects/replica/ports.ts";
import {
  type FetchSnapshotRequest,
  type Input,
  latestVoters,
  type OutgoingRequest,
  type Request,
  type RequestFailure,
  type RequestId,
  type Response,
  type State,
  type Step,
} from "../../src/raft/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import { answerOf } from "./answers.ts";
import { Calls } from "./calls.ts";
import { nameOfKey } from "./directories.ts";
import type { Disk } from "./disk.ts";
import { Gate } from "./gate.ts";
import type { Observation, Promise } from "./observation.ts";
import { storeOfOtherBuild } from "./other-build.ts";
import { changeAcknowledged, promiseOfRequest, promisesOfResponse } from "./promises.ts";
import type { Replica } from "./replica.ts";
import { SummaryCheck } from "./summary-check.ts";
import { InstanceTimers } from "./timers.ts";

/** Thrown where a real storage would throw: the step is not durable and nothing of it may happen. */
export class Cut extends Error {}
export class DiskFull extends Error {}

const CALLS_MAX = 6;
/** Which part of the slices of long work is late, where some are. */
const LATE_SLICES = 0.3;

/** A request that has not been answered yet. */
interface Asked {
  readonly body: Request;
  readonly since: number;
}

/**
 * A read's index or its refusal, and of that moment the committed image, which goes up to `endOffset`, and how old what
 * is shown may be, where the instance can say.
 */
export interface IndexedRead {
  readonly outcome: ReadOutcome;
  readonly image: MetadataImage;
  readonly endOffset: number;
  readonly age: ShownAge | null;
}

/** How old what is shown up to `end` is at most, in ms, at the moment of the true time `at`. */
export interface ShownAge {
  readonly ageMs: number;
  readonly end: number;
  readonly at: number;
}

export class Instance {
  readonly replica: Replica;
  readonly incarnation: number;
  readonly controller: Controller;
  /** A superseded instance runs on: it hears answers to its own requests, and can no longer write. */
  isZombie = false;
  /** When it began, in true time. */
  readonly bootedAt: number;
  readonly timers: InstanceTimers;
  /** A superseded instance goes on with what was there: what its successor writes is on another machine. */
  readonly #disk: Disk;
  readonly #summary: SummaryCheck;
  readonly #gate: Gate;
  readonly #calls: Calls;
  /** What the event under way has made so far. */
  #outputs: (() => void)[] = [];
  #writes = 0;
  #isGone = false;
  /** Whether its first event has been: what the core has booted to is not stored before. */
  #hasStepped = false;
  /** What happened while the instance was paused, in order. */
  #backlog: (() => void)[] = [];
  readonly #asked = new Set<Asked>();
  /** How callers learn that the connection is lost: all whose answer has not left. */
  readonly #callers = new Set<() => void>();
  /** By their callers: operations that were not answered yet. */
  readonly #submitted = new Set<() => void>();
  /** The requests that the core has still to answer. */
  readonly #owed = new Set<RequestId>();
  #imageEnd = 0;

  constructor(replica: Replica, incarnation: number, start: ControllerStart) {
    this.replica = replica;
    this.incarnation = incarnation;
    this.#disk = replica.disk;
    this.#summary = new SummaryCheck(replica.disk);
    const { world } = replica;
    const { timeline, swarm, chance } = world;
    this.bootedAt = timeline.now;
    this.timers = new InstanceTimers(timeline, (delayMs) => this.#lateMs(delayMs));
    this.#calls = new Calls(swarm.hasFewConnections ? CALLS_MAX : Infinity, () =>
      world.tally.count("situation: an answer came after its call was given up"),
    );
    this.#gate = new Gate({
      timeline,
      commitMs: () => chance.between(...world.swarm.commitMs),
      commit: (writes) => this.#commit(writes),
      show: (shown) => {
        world.observe(shown);
        world.history.follow();
      },
      happen: (event) => this.#whenAwake(event),
    });
    this.controller = new Controller(start, this.#ports());
  }

  get state(): State {
    return this.controller.state;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether everything this instance has written is durable. */
  get isClean(): boolean {
    return this.#gate.isClear;
  }

  /** How many clients wait for an answer. */
  get pendingCount(): number {
    return this.#submitted.size;
  }

  /** The instance is no more: what it held back is never let go, and its clients will not learn what they asked. */
  end(): void {
    this.#isGone = true;
    this.#gate.shut();
    this.timers.clear();
    this.#backlog = [];
    for (const lose of this.#submitted) lose();
    this.#submitted.clear();
    const { chance, swarm } = this.replica.world;
    for (const fail of this.#callers) if (!chance.happens(swarm.hangRate)) fail();
    this.#callers.clear();
    this.#asked.clear();
  }

  /** Lets one event happen, and what it made go out. A paused instance gets to it later. */
  happen(event: () => void): void {
    this.#whenAwake(() => {
      event();
      this.#hasStepped = true;
      if (this.#isGone) return;
      this.#checkSummary();
      this.#showImage();
      this.#pass();
    });
  }

  /** What happened while the instance was paused happens now, in one burst. */
  resume(): void {
    const backlog = this.#backlog;
    this.#backlog = [];
    if (backlog.length > 10) this.replica.world.tally.count("situation: a backlog came in a burst");
    for (const event of backlog) event();
  }

  /** A request from a peer or a broker; `answer` carries the response back. What is returned hangs up. */
  receive(
    body: OutgoingRequest,
    answer: (response: Response) => void,
    fail: () => void,
  ): () => void {
    this.#callers.add(fail);
    if (body.api === "api-versions") return this.#sayVersions(answer, fail);
    const asked: Asked = { body, since: this.replica.world.timeline.now };
    this.#asked.add(asked);
    let abandon: (() => void) | undefined;
    this.happen(() => {
      // The operator of this request would have known better.
      if (!this.replica.world.membership.allows(this.replica, body)) {
        this.#asked.delete(asked);
        this.#callers.delete(fail);
        return fail();
      }
      abandon = this.controller.ask(body, (reply) => {
        if (reply === null || !this.#asked.delete(asked)) return;
        const { replica, controller } = this;
        const answerer = { world: replica.world, controller, disk: this.#disk };
        const response = answerOf(answerer, body, reply);
        this.#outputs.push(() => {
          this.#callers.delete(fail);
          this.#reply(body, response, answer);
        });
      });
    });
    return () => {
      this.#callers.delete(fail);
      if (this.#asked.delete(asked)) this.happen(() => abandon?.());
    };
  }

  /** The listener answers an ApiVersions by itself; the core is not asked. */
  #sayVersions(answer: (response: Response) => void, fail: () => void): () => void {
    this.happen(() =>
      this.#outputs.push(() => {
        if (this.#callers.delete(fail)) answer(versionsOf(this.state));
      }),
    );
    return () => this.#callers.delete(fail);
  }

  /** Runs an operation; `answered` hears null when this instance ended before it had answered. */
  submit<Result>(
    operation: Operation<Result>,
    apiVersion: number,
    answered: (outcome: Outcome<Result> | null) => void,
  ): void {
    const { timeline } = this.replica.world;
    const lose = (): void => timeline.after(1, () => answered(null));
    this.#submitted.add(lose);
    this.happen(() =>
      this.controller.submit(operation, apiVersion, (outcome) => {
        this.#outputs.push(() => {
          if (this.#submitted.delete(lose)) answered(outcome);
        });
      }),
    );
  }

  /**
   * What a linearizable read must show, and what this instance has to show in that event: what it knows when the answer
   * leaves may not be durable yet. `told` hears null when it ended before it could say.
   */
  readIndex(told: (read: IndexedRead | null) => void): void {
    const lose = (): void => this.replica.world.timeline.after(1, () => told(null));
    this.#submitted.add(lose);
    this.happen(() => {
      this.controller.readIndex((outcome) => {
        const { committedImage: image, committedEnd: endOffset } = this.controller;
        const age = this.#shownAge();
        this.#outputs.push(() => {
          if (this.#submitted.delete(lose)) told({ outcome, image, endOffset, age });
        });
      });
    });
  }

  /** How old what it shows may be, as it says, and up to where that goes; null where it cannot say. */
  showAge(told: (shown: ShownAge | null) => void): void {
    this.happen(() => {
      const shown = this.#shownAge();
      this.#outputs.push(() => told(shown));
    });
  }

  #shownAge(): ShownAge | null {
    const { confirmedAgeMs: ageMs, highWatermark: end } = this.controller;
    const { now: at } = this.replica.world.timeline;
    return ageMs === null || end === null ? null : { ageMs, end, at };
  }

  /** Runs a read against what is committed, as far as this instance knows; `answered` hears of it when it leaves. */
  read<Result>(
    operation: Operation<Result>,
    apiVersion: number,
    answered: (outcome: Outcome<Result>) => void,
  ): void {
    // Before its first event there is nobody who could ask it.
    if (!this.#hasStepped) return;
    this.happen(() => {
      const outcome = this.controller.read(operation, apiVersion);
      this.#outputs.push(() => answered(outcome));
    });
  }

  /** A request that has waited since before `time`, if there is one. */
  waitingSince(time: number): Request | undefined {
    for (const { body, since } of this.#asked) if (since < time) return body;
    return undefined;
  }

  #whenAwake(event: () => void): void {
    if (this.#isGone || this.replica.world.isOver) return;
    if (this.replica.isPaused && !this.isZombie) this.#backlog.push(() => this.#unlessGone(event));
    else event();
  }

  #unlessGone(event: () => void): void {
    if (!this.#isGone && !this.replica.world.isOver) event();
  }

  #ports(): Ports {
    const { replica } = this;
    const { world } = replica;
    const disk = this.#disk;
    return {
      disk: {
        transaction: (write) =>
          this.#transact(() =>
            disk.transaction(() => {
              write();
              this.#changeChunk();
            }),
          ),
        whenDurable: (then) =>
          this.#outputs.push(() => world.timeline.after(0, () => this.happen(then))),
      },
      log: disk.log,
      snapshots: replica.isOtherBuild ? storeOfOtherBuild(disk.snapshots) : disk.snapshots,
      quorum: disk.quorum,
      alarm: { set: (atMs) => this.#setAlarm(atMs) },
      timers: { set: (delayMs, run) => this.#setTimer(delayMs, run) },
      peers: {
        ask: (send, signal, ended) => this.#outputs.push(() => this.#send(send, signal, ended)),
      },
      clock: () => replica.clock(),
      operatorLog: {
        warn: (_event, line) => world.trace.note(replica.name, `warns: ${line}`),
        error: (_event, line, cause) =>
          world.trace.note(replica.name, `reports: ${line} ${String(cause)}`),
      },
      abort: (failure) => this.#abort(failure),
      watch: (input, step) => this.#watch(input, step),
    };
  }

  /** One that is cleared does not run any more, also where its time came in a pause. */
  #setTimer(delayMs: number, run: () => void): () => void {
    let isCleared = false;
    const clear = this.timers.set(delayMs, () =>
      this.happen(() => {
        if (!isCleared) run();
      }),
    );
    return () => {
      isCleared = true;
      clear();
    };
  }

  #transact(run: () => boolean): void {
    const { world } = this.replica;
    // A superseded instance cannot commit: what it wanted to write and to say is lost with it.
    if (this.isZombie) throw new Cut("superseded");
    // Messages of earlier steps leave first: they do not wait for a write that came after them.
    this.#passOn();
    if (this.#isGone) throw new Cut("evicted by a commit that failed");
    if (world.chance.happens(world.swarm.crashBeforeCommitRate)) {
      world.tally.count("fault: crash before commit");
      throw new Cut("a crash before the commit");
    }
    const isFull = world.chance.happens(world.swarm.diskFullRate);
    if (isFull) world.tally.count("fault: disk full");
    if (isFull) throw this.#rolledBack(run);
    if (run()) this.#writes += 1;
  }

  /** The disk stores something else than it was given. */
  #changeChunk(): void {
    const { chance, swarm, tally } = this.replica.world;
    if (swarm.changedChunkRate === 0 || !chance.happens(swarm.changedChunkRate)) return;
    if (this.#disk.changeFetched(chance.between(0, 8_000))) tally.count("fault: chunk changed");
  }

  /** The whole transaction is done, and then not. */
  #rolledBack(run: () => boolean): DiskFull {
    const full = new DiskFull("the disk is full");
    this.#disk.failNext = full;
    try {
      run();
    } catch (cause) {
      if (cause !== full) throw cause;
    }
    return full;
  }

  // An alarm is a row like any other: a superseded instance does not set it.
  #setAlarm(atMs: number): void {
    if (this.isZombie || this.#isGone) return;
    this.#passOn();
    if (this.#isGone) return;
    this.#disk.setAlarm(atMs);
    this.#writes += 1;
  }

  /** Makes the oldest transactions durable, unless that fails. */
  #commit(writes: number): boolean {
    const { replica } = this;
    const { world } = replica;
    const change = this.#disk.changeWithin(writes);
    const isStruck = change !== null && world.chance.happens(world.swarm.snapshotCrashRate);
    const isLost = isStruck && world.chance.happens(0.5);
    if (isStruck) world.tally.count(`fault: ${change} ${isLost ? "lost" : "and crash"}`);
    // While it boots, whoever boots it learns that it is gone.
    const isBooting = replica.instance !== this;
    if (isLost || world.chance.happens(world.swarm.failedCommitRate)) {
      world.tally.count("fault: failed commit");
      if (isBooting) this.end();
      else replica.reset("a commit failed");
      return false;
    }
    replica.commit(writes);
    if (!isStruck && !world.chance.happens(world.swarm.crashAfterCommitRate)) return true;
    world.tally.count("fault: crash after commit");
    if (isBooting) this.end();
    else replica.evict();
    return false;
  }

  /** The controller has stopped. After a cut another incarnation takes over; a defect is one. */
  #abort({ cause, tripped }: Failure): void {
    // Its disk has gone back to what was durable: what it runs into there, in the event that ended it, is no defect.
    if (this.#isGone) return;
    const { world, name, wasRolledBack } = this.replica;
    this.end();
    // A replica that sees for itself that its storage went back takes no part until an operator looks at it.
    if (tripped !== null && wasRolledBack) {
      world.tally.count("rollbacks noticed");
      this.replica.leave("withdrawn");
    } else if (cause instanceof DiskFull) this.replica.reset("a transaction was refused");
    else if (!(cause instanceof Cut))
      world.complain("assertions", `replica ${name}: ${String(cause)}`);
    else if (!this.isZombie) this.replica.evict();
  }

  #watch(input: Input | null, step: Step): void {
    const { world, name } = this.replica;
    world.tally.count("steps");
    world.trace.step(this, input, step);
    world.situations.step(this.replica, input, step);
    if (input?.kind === "request-received") this.#owed.add(input.request);
    if (input?.kind === "request-abandoned") this.#owed.delete(input.request);
    for (const effect of step.effects) {
      if (effect.kind === "reply" && !this.#owed.delete(effect.to))
        world.complain(
          "one-reply-per-request",
          `replica ${name} answers request ${effect.to} twice, or was never asked`,
        );
      if (effect.kind === "role-changed" && effect.role === "leader") {
        world.tally.count("elections");
        world.history.elected(effect.epoch);
      }
      if (effect.kind === "persist" && input?.kind === "append")
        world.history.appended(this.replica, effect);
      if (effect.kind === "send" && effect.request.api === "vote") world.tally.count("ballots");
      if (effect.kind === "replica-distrusted") world.accuse(this.replica, effect);
    }
  }

  /** What the core believes of its log and its snapshots is compared with the disk after every event. */
  #checkSummary(): void {
    const { name, world } = this.replica;
    if (this.isZombie) return;
    const wrong = this.#summary.wrongIn(this.state);
    if (wrong !== undefined)
      world.complain("summaries-are-true", `replica ${name} believes its ${wrong}`);
  }

  /** Shows the committed image at the offsets at which all replicas do. */
  #showImage(): void {
    const { controller } = this;
    const endOffset = controller.committedEnd;
    if (endOffset === this.#imageEnd) return;
    this.#imageEnd = endOffset;
    const { world, name } = this.replica;
    const applied = world.history.digestAt(name, endOffset, controller.committedImage);
    if (applied !== undefined) this.#outputs.push(() => world.observe(applied));
  }

  /** What was made so far does not wait for the write that comes now. */
  #passOn(): void {
    if (this.#writes > 0 || this.#outputs.length > 0) this.#pass();
  }

  #pass(): void {
    const gated = {
      writes: this.#writes,
      shown: this.#hasStepped ? this.#shown() : null,
      outputs: this.#outputs,
    };
    this.#writes = 0;
    this.#outputs = [];
    this.#gate.pass(gated);
  }

  #send(
    { to, request }: SendEffect,
    signal: AbortSignal,
    ended: (outcome: CallOutcome) => void,
  ): void {
    if (signal.aborted) return;
    const { world, name } = this.replica;
    if (this.#calls.isCrowded) world.tally.count("situation: a call waited for a connection");
    // Said now: a message that waits for a connection has left, and may be out of date when it arrives.
    this.#promise(promiseOfRequest(request));
    if (request.api === "fetch-snapshot") this.#showRange(to, request);
    const failed = (failure: RequestFailure): void =>
      this.happen(() => ended({ kind: "failed", failure }));
    const answered = (body: Response): void => this.happen(() => ended({ kind: "answered", body }));
    this.#calls.make(signal, (end) => {
      const answer = (body: Response): void => end(() => answered(body));
      const fail = (failure: RequestFailure): void => end(() => failed(failure));
      world.call({ from: name, to, body: request, answer, fail });
    });
  }

  #showRange(leader: number, { epoch, snapshotId, position }: FetchSnapshotRequest): void {
    const { replica, incarnation } = this;
    const id = `${snapshotId.endOffset}-${snapshotId.epoch}`;
    const asked = { replica: replica.name, incarnation, leader, epoch, id, position };
    replica.world.observe({ kind: "range-asked", ...asked });
  }

  #reply(body: Request, response: Response, answer: (response: Response) => void): void {
    for (const promise of promisesOfResponse(body, response)) this.#promise(promise);
    const { world } = this.replica;
    const change = changeAcknowledged(body, response);
    if (change !== undefined) world.observe({ kind: "voters-changed", ...change });
    answer(response);
  }

  #promise(promise: Promise | undefined): void {
    // What a zombie vouches for was durable when it was superseded; its successor may have moved on.
    if (promise === undefined || this.isZombie) return;
    this.replica.world.observe({ kind: "promised", replica: this.replica.name, promise });
  }

  #shown(): Observation {
    const { state } = this;
    return {
      kind: "shown",
      replica: this.replica.name,
      incarnation: this.incarnation,
      role: state.role.kind,
      epoch: state.election.epoch,
      leader: state.election.leaderId,
      highWatermark: state.role.kind === "leader" ? state.role.highWatermark : state.committed,
      voters: latestVoters(state.voters).map(({ key }) => nameOfKey(key)),
      ...(state.asleep === null ? {} : { asleepAt: state.asleep.endOffset }),
    };
  }

  #lateMs(delayMs: number): number {
    const { chance, swarm, tally } = this.replica.world;
    const isSliceLate = delayMs === 0 && swarm.sliceMs > 0 && chance.happens(LATE_SLICES);
    const slice = isSliceLate ? chance.between(0, swarm.sliceMs) : 0;
    if (!chance.happens(swarm.lateTimerRate)) return slice;
    tally.count("fault: timer late");
    return Math.round(chance.logUniform(10, 30_000));
  }
}

/** What the listener answers to an ApiVersions, as far as the core asks for it. */
const versionsOf = ({ config }: State): Response => ({
  api: "api-versions",
  error: "NONE",
  epoch: 0,
  leaderId: null,
  leaderEndpoints: [],
  kraftVersions: config.local.kraftVersions,
});
