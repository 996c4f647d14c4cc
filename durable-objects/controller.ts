/**
 * A controller of one cluster while its object is in memory. It joins four things: the replica of the log, what is
 * committed in it, the snapshots of that, and, while this node leads, the office. Here the two cores meet; the rules of
 * when to lead, what is committed and what a record means are theirs.
 */
import {
  stableImage,
  type AclsImage,
  type AuthorizerSettings,
  type DelegationTokenKey,
  type MetadataImage,
} from "../src/metadata/index.ts";
import {
  leaderOf,
  mustConfirm,
  type LogRange,
  type ObserverPosition,
  type Request,
  type SnapshotRange,
  type State,
  type StoredSnapshot,
} from "../src/raft/index.ts";
import { AssertionError } from "../src/std/assert.ts";
import {
  NO_DEADLINE,
  type Answered,
  type Operation,
  type Outcome,
} from "./active-controller/active-controller.ts";
import { Office } from "./active-controller/office.ts";
import { controllersOf, readContext } from "./active-controller/operation-context.ts";
import type { BootstrapUser } from "./bootstrap-users.ts";
import type { GovernedCluster } from "./cluster-entry.ts";
import { authorizerOf, settingsOf } from "./cluster-settings.ts";
import { Causes } from "./committed-log/causes.ts";
import { CommittedLog } from "./committed-log/committed-log.ts";
import { DenialLog } from "./denial-log.ts";
import type { ReadTold } from "./replica/pending-reads.ts";
import type { Ports } from "./replica/ports.ts";
import { Replica, type Answered as RequestAnswered, type ReplicaStart } from "./replica/replica.ts";
import { RequestMeasures } from "./request-measures.ts";
import { SnapshotDuties } from "./snapshots/snapshot-duties.ts";

/** Who this controller is. */
export interface ControllerStart extends ReplicaStart {
  readonly cluster: GovernedCluster;
  /** The deployment's; null where it has none. */
  readonly delegationTokenKey: DelegationTokenKey | null;
  /** The SCRAM users that the cluster begins with; none where it is absent. */
  readonly users?: readonly BootstrapUser[];
}

/**
 * How long an answer is held back that a moment may change: longer than an election, shorter than a client's patience.
 */
const PASSING_MS_MAX = 2_000;

/** A later time needs no timer, for the alarm comes every minute and looks again. A timer overflows after 24 days. */
const AHEAD_MS_MAX = 86_400_000;

export class Controller {
  /** What the cluster's authorizer goes by; null where it has none. */
  readonly authorizer: AuthorizerSettings | null;
  readonly denialLog: DenialLog;
  /** Who caused the records of this node's newest office. */
  readonly causes = new Causes();
  readonly requests: RequestMeasures;
  #start: ControllerStart;
  readonly #ports: Ports;
  readonly #replica: Replica;
  readonly #committed: CommittedLog;
  readonly #snapshots: SnapshotDuties;
  #office: Office | null = null;
  readonly #watchers = new Set<() => void>();

