/**
 * One replica of the metadata log while its object is in memory: the consensus core with its storage, its peers and
 * its timers. What the log's records mean, and what a leader does with its office, is for the layers above.
 *
 * It carries values between the core and the world in the order in which they come and adds no rule of its own. Every
 * input goes the one way through `take`: the core steps, the step is stored whole, its effects are performed, the
 * layers above append what has waited, and the timer is armed for the next deadline.
 */
import {
  clockAt,
  confirmedAgeMs,
  describeEffect,
  findSnapshot,
  latestVoters,
  nextDeadline,
  type Effect,
  type Incarnation,
  type Input,
  type LogRange,
  type ObserverPosition,
  type PersistEffect,
  type RaftConfig,
  type Reply,
  type Request,
  type RequestId,
  type SnapshotId,
  type SnapshotRange,
  type State,
  type StoredSnapshot,
  timeAt,
  type VoterSet,
} from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { bootState } from "./boot-state.ts";
import { Calls } from "./calls.ts";
import { dataBatch, type PendingBatch } from "./entries.ts";
import { FlightRecorder, type FlightRecord } from "./flight-recorder.ts";
import { InputLoop } from "./input-loop.ts";
import { persistStep } from "./persist.ts";
import { NOT_LEADER, PendingReads, type ReadTold } from "./pending-reads.ts";
import type { Ports, SendEffect } from "./ports.ts";
import { joinBatches } from "./stored-batch.ts";
import { Sweeper } from "./sweeper.ts";
import { Wake } from "./wake.ts";

/** The layers above, as a replica calls them: in the middle of an input, so none of these may wait. */
export interface ReplicaListener {
  /** Everything below `highWatermark` is committed. */
  committed(highWatermark: number): void;
  roleChanged(): void;
  /** Every byte of a fetched snapshot is stored: whether it is sound is to be said, unless it is abandoned before. */
  verifySnapshot(id: SnapshotId, size: number): void;
  /** A snapshot is not fetched or verified any more. The same id may be fetched again, with other bytes. */
  snapshotAbandoned(id: SnapshotId): void;
  /** The leader names a snapshot that has more bytes than one may have. */
  snapshotTooLarge(): void;
  /** The log was replaced by this snapshot: what was made of the log before is of the past. `committed` follows. */
  snapshotInstalled(snapshot: StoredSnapshot): void;
  /** A change of the voter set waits for its place in the log. */
  votersToAppend(): void;
  /** The input at hand is done with: what waits to be appended may be appended now. */
  settled(): void;
  /** A deadline has come, or may have. */
  timePassed(): void;
  /** When something above is due (ms, may be infinite), should nothing happen before. */
  nextDutyAt(): number;
  /** The same while the quorum sleeps: what can wait for somebody to come is not counted. */
  nextDutyAsleepAt(): number;
  /** The replica cannot go on: an invariant does not hold, or storage failed. */
  failed(cause: unknown): void;
}

/** Which replica this is, and which incarnation of it. */
export interface ReplicaStart {
  readonly config: RaftConfig;
  /** Unpredictable, so that voters do not stand for election in step. */
  readonly seed: number;
  /** One more than any that was stored: it is stored before this one says anything. */
  readonly incarnation: Incarnation;
}

/** Told of the answer to a request, or null when the controller has stopped before it gave one. */
export type Answered = (reply: Reply | null) => void;

const isSame = (one: LogRange, other: LogRange): boolean =>
  one.from === other.from && one.upTo === other.upTo && one.maxBytes === other.maxBytes;

