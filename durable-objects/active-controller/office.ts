/**
 * One office of one leader: it is made when office is claimed and dies with its epoch, so nothing in it is ever set
 * back. It opens with the first records a new leader owes, appends what operations write in rounds, and runs the
 * standing duties.
 *
 * A round is a group commit (KIP-631): while one is under way, operations queue; when it is committed, what has queued
 * is the next. How an operation runs and is answered is in `active-controller.ts`.
 */
import { registerVoters, type MetadataImage } from "../../src/metadata/index.ts";
import type { VoterSet } from "../../src/raft/index.ts";
import { settingsOf, type ControllerSettings } from "../cluster-settings.ts";
import type { Ports } from "../replica/ports.ts";
import type { Replica } from "../replica/replica.ts";
import {
  ActiveController,
  NO_DEADLINE,
  type Answered,
  type Operation,
} from "./active-controller.ts";
import { Duties, type Duty } from "./duties.ts";
import {
  controllerConfig,
  controllersOf,
  firstOperation,
  takeOffice,
  type Claim,
} from "./operation-context.ts";

/** What an office works with. */
export interface OfficeParts extends Pick<Ports, "disk" | "clock" | "operatorLog"> {
  readonly replica: Replica;
}

export class Office {
  readonly epoch: number;
  readonly #parts: OfficeParts;
  readonly #active: ActiveController;
  readonly #duties: Duties;
  /** The end of the batch that is appended and not yet seen committed; null between two rounds. */
  #roundEnd: number | null = null;
  #isOpen = false;
  /** The voters that are registered, or about to be. */
  #voters: VoterSet;
  #isOver = false;
  /** Operations run that are to be appended together. */
  #isGathering = false;
  /** What runs is its own wish, and no broker's. */
  #isOnDuty = false;

  constructor(claim: Claim, parts: OfficeParts) {
    this.epoch = claim.epoch;
    this.#parts = parts;
    this.#voters = parts.replica.voters;
    this.#active = new ActiveController(takeOffice(claim));
    this.#duties = new Duties(this.#active.liveness, claim.nowMs, settingsOf(claim.cluster));
    this.#open(firstOperation(claim));
  }

