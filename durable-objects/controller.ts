/**
 * One voter of one cluster while its object is in memory: the consensus core with its storage, its peers and
 * its timers, and on top of it the metadata: replayed while standing by, in office while leading.
 *
 * Here the two cores meet. The rules of when to lead, what is committed and what a record means are theirs;
 * this class carries values from one to the other, in the order in which they come.
 */
import { stableImage, type MetadataImage } from "../src/metadata/index.ts";
import {
  describeEffect,
  leaderOf,
  nextDeadline,
  type Effect,
  type Input,
  type LogRange,
  type PersistEffect,
  type RaftConfig,
  type Reply,
  type Request,
  type RequestId,
  type State,
} from "../src/raft/index.ts";
import { AssertionError, assert } from "../src/std/assert.ts";
import {
  ActiveController,
  type Operation,
  type Outcome,
} from "./active-controller/active-controller.ts";
import type { ClusterEntry } from "./cluster-entry.ts";
import { dataBatch } from "./replica/entries.ts";
import { Duties, type Duty } from "./active-controller/duties.ts";
import { furnish, opening, readContext } from "./active-controller/operation-context.ts";
import { persistStep } from "./replica/persist.ts";
import type { Peers } from "./replica/peers.ts";
import { callPeer } from "./replica/quorum-call.ts";
import { CommittedImage } from "./committed-log/committed-image.ts";
import { joinBatches, type LogStore } from "./storage/log-store.ts";
import type { QuorumStore } from "./storage/quorum-store.ts";
import { durableImage } from "./replica/boot-state.ts";
import { InputLoop } from "./replica/input-loop.ts";
import { Wake } from "./replica/wake.ts";

/** What a voter is given by its object. */
export interface ControllerParts {
  readonly cluster: ClusterEntry;
  readonly config: RaftConfig;
  readonly storage: DurableObjectStorage;
  readonly log: LogStore;
  readonly quorum: QuorumStore;
  readonly peers: Peers;
  /** Milliseconds since the epoch of Unix. */
  readonly clock: () => number;
  /** Unpredictable, so that voters do not stand for election in step. */
  readonly seed: number;
  /** Ends this incarnation. `tripped` names an invariant that does not hold. */
  readonly abort: (reason: { readonly cause: unknown; readonly tripped: string | null }) => void;
}

/** Whoever put a request to the core. */
interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (reason: Error) => void;
}