export class Replica {
  readonly #ports: Ports;
  readonly #above: ReplicaListener;
  readonly #loop: InputLoop;
  readonly #wake: Wake;
  readonly #calls: Calls;
  readonly #recorder: FlightRecorder;
  readonly #sweeper: Sweeper;
  readonly #asking = new Map<RequestId, Answered>();
  readonly #reads = new PendingReads();
  readonly #distrusted = new Set<number>();
  /** Why an answer was doubted last, and when this replica was level last at that time. */
  #doubted: { readonly reason: string; readonly levelAt: number | null } | null = null;
  #nextRequest: RequestId = 1;
  /** Of the log as it was then: a later append or truncation makes it another. */
  #lastRead: {
    readonly log: State["log"];
    readonly range: LogRange;
    readonly bytes: Uint8Array;
  } | null = null;
  #isStopped = false;
  #deadline: { readonly state: State; readonly atMs: number };

  constructor(start: ReplicaStart, ports: Ports, above: ReplicaListener) {
    this.#ports = ports;
    this.#above = above;
    this.#calls = new Calls(ports);
    this.#wake = new Wake(ports, (dueAt) => {
      this.#timerRanOut(dueAt);
      this.passTime();
    });
    this.#loop = new InputLoop(
      { ...start, image: bootState(ports), now: ports.clock() },
      {
        persist: (effect) => this.#persist(effect),
        perform: (effect) => this.#perform(effect),
        fail: (cause) => above.failed(cause),
        watch: ports.watch,
      },
    );
    this.#nameBoot();
    this.#deadline = { state: this.state, atMs: nextDeadline(this.state) };
    this.#recorder = new FlightRecorder({ ...start, state: this.state, nowMs: ports.clock() });
    this.#sweeper = new Sweeper(ports, (cause) => above.failed(cause));
    this.#sweeper.follow(this.state.log);
  }

  get state(): State {
    return this.#loop.state;
  }

  // A sleeper that is loaded for a question says nothing in its own name: it need not be stored before it wakes.
  #nameBoot(): void {
    const { asleep, incarnation } = this.state;
    const { disk, quorum } = this.#ports;
    if (asleep === null) disk.transaction(() => quorum.writeIncarnation(incarnation));
  }

  /** The voter set that stands in the log, committed or not (KIP-853). */
  get voters(): VoterSet {
    return latestVoters(this.state.voters);
  }

  /** Whether this node leads, and a change of the voter set is under way. */
  get isChangingVoters(): boolean {
    const { role } = this.state;
    return role.kind === "leader" && role.change !== null;
  }

  /** The last inputs of this incarnation, for a trip. */
  get flightRecord(): FlightRecord {
    return this.#recorder.record;
  }

  /** Voters whose storage was seen to go back in time, as this incarnation knows. */
  get distrusted(): readonly number[] {
    return [...this.#distrusted].toSorted((left, right) => left - right);
  }

  /** Why what this observer is told does not count (OB-2); null once it has been level again. */
  get doubt(): string | null {
    const last = this.#doubted;
    return last === null || last.levelAt !== this.state.levelAt ? null : last.reason;
  }

  /** Time may have passed: runs whatever is due. Harmless at any moment. */
  passTime(): void {
    this.#take({ kind: "time-passed", now: this.#ports.clock() });
    this.#above.timePassed();
  }

  // A timer that has run out proves that its time has come, also where the clock was set back meanwhile. What passes
  // from then on is counted from what the clock says.
  #timerRanOut(dueAt: number): void {
    const now = clockAt(this.state, dueAt);
    if (this.#ports.clock() < now) this.#take({ kind: "time-passed", now });
  }

  alarmFired(): void {
    this.#wake.alarmFired();
    this.passTime();
  }

  /** Since when this replica sleeps, in ms of the clock; null while it is awake. */
  get asleepSinceMs(): number | null {
    return this.state.asleep?.sinceMs ?? null;
  }

  /** Somebody wants something that no sleeper can give. */
  wake(): void {
    if (this.state.asleep !== null) this.#take({ kind: "wake", now: this.#ports.clock() });
  }

  /** Goes to sleep with the quorum, if nothing has happened for `quietMs` and nothing is left to do. */
  sleep(epoch: number, quietMs: number): void {
    this.#take({ kind: "sleep", now: this.#ports.clock(), epoch, quietMs });
  }

  /**
   * Puts a request of the quorum's own protocol to the core, which answers at once or much later. What is returned
   * says that the caller has hung up: its request is not answered any more.
   */
  ask(body: Request, answered: Answered): () => void {
    if (this.#isStopped) {
      answered(null);
      return () => undefined;
    }
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.#asking.set(request, answered);
    this.#take({ kind: "request-received", now: this.#ports.clock(), request, body });
    return () => {
      if (this.#asking.delete(request)) this.#abandonRequest(request);
    };
  }

  /** Asks what a read must show to be linearizable: told once, at the latest when a request of the core would end. */
  readIndex(told: ReadTold): () => void {
    if (this.#isStopped) {
      told(NOT_LEADER);
      return () => undefined;
    }
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.#reads.add(request, told);
    this.#take({ kind: "read", now: this.#ports.clock(), request });
    return () => {
      if (this.#reads.abandon(request)) this.#abandonRequest(request);
    };
  }

  #abandonRequest(request: RequestId): void {
    this.#take({ kind: "request-abandoned", now: this.#ports.clock(), request });
  }

  /** How old what this leader knows may be, in ms; null where nobody can tell. */
  get confirmedAgeMs(): number | null {
    return confirmedAgeMs(this.state, this.#ports.clock());
  }

  /** Where observers are that do not fetch from here. */
  observersMoved(positions: readonly ObserverPosition[]): void {
    const { epoch } = this.state.election;
    this.#take({ kind: "observers-moved", now: this.#ports.clock(), epoch, positions });
  }

  /** Gives up the office of `epoch` in good order, if this replica still holds it: its successor need not wait. */
  resign(epoch: number): void {
    this.#take({ kind: "resign", now: this.#ports.clock(), epoch });
  }

  /**
   * Gives up leadership, if this replica leads, and runs `then` when the voters have been told: the fittest of them
   * stands at once, where without a word they would have to find out. At the latest after `limitMs`, for some may be
   * away.
   */
  takeLeave(limitMs: number, then: () => void): void {
    const { role, election } = this.state;
    if (role.kind !== "leader" || this.voters.length < 2) return then();
    this.resign(election.epoch);
    this.#calls.whenIdle(limitMs, then);
  }

  /** A snapshot was made, and all its bytes are stored. False when a newer one is there already: it is of no use. */
  snapshotMade(snapshot: StoredSnapshot): boolean {
    this.#take({ kind: "snapshot-made", now: this.#ports.clock(), snapshot });
    return findSnapshot(this.state.log, snapshot) !== undefined;
  }

  /** What `verifySnapshot` asked about is sound, and replaces the log if it still may. */
  snapshotVerified(snapshot: StoredSnapshot, voters: VoterSet): void {
    this.#take({ kind: "snapshot-verified", now: this.#ports.clock(), snapshot, voters });
  }

  /** It is not: it is dropped, and fetched again after a while. */
  snapshotRefused(id: SnapshotId): void {
    this.#take({ kind: "snapshot-refused", now: this.#ports.clock(), id });
  }

  /** Cuts the log at the end of a listed snapshot. Its rows go in events of their own. */
  cutLog(startOffset: number): void {
    this.#take({ kind: "log-cut", now: this.#ports.clock(), startOffset });
  }

  /** The rooms above have dropped something: its rows go in events of their own. */
  sweep(): void {
    this.#sweeper.sweep();
  }

  /** Appends a batch of the leader of `epoch`. Refused by the core if that office is lost meanwhile. */
  append(batch: PendingBatch, epoch: number): void {
    if (this.#isStopped) return;
    this.#feed({
      kind: "append",
      now: this.#ports.clock(),
      epoch,
      baseOffset: batch.baseOffset,
      count: batch.values.length,
      payload: dataBatch(batch, epoch),
    });
  }

  /** Appends the change of the voter set that has waited for its place. */
  appendVoters(baseOffset: number, epoch: number): void {
    if (this.#isStopped) return;
    this.#feed({ kind: "append-voters", now: this.#ports.clock(), epoch, baseOffset });
  }

  /** The batches of a range, joined. Fetches that one commit wakes ask for the same range: they share its bytes. */
  readLog(range: LogRange): Uint8Array {
    const { log } = this.state;
    // Cut since it was named: without records the follower asks again, and what comes after the cut would be a gap.
    if (range.from < log.startOffset) return new Uint8Array(0);
    const last = this.#lastRead;
    if (last !== null && last.log === log && isSame(last.range, range)) return last.bytes;
    const bytes = joinBatches(this.#ports.log.read(range));
    this.#lastRead = { log, range, bytes };
    return bytes;
  }

  /** Bytes of a snapshot; null when it was dropped since the range was named, or is damaged. */
  readSnapshot(range: SnapshotRange): Uint8Array | null {
    if (findSnapshot(this.state.log, range.id) === undefined) return null;
    const bytes = this.#ports.snapshots.read(range);
    if (bytes === null) {
      const { endOffset, epoch } = range.id;
      this.#ports.operatorLog.error(
        "snapshot-damaged",
        `the snapshot ${endOffset}-${epoch} is damaged at byte ${range.position}: nobody can fetch it`,
      );
    }
    return bytes;
  }

  /** Arms the timer for whatever is due first, here or above. */
  armWake(): void {
    if (this.#isStopped) return;
    const clock = this.#ports.clock();
    const now = timeAt(this.state, clock);
    if (this.state.asleep !== null) return this.#armAsleep({ now, clock });
    // The timer goes by the core's own time, which a clock that jumps leaves alone. Above, the clock is what counts.
    const dutyAt = now + this.#above.nextDutyAt() - clock;
    this.#wake.at(Math.min(this.#coreDeadline(), dutyAt), { now, clock });
  }

  // Only what is due this moment gets a timer: one that is pending keeps an object awake.
  #armAsleep({ now, clock }: { readonly now: number; readonly clock: number }): void {
    const asleepUntil = this.#above.nextDutyAsleepAt();
    const isDue = asleepUntil <= clock;
    const timerAt = Math.min(this.#coreDeadline(), isDue ? now : Number.POSITIVE_INFINITY);
    // What comes next is known when that is done.
    this.#wake.at(timerAt, {
      now,
      clock,
      asleepUntil: isDue ? Number.POSITIVE_INFINITY : asleepUntil,
    });
  }

  // It looks at every waiting fetch, of which each broker has one. A heartbeat leaves the core as it was.
  #coreDeadline(): number {
    const { state } = this;
    if (this.#deadline.state !== state) this.#deadline = { state, atMs: nextDeadline(state) };
    return this.#deadline.atMs;
  }

  /** Ends this replica for good: nothing that still arrives for it is stored, sent or answered. */
  stop(): void {
    this.#isStopped = true;
    this.#wake.stop();
    this.#sweeper.stop();
    this.#calls.dropAll();
    for (const answered of this.#asking.values()) answered(null);
    this.#asking.clear();
    this.#reads.endAll();
  }

  #take(input: Input): void {
    if (this.#isStopped) return;
    this.#feed(input);
    this.#above.settled();
    this.armWake();
  }

  #feed(input: Input): void {
    this.#recorder.took(input);
    this.#loop.take(input);
    this.#sweeper.follow(this.state.log);
  }

  #persist(effect: PersistEffect): void {
    const { disk, log, snapshots, quorum, clock } = this.#ports;
    const { incarnation } = this.state;
    const stores = { log, snapshots, quorum, now: clock(), incarnation };
    disk.transaction(() => persistStep(effect, stores));
  }

  #perform(effect: Exclude<Effect, PersistEffect>): void {
    switch (effect.kind) {
      case "send":
        return this.#send(effect);
      case "reply":
        return this.#reply(effect);
      case "verify-snapshot":
        return this.#above.verifySnapshot(effect.id, effect.size);
      case "snapshot-abandoned":
        return this.#abandon(effect.id);
      case "snapshot-too-large":
        return this.#above.snapshotTooLarge();
      case "snapshot-installed":
        return this.#above.snapshotInstalled(effect.snapshot);
      case "commit":
        return this.#above.committed(effect.highWatermark);
      case "voters-to-append":
        return this.#above.votersToAppend();
      case "read-ready":
        return this.#reads.end(effect.requests, { kind: "ready", readIndex: effect.readIndex });
      case "read-refused":
        return this.#reads.end(effect.requests, { kind: "refused", error: effect.error });
      case "append-refused":
        return this.#checkRefusal(effect);
      case "replica-distrusted":
        return this.#distrust(effect);
      case "answer-doubted":
        return this.#doubt(effect);
      case "role-changed":
        // The core has forgotten what the earlier role asked.
        this.#calls.dropAll();
        return this.#above.roleChanged();
    }
  }

  // Whoever reads it hears of it before it is gone.
  #abandon(id: SnapshotId): void {
    this.#above.snapshotAbandoned(id);
    const { disk, snapshots } = this.#ports;
    disk.transaction(() => snapshots.abandon("fetched"));
    this.#sweeper.sweep();
  }

  #send(effect: SendEffect): void {
    const { to, correlation } = effect;
    this.#calls.start(effect, effect.deadline - this.state.now, (outcome) => {
      const now = this.#ports.clock();
      if (outcome.kind === "answered") {
        const { body } = outcome;
        this.#take({ kind: "response-received", now, from: to, correlation, body });
      } else {
        const { failure } = outcome;
        if (failure === "timeout") this.#timerRanOut(effect.deadline);
        this.#take({ kind: "request-failed", now, to, correlation, failure });
      }
    });
  }

  #reply(effect: Extract<Effect, { kind: "reply" }>): void {
    const answered = this.#asking.get(effect.to);
    this.#asking.delete(effect.to);
    answered?.(effect.response);
  }

  // The core refuses what an office appends after it was lost. In office, both must agree where the log ends.
  #checkRefusal(refused: Extract<Effect, { kind: "append-refused" }>): void {
    const { role, election, log } = this.state;
    const stillLeads = role.kind === "leader" && election.epoch === refused.epoch;
    assert(
      !stillLeads,
      `the office expected the log to end at ${refused.baseOffset}, not ${log.endOffset}`,
    );
  }

  // The quorum that is observed is not run here: an operator has to find out which history he was shown.
  #doubt({ from, reason }: Extract<Effect, { kind: "answer-doubted" }>): void {
    if (reason !== this.#doubted?.reason)
      this.#ports.operatorLog.error(
        "answer-doubted",
        `an answer of ${from} does not count: ${reason}`,
      );
    this.#doubted = { reason, levelAt: this.state.levelAt };
  }

  // A voter whose storage went back in time is no longer counted; an operator has to know.
  #distrust(effect: Extract<Effect, { kind: "replica-distrusted" }>): void {
    this.#ports.operatorLog.error(
      "voter-distrusted",
      `${describeEffect(effect)}: it is not counted in this epoch`,
    );
    this.#distrusted.add(effect.key.id);
  }
}