  /** True once the first records of this office are committed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get committedImage(): MetadataImage {
    return this.#active.committedImage;
  }

  /** When the next duty is due, or the time of an operation that waits is over; in ms. */
  get nextDutyAt(): number {
    return Math.min(this.#duties.nextAtMs, this.#active.nextDeadlineMs);
  }

  /** The same while the quorum sleeps. */
  get nextDutyAsleepAt(): number {
    return this.#duties.nextAsleepAtMs(this.#active.liveness, this.#parts.clock());
  }

  /** Runs an operation now; answers when it is committed, when office is lost, or after `timeoutMs`. */
  submit<Response>(
    operation: Operation<Response>,
    apiVersion: number,
    answered: Answered<Response>,
    timeoutMs: number = NO_DEADLINE,
  ): void {
    if (this.#isOver) return answered({ kind: "not-controller" });
    this.#run(operation, apiVersion, answered, timeoutMs);
    this.appendRound();
    this.#parts.replica.armWake();
  }

  get hasFullRound(): boolean {
    return this.#active.hasFullRound;
  }

  /** Runs `work`, and asks for a round once, at its end: what it submits is appended together. */
  together(work: () => void): void {
    this.#isGathering = true;
    try {
      work();
    } finally {
      this.#isGathering = false;
      this.appendRound();
      this.#parts.replica.armWake();
    }
  }

  /** Appends what has queued, unless a round is under way or still being gathered. */
  appendRound(): void {
    if (this.#isOver || this.#isGathering || this.#roundEnd !== null) return;
    const batch = this.#active.takeBatch();
    if (batch === null) return;
    const { replica } = this.#parts;
    if (batch.kind === "voters") {
      this.#roundEnd = batch.baseOffset + 1;
      replica.appendVoters(batch.baseOffset, this.epoch);
    } else {
      this.#roundEnd = batch.baseOffset + batch.values.length;
      replica.append(batch, this.epoch);
    }
    if (this.#roundEnd === null) this.#waitUntilStored();
  }

  /** A change of the voter set waits for its place among what is queued. */
  queueVoters(): void {
    if (!this.#isOver) this.#active.queueVoters(this.#parts.clock());
  }

  /** Everything below `highWatermark` is committed: answers the operations that waited for it. */
  committed(highWatermark: number): void {
    this.#active.onCommitted(highWatermark);
    if (this.#roundEnd !== null && highWatermark >= this.#roundEnd) this.#roundEnd = null;
    this.#registerNewVoters();
  }

  changeSettings(settings: ControllerSettings): void {
    this.#active.configure(controllerConfig(settings));
    this.#duties.changeSettings(settings, this.#active.liveness, this.#parts.clock());
  }

  runDueDuties(): void {
    if (this.#isOver) return;
    this.#active.answerOverdue(this.#parts.clock());
    const { liveness, lastWrittenMs } = this.#active;
    const due = this.#duties.takeDue(liveness, this.#parts.clock(), lastWrittenMs);
    for (const duty of due) this.#runDuty(duty);
    if (this.#duties.isSleepDue(this.#parts.clock(), lastWrittenMs)) this.#sleep();
  }

  // SL-1: what the sweeps would write in minutes is written now, and then the quorum does not sleep yet.
  #sleep(): void {
    if (!this.#isIdle) return;
    for (const duty of this.#duties.sweepsBeforeSleep) this.#runDuty(duty);
    if (this.#isIdle) this.#parts.replica.sleep(this.epoch, this.#duties.quietMs);
  }

  get #isIdle(): boolean {
    return this.#isOpen && this.#roundEnd === null && this.#active.isIdle;
  }

  /** Office is lost: every operation that waits is told whether it may be committed all the same. */
  renounce(): void {
    this.#isOver = true;
    this.#active.renounce();
  }

  // The first records are queued at once, and appended with the first round. Without them an office is none: better to
  // be reset than to lead a cluster without features.
  #open(first: Operation<null>): void {
    this.#run(first, 0, (outcome) => {
      if (outcome.kind === "failed") throw outcome.cause;
      if (outcome.kind === "committed") this.#isOpen = true;
    });
  }

  #run<Response>(
    operation: Operation<Response>,
    apiVersion: number,
    answered: Answered<Response>,
    timeoutMs: number = NO_DEADLINE,
  ): void {
    const { clock, replica } = this.#parts;
    const controllers = controllersOf(replica.voters);
    const nowMs = clock();
    const { liveness } = this.#active;
    this.#active.submit(operation, { nowMs, apiVersion, controllers }, answered, timeoutMs);
    if (this.#active.liveness !== liveness) {
      this.#duties.contactsChanged(this.#active.liveness, nowMs);
      if (!this.#isOnDuty) this.#duties.heard(nowMs);
    }
    this.#duties.tokensChanged(this.#active.hasDelegationTokens, nowMs);
  }

  // A voter that joins is registered when the set that lists it is committed: until then it may be taken back.
  #registerNewVoters(): void {
    const { replica, operatorLog } = this.#parts;
    if (replica.isChangingVoters || replica.voters === this.#voters) return;
    this.#voters = replica.voters;
    this.#run(registerVoters, 0, (outcome) => {
      if (outcome.kind === "failed")
        operatorLog.error("voter-unregistered", "a new voter is not registered", outcome.cause);
    });
  }

  // A sole voter commits in the very step of its append. Its round lasts until the write is on disk all the same, or
  // every operation would be a batch and a disk write of its own.
  #waitUntilStored(): void {
    const { disk, replica } = this.#parts;
    this.#roundEnd = replica.state.log.endOffset;
    disk.whenDurable(() => {
      this.#roundEnd = null;
      this.appendRound();
      replica.armWake();
    });
  }

  #runDuty(duty: Duty): void {
    const { clock, operatorLog, replica } = this.#parts;
    this.#isOnDuty = true;
    this.submit(duty, 0, (outcome) => {
      if (outcome.kind === "failed")
        operatorLog.error("duty-defect", "a standing duty met a defect", outcome.cause);
      const stoodStillMs =
        outcome.kind === "committed" ? outcome.response?.stoodStillMs : undefined;
      if (stoodStillMs !== undefined)
        operatorLog.warn(
          "stood-still",
          `stood still for ${stoodStillMs} ms or more: every session begins anew`,
        );
      if (this.#duties.ran(duty, outcome, clock())) replica.armWake();
    });
    this.#isOnDuty = false;
  }
}