  constructor(start: ControllerStart, ports: Ports) {
    this.#start = start;
    this.#ports = ports;
    const settings = settingsOf(start.cluster);
    this.authorizer = authorizerOf(settings);
    this.denialLog = new DenialLog(ports);
    this.requests = new RequestMeasures(ports.clock);
    this.#committed = new CommittedLog(ports, {
      replayed: () => this.#onReplayed(),
      failed: (cause) => this.#fail(cause),
    });
    this.#replica = new Replica(start, ports, {
      committed: (highWatermark) => this.#onCommitted(highWatermark),
      roleChanged: () => {
        this.#onRoleChanged();
        this.#tellWatchers();
      },
      verifySnapshot: (id, size) => this.#snapshots.verify(id, size),
      snapshotAbandoned: () => this.#snapshots.abandoned(),
      snapshotTooLarge: () => this.#snapshots.fetchedTooLarge(),
      snapshotInstalled: (snapshot) => this.#onInstalled(snapshot),
      votersToAppend: () => this.#office?.queueVoters(),
      settled: () => {
        this.#office?.appendRound();
        this.#tellWatchers();
      },
      timePassed: () => this.#runDueDuties(),
      nextDutyAt: () => this.#nextDutyAt(),
      nextDutyAsleepAt: () => this.#nextDutyAsleepAt(),
      failed: (cause) => this.#fail(cause),
    });
    this.#snapshots = new SnapshotDuties({
      ports,
      settings,
      replica: this.#replica,
      committedImage: () => (this.#committed.hasCaughtUp ? this.#committed.image : null),
      failed: (cause) => this.#fail(cause),
    });
  }

  get state(): State {
    return this.#replica.state;
  }

  /** True while this node leads and the first records of its office are committed. */
  get isActive(): boolean {
    return this.#office?.isOpen ?? false;
  }

  /** Everything committed that this node knows of; the offset after its last record is `committedEnd`. */
  get committedImage(): MetadataImage {
    return this.#committed.image;
  }

  get committedEnd(): number {
    return this.#committed.imageEnd;
  }

  /** As reads see them; null while this node does not know of a log, or has not replayed it. */
  get committedAcls(): AclsImage | null {
    return this.#readableImage?.acls ?? null;
  }

  /** Null until this incarnation has learned one. */
  get highWatermark(): number | null {
    return this.#committed.highWatermark;
  }

  /** Voters whose storage was seen to go back in time, as this incarnation knows. */
  get distrusted(): readonly number[] {
    return this.#replica.distrusted;
  }

  /** Why what this node is told does not count, where it only observes; null while it does. */
  get doubt(): string | null {
    return this.#replica.doubt;
  }

  /** Why this node has no newer snapshot than it has; null while nothing stands in its way. */
  get snapshotFailure(): string | null {
    return this.#snapshots.failure;
  }

  /** Goes by the settings of `cluster` from now on. Who leads, and what waits to be committed, stays as it is. */
  changeSettings(cluster: GovernedCluster): void {
    this.#start = { ...this.#start, cluster };
    const settings = settingsOf(cluster);
    this.#snapshots.changeSettings(settings);
    this.#office?.changeSettings(settings);
    // It may be the sleep that is forbidden.
    this.#replica.wake();
    this.#replica.passTime();
    this.#replica.armWake();
  }

  /** Time may have passed: runs whatever is due. Harmless at any moment. */
  onDeadline(): void {
    this.#replica.passTime();
  }

  onAlarm(): void {
    this.#replica.alarmFired();
  }

  /**
   * Puts a request of the quorum's own protocol to the core, which answers at once or much later. What is returned
   * says that the caller has hung up.
   */
  ask(body: Request, answered: RequestAnswered): () => void {
    return this.#replica.ask(body, answered);
  }

  /**
   * What a read must show to be linearizable, or why this node cannot tell. What is returned says that nobody asks now.
   */
  readIndex(told: ReadTold): () => void {
    this.#wakeUnlessLeading();
    return this.#replica.readIndex(told);
  }

  /**
   * How old what this node knows to be committed may be, in ms: counted from when a majority is known to have followed
   * it. Null where that cannot be said, as on every node that does not lead.
   */
  get confirmedAgeMs(): number | null {
    return this.#replica.confirmedAgeMs;
  }

  /** Since when this node sleeps with its quorum, in ms since the Unix epoch; null while it is awake. */
  get asleepSinceMs(): number | null {
    return this.#replica.asleepSinceMs;
  }

  /** Somebody wants something of the quorum that no sleeper can give. Nothing happens to who is awake. */
  wake(): void {
    this.#replica.wake();
  }

  // A leader reads and answers in its sleep; nobody else can, and who asks here has not found it.
  #wakeUnlessLeading(): void {
    if (this.state.role.kind !== "leader") this.#replica.wake();
  }

  /** Gives up the office of `epoch` in good order, if this node still holds it. */
  resign(epoch: number): void {
    this.#replica.resign(epoch);
  }

  /**
   * Runs a metadata operation if this node is in office; it is answered after `timeoutMs` at the latest. One that is
   * asleep and does not lead wakes: who submits it here has not found the leader.
   */
  submit<Response>(
    operation: Operation<Response>,
    apiVersion: number,
    answered: Answered<Response>,
    timeoutMs: number = NO_DEADLINE,
  ): void {
    if (this.#office === null) {
      this.#wakeUnlessLeading();
      return answered({ kind: "not-controller" });
    }
    const confirmed: Answered<Response> = (outcome) => this.#answerConfirmed(outcome, answered);
    this.#office.submit(operation, apiVersion, confirmed, timeoutMs);
  }

  // What was written has woken the quorum. What was not is said by one that may have been deposed in its sleep (SL-6).
  #answerConfirmed<Response>(outcome: Outcome<Response>, answered: Answered<Response>): void {
    const isSaid = outcome.kind !== "committed" || !mustConfirm(this.state, this.#ports.clock());
    if (isSaid) return answered(outcome);
    this.readIndex((told) =>
      answered(told.kind === "ready" ? outcome : { kind: "not-controller" }),
    );
  }

  /** Runs `work` in this event: what it submits is one round. It waits for nothing. */
  together(work: () => void): void {
    if (this.#office === null) work();
    else this.#office.together(work);
  }

  /** As much is queued as one round takes. */
  get hasFullRound(): boolean {
    return this.#office?.hasFullRound ?? false;
  }

  /** Runs a read against what is committed and out of any open transaction. Any node may, once it knows a log. */
  read<Response>(operation: Operation<Response>, apiVersion: number): Outcome<Response> {
    const image = this.#readableImage;
    if (image === null) return { kind: "not-controller" };
    const { endOffset } = image.provenance;
    const { cluster, config } = this.#start;
    const context = readContext(cluster, {
      image,
      apiVersion,
      nowMs: this.#ports.clock(),
      controllers: controllersOf(this.#replica.voters),
      controllerId: config.local.key.id,
      activeControllerId: leaderOf(this.state)?.leaderId ?? -1,
    });
    try {
      return { kind: "committed", response: operation(image, context).response, endOffset };
    } catch (cause) {
      return { kind: "failed", cause };
    }
  }

  /** Everything committed and out of any open transaction; null before this node has replayed some log. */
  get #readableImage(): MetadataImage | null {
    const image = stableImage(this.committedImage);
    return image.provenance.endOffset > 0 && this.#committed.hasCaughtUp ? image : null;
  }

  /** A read whose answer is held back while it is a passing one, within a bound. A new leader begins with a commit. */
  async readSettled<Response>(
    operation: Operation<Response>,
    apiVersion: number,
    isPassing: (response: Response) => boolean = () => false,
  ): Promise<Outcome<Response>> {
    const { clock } = this.#ports;
    const untilMs = clock() + PASSING_MS_MAX;
    for (;;) {
      const outcome = this.read(operation, apiVersion);
      const leftMs = untilMs - clock();
      if (outcome.kind !== "committed" || !isPassing(outcome.response) || leftMs <= 0) {
        return outcome;
      }
      // oxlint-disable-next-line no-await-in-loop -- read again after each commit
      await new Promise<void>((then) => this.nextCommit(leftMs, then));
    }
  }

  /** Committed batches as stored, whole, from the one that contains `from`, and where the last of them ends. */
  readCommitted(range: { readonly from: number; readonly maxBytes: number }): {
    readonly bytes: Uint8Array;
    readonly endOffset: number;
  } {
    return this.#committed.read(range);
  }

  /** Bytes of the log from `offset` on; null where no batch begins and the log does not end. */
  bytesFrom(offset: number): number | null {
    const { log } = this.#ports;
    if (offset < log.startOffset() || !log.isBoundary(offset)) return null;
    return log.bytesBefore(log.endOffset()) - log.bytesBefore(offset);
  }

  /**
   * Where observers are that read on from a gateway's copy of the log: noted by a leader that has served them (F-15).
   */
  observersMoved(positions: readonly ObserverPosition[]): void {
    this.#replica.observersMoved(positions);
  }

  /**
   * Calls `told` in the middle of every event after which this node may lead or follow another, or know of more that is
   * committed, until what is returned is called. It may be called for nothing.
   */
  whenMoved(told: () => void): () => void {
    this.#watchers.add(told);
    return () => this.#watchers.delete(told);
  }

  #tellWatchers(): void {
    for (const told of this.#watchers) told();
  }

  /** What a Fetch of the core's own is answered with: it may be uncommitted. */
  readLog(range: LogRange): Uint8Array {
    return this.#replica.readLog(range);
  }

  /** What a FetchSnapshot is answered with; null where those bytes are gone or damaged. */
  readSnapshot(range: SnapshotRange): Uint8Array | null {
    const bytes = this.#replica.readSnapshot(range);
    if (bytes !== null) this.#snapshots.wasRead(range.id);
    return bytes;
  }

  /** Runs `then` at the next commit, or after `waitMs`, or when what is returned is called: the caller has hung up. */
  nextCommit(waitMs: number, then: () => void): () => void {
    return this.#committed.nextCommit(waitMs, then);
  }

  /** Gives up leadership, if this node leads. Runs `then` when the others know, at the latest after `limitMs`. */
  takeLeave(limitMs: number, then: () => void): void {
    this.#replica.takeLeave(limitMs, then);
  }

  /** Ends this controller for good: nothing that still arrives for it is stored, sent or answered. */
  stop(): void {
    this.#leaveOffice();
    this.#snapshots.stop();
    this.#committed.stop();
    this.#replica.stop();
  }

  #onCommitted(highWatermark: number): void {
    const office = this.#office;
    office?.committed(highWatermark);
    this.#committed.advance(highWatermark, office?.committedImage ?? null);
    this.#claimOfficeWhenReady();
    this.#snapshots.committed();
    this.#tellWatchers();
  }

  // Whoever holds the image of the log that was lets go of it before the next one is loaded.
  #onInstalled(snapshot: StoredSnapshot): void {
    this.#snapshots.installed();
    this.#committed.restart(snapshot);
  }

  #runDueDuties(): void {
    this.#office?.runDueDuties();
    this.#snapshots.runDueDuties();
  }

  #nextDutyAt(): number {
    const atMs = Math.min(
      this.#office?.nextDutyAt ?? Number.POSITIVE_INFINITY,
      this.#snapshots.nextDutyAt,
    );
    return atMs > this.#ports.clock() + AHEAD_MS_MAX ? Number.POSITIVE_INFINITY : atMs;
  }

  #nextDutyAsleepAt(): number {
    const officeAtMs = this.#office?.nextDutyAsleepAt ?? Number.POSITIVE_INFINITY;
    return Math.min(officeAtMs, this.#snapshots.nextDutyAt);
  }

  // A leader that was still replaying when it was elected claims its office in the event that ends the replay.
  #onReplayed(): void {
    this.#claimOfficeWhenReady();
    this.#office?.appendRound();
    this.#snapshots.committed();
    this.#replica.armWake();
  }

  #onRoleChanged(): void {
    const { role, election } = this.state;
    if (role.kind !== "leader" || election.epoch !== this.#office?.epoch) this.#leaveOffice();
    this.#claimOfficeWhenReady();
  }

  #leaveOffice(): void {
    this.#office?.renounce();
    this.#office = null;
  }

  // KAFKA-15345: office begins only when everything before it is replayed, so never on stale state.
  #claimOfficeWhenReady(): void {
    const { role, election, log } = this.state;
    if (role.kind !== "leader" || this.#office !== null) return;
    const caughtUp = role.highWatermark !== null && this.committedEnd === log.endOffset;
    if (!caughtUp) return;
    const { cluster, users = [], config, seed, delegationTokenKey } = this.#start;
    const claim = {
      cluster,
      users,
      delegationTokenKey,
      nodeId: config.local.key.id,
      epoch: election.epoch,
      image: this.committedImage,
      endOffset: log.endOffset,
      nowMs: this.#ports.clock(),
      seed: seed ^ election.epoch,
      batchBytesMax: this.#ports.log.batchBytesMax,
      measures: this.requests,
    };
    this.causes.begin({ nodeId: claim.nodeId, epoch: claim.epoch, since: claim.endOffset });
    const { disk, clock, operatorLog } = this.#ports;
    this.#office = new Office(claim, { disk, clock, operatorLog, replica: this.#replica });
    // It was asked for while there was no office to give it a place.
    if (role.change?.phase === "queued") this.#office.queueVoters();
  }

  #fail(cause: unknown): void {
    const { flightRecord } = this.#replica;
    this.stop();
    this.#ports.abort({ cause, tripped: trippedBy(cause), flightRecord });
  }
}

/** The invariant that `cause` says is broken; null for anything that a restart may cure. */
export const trippedBy = (cause: unknown): string | null =>
  cause instanceof AssertionError ? cause.message : null;