export class Controller {
  readonly #parts: ControllerParts;
  readonly #turn: InputLoop;
  readonly #wake: Wake;
  readonly #replayed: CommittedImage;
  readonly #replies = new Map<RequestId, Waiting>();
  readonly #commitWaiters = new Set<() => void>();
  #nextRequest: RequestId = 1;
  #isStopped = false;
  #active: ActiveController | null = null;
  #isOpen = false;
  #duties = new Duties(0);
  /** The end of the batch that this office has appended and not yet seen committed. */
  #roundEnd: number | null = null;
  #highWatermark: number | null = null;
  readonly #distrusted = new Set<number>();

  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#replayed = new CommittedImage(parts.log);
    this.#wake = new Wake(parts.storage, () => this.onDeadline());
    const image = durableImage(parts.quorum, parts.log);
    this.#turn = new InputLoop(
      { image, config: parts.config, now: parts.clock(), seed: parts.seed },
      {
        persist: (effect) => this.#persist(effect),
        perform: (effect) => this.#perform(effect),
        fail: (cause) => this.#fail(cause),
      },
    );
  }

  get state(): State {
    return this.#turn.state;
  }

  /** True while this node leads and the first records of its office are committed. */
  get isActive(): boolean {
    return this.#active !== null && this.#isOpen;
  }

  /** Everything committed that this node knows of; the offset after its last record is `committedEnd`. */
  get committedImage(): MetadataImage {
    return this.#replayed.image;
  }

  get committedEnd(): number {
    return this.#replayed.endOffset;
  }

  /** Null until this incarnation has learned one. */
  get highWatermark(): number | null {
    return this.#highWatermark;
  }

  /** Voters whose storage was seen to go back in time, as this incarnation knows. */
  get distrusted(): readonly number[] {
    return [...this.#distrusted].toSorted((left, right) => left - right);
  }

  /** Time may have passed: runs whatever is due. Harmless at any moment. */
  onDeadline(): void {
    this.#take({ kind: "time-passed", now: this.#parts.clock() });
    this.#doDuties();
  }

  onAlarm(): void {
    this.#wake.alarmFired();
    this.onDeadline();
  }

  /** Puts a request of the quorum's own protocol to the core; settles when the core answers, maybe much later. */
  ask(body: Request): Promise<Reply> {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    return new Promise((resolve, reject) => {
      this.#replies.set(request, { resolve, reject });
      this.#take({ kind: "request-received", now: this.#parts.clock(), request, body });
    });
  }

  /** Runs a metadata operation if this node is the active controller. */
  async submit<Response>(
    operation: Operation<Response>,
    apiVersion: number,
  ): Promise<Outcome<Response>> {
    const active = this.#active;
    if (active === null) return { kind: "not-controller" };
    const outcome = active.submit(operation, { nowMs: this.#parts.clock(), apiVersion });
    this.#appendRound();
    this.#standWake();
    return outcome;
  }

  /** Runs a read against what is committed and out of any open transaction. Any node may, once it knows a log. */
  read<Response>(operation: Operation<Response>, apiVersion: number): Outcome<Response> {
    const image = stableImage(this.committedImage);
    if (image.provenance.endOffset === 0) return { kind: "not-controller" };
    const context = readContext(this.#parts.cluster, {
      image,
      apiVersion,
      nowMs: this.#parts.clock(),
      controllerId: this.#parts.config.local.key.id,
      activeControllerId: leaderOf(this.state)?.leaderId ?? -1,
    });
    try {
      const { response } = operation(image, context);
      return { kind: "committed", response, endOffset: image.provenance.endOffset };
    } catch (cause) {
      return { kind: "failed", cause };
    }
  }

  /** Committed batches as stored, whole, from the one that contains `from`, and where the last of them ends. */
  readCommitted(range: { readonly from: number; readonly maxBytes: number }): {
    readonly bytes: Uint8Array;
    readonly endOffset: number;
  } {
    const batches = this.#parts.log.read({ ...range, upTo: this.#highWatermark ?? 0 });
    const last = batches.at(-1);
    return {
      bytes: joinBatches(batches),
      endOffset: last === undefined ? range.from : last.lastOffset + 1,
    };
  }

  readLog(range: LogRange): Uint8Array {
    return joinBatches(this.#parts.log.read(range));
  }

  /** Resolves at the next commit, or after `waitMs`. */
  nextCommit(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#commitWaiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#commitWaiters.add(done);
    });
  }

  /** Ends this voter for good: nothing that still arrives for it is stored, sent or answered. */
  stop(): void {
    this.#isStopped = true;
    this.#wake.stop();
    this.#active?.renounce();
    this.#active = null;
    for (const { reject } of this.#replies.values())
      reject(new Error("the controller has stopped"));
    this.#replies.clear();
  }

  #take(input: Input): void {
    if (this.#isStopped) return;
    this.#turn.take(input);
    this.#appendRound();
    this.#standWake();
  }

  #persist(effect: PersistEffect): void {
    this.#parts.storage.transactionSync(() =>
      persistStep(effect, {
        log: this.#parts.log,
        quorum: this.#parts.quorum,
        now: this.#parts.clock(),
      }),
    );
  }

  #perform(effect: Exclude<Effect, PersistEffect>): void {
    switch (effect.kind) {
      case "send":
        return this.#send(effect);
      case "reply":
        return this.#reply(effect);
      case "commit":
        return this.#onCommit(effect.highWatermark);
      case "append-refused":
        return this.#onAppendRefused(effect);
      case "replica-distrusted":
        return this.#onReplicaDistrusted(effect);
      case "role-changed":
        return this.#onRoleChanged();
    }
  }

  #send(effect: Extract<Effect, { kind: "send" }>): void {
    const { to, correlation } = effect;
    callPeer(this.#parts.peers, effect).then(
      (body) =>
        this.#take({
          kind: "response-received",
          now: this.#parts.clock(),
          from: to,
          correlation,
          body,
        }),
      () => this.#take({ kind: "request-failed", now: this.#parts.clock(), to, correlation }),
    );
  }

  #reply(effect: Extract<Effect, { kind: "reply" }>): void {
    const waiting = this.#replies.get(effect.to);
    this.#replies.delete(effect.to);
    waiting?.resolve(effect.response);
  }

  #onCommit(highWatermark: number): void {
    this.#highWatermark = highWatermark;
    const active = this.#active;
    if (active === null) this.#replayed.replayTo(highWatermark);
    else {
      active.onCommitted(highWatermark);
      this.#replayed.adopt(active.committedImage, highWatermark);
    }
    if (this.#roundEnd !== null && highWatermark >= this.#roundEnd) this.#roundEnd = null;
    for (const done of this.#commitWaiters) done();
    this.#takeOfficeWhenReady();
  }

  #onRoleChanged(): void {
    const { role, election } = this.#turn.state;
    const active = this.#active;
    if (active !== null && (role.kind !== "leader" || election.epoch !== active.epoch)) {
      this.#active = null;
      this.#isOpen = false;
      this.#roundEnd = null;
      active.renounce();
    }
    this.#takeOfficeWhenReady();
  }

  // A voter whose storage went back in time is no longer counted; somebody has to know.
  #onReplicaDistrusted(effect: Extract<Effect, { kind: "replica-distrusted" }>): void {
    console.error(`${describeEffect(effect)}: replace this voter under a new directory id`);
    this.#distrusted.add(effect.key.id);
  }

  // KAFKA-15345: office begins only when everything before it is replayed, so never on stale state.
  #takeOfficeWhenReady(): void {
    const { role, election, log } = this.#turn.state;
    if (role.kind !== "leader" || this.#active !== null) return;
    const caughtUp = role.highWatermark !== null && this.#replayed.endOffset === log.endOffset;
    if (!caughtUp) return;
    const { cluster, config, seed } = this.#parts;
    const nowMs = this.#parts.clock();
    const office = furnish({
      cluster,
      nowMs,
      nodeId: config.local.key.id,
      epoch: election.epoch,
      image: this.#replayed.image,
      endOffset: log.endOffset,
      seed: seed ^ election.epoch,
    });
    this.#active = new ActiveController(office);
    this.#duties = new Duties(nowMs);
    const opened = this.#active.submit(opening(cluster), { nowMs, apiVersion: 0 });
    // Without its first records an office is none: better to be reset than to lead a cluster without features.
    void opened.then((outcome) => {
      if (outcome.kind === "failed") this.#fail(outcome.cause);
      if (outcome.kind === "committed") this.#isOpen = true;
    });
  }

  #doDuties(): void {
    if (this.#active === null) return;
    const due = this.#duties.takeDue(this.#active.liveness, this.#parts.clock());
    for (const duty of due) void this.#doDuty(duty, this.#duties);
  }

  async #doDuty(duty: Duty, duties: Duties): Promise<void> {
    const outcome = await this.submit(duty, 0);
    if (outcome.kind === "failed") console.error("a standing duty met a defect:", outcome.cause);
    const stoodStillMs = outcome.kind === "committed" ? outcome.response?.stoodStillMs : undefined;
    if (stoodStillMs !== undefined)
      console.warn(`stood still for ${stoodStillMs} ms or more: every session begins anew`);
    if (duties.ran(outcome, this.#parts.clock())) this.#standWake();
  }

  /** Group commit: while a round is under way, operations queue; when it is committed, they are the next. */
  #appendRound(): void {
    const active = this.#active;
    if (active === null || this.#roundEnd !== null) return;
    const batch = active.takeBatch();
    if (batch === null) return;
    this.#roundEnd = batch.baseOffset + batch.values.length;
    this.#turn.take({
      kind: "append",
      now: this.#parts.clock(),
      epoch: active.epoch,
      baseOffset: batch.baseOffset,
      count: batch.values.length,
      payload: dataBatch(batch, active.epoch),
    });
    if (this.#roundEnd === null && this.#active === active) this.#waitUntilStored(active);
  }

  // A sole voter commits in the turn of its append. Its round lasts until the write is on disk all the same, or
  // every operation would be a batch and a disk write of its own.
  #waitUntilStored(active: ActiveController): void {
    this.#roundEnd = this.#turn.state.log.endOffset;
    void this.#parts.storage.sync().then(() => {
      if (this.#active !== active) return;
      this.#roundEnd = null;
      this.#appendRound();
      this.#standWake();
    });
  }

  #onAppendRefused(refused: Extract<Effect, { kind: "append-refused" }>): void {
    const { role, election, log } = this.#turn.state;
    const stillLeads = role.kind === "leader" && election.epoch === refused.epoch;
    assert(
      !stillLeads,
      `the office expected the log to end at ${refused.baseOffset}, not ${log.endOffset}`,
    );
  }

  #standWake(): void {
    const duty = this.#active === null ? Infinity : this.#duties.nextAt(this.#active.liveness);
    this.#wake.at(Math.min(nextDeadline(this.#turn.state), duty), this.#parts.clock());
  }

  #fail(cause: unknown): void {
    this.stop();
    this.#parts.abort({ cause, tripped: trippedBy(cause) });
  }
}

/** The invariant that `cause` says is broken; null for anything that a restart may cure. */
export const trippedBy = (cause: unknown): string | null =>
  cause instanceof AssertionError ? cause.message : null;
