/**
 * A controller in office: it runs operations against the newest, still uncommitted view, queues their records,
 * hands them out one batch a round, and answers when they are committed (KIP-631; group commit without linger).
 *
 * It holds no rule: what an operation means is in `src/metadata`, when something is committed in `src/raft`.
 * It is made when office is taken and dropped when it is lost; the view goes with it, so there is nothing to
 * revert.
 */
import { assert } from "../../src/std/assert.ts";
import { nextWord, type Random } from "../../src/std/random.ts";
import {
  applyRecords,
  NO_MUTATION_BUCKETS,
  type BrokerLiveness,
  type ControlContext,
  type ControllerConfig,
  type ControlResult,
  type MetadataImage,
  type MutationBuckets,
} from "../../src/metadata/index.ts";
import {
  BATCH_HEADER_BYTES,
  dataRecordBytes,
  encodeMetadataRecords,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import type { PendingBatch } from "../replica/entries.ts";

/** One operation: pure, and total for whatever a broker may have sent. */
export type Operation<Response> = (
  view: MetadataImage,
  context: ControlContext,
) => ControlResult<Response>;

/** What became of an operation. A refusal by a rule is a response like any other, not one of these. */
export type Outcome<Response> =
  | { readonly kind: "committed"; readonly response: Response; readonly endOffset: number }
  /** Not in office, or not any more, and nothing was appended: it may be asked of another controller. */
  | { readonly kind: "not-controller" }
  /** Office was lost when its records were appended already: a successor may commit them, or not. */
  | { readonly kind: "abandoned" }
  /**
   * Its deadline has passed. What was queued by then stays where it is, for later operations were judged by it: it is
   * committed whole, or not at all.
   */
  | { readonly kind: "timed-out"; readonly mayBeCommitted: boolean }
  /** Nothing was written: the batch would be too large, or too much is waiting already. */
  | { readonly kind: "refused"; readonly reason: "too-large" | "overloaded" }
  /** Nothing was written: the operation met a defect of ours. */
  | { readonly kind: "failed"; readonly cause: unknown };

/** Told once of what became of an operation: within the call that runs it, or later. */
export type Answered<Response> = (outcome: Outcome<Response>) => void;

/** What an operation is told that holds for the whole office. */
export type StandingContext = Pick<
  ControlContext,
  | "clusterId"
  | "controllerId"
  | "activeControllerId"
  | "caller"
  | "clientId"
  | "config"
  | "hasAuthorizer"
  | "delegationTokenKey"
>;

/** How long who asks waits for the answer, in ms from when it is asked. */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** What an operation is told of the moment at which it runs. */
export type Moment = Pick<ControlContext, "nowMs" | "apiVersion" | "controllers">;

/** What a controller starts from when it takes office. */
export interface OfficeStart {
  readonly epoch: number;
  /** Everything committed when office was taken. */
  readonly image: MetadataImage;
  /** The offset of the next record, equal to the log end. */
  readonly endOffset: number;
  readonly liveness: BrokerLiveness;
  readonly random: Random;
  readonly context: StandingContext;
  /** Bytes of a batch that the log can store. */
  readonly batchBytesMax: number;
  /** Outlives the office. */
  readonly measures: ElectionMeasures;
}

/** What is counted of elections of partition leaders. */
export interface ElectionMeasures {
  /** Leaders that were elected out of sync. */
  uncleanElections: number;
}

/** A leader that recovers was elected uncleanly (KIP-704). */
const RECOVERING = 1;
const isUnclean = ({ type, data }: MetadataRecord): boolean =>
  type === "PARTITION_CHANGE_RECORD" && data.leaderRecoveryState === RECOVERING;

/** Bound on operations whose answer is outstanding: beyond it callers are told to come back. */
const OPERATIONS_MAX = 20_000;
/** A round takes whole operations until it has this many bytes: one batch stays cheap to fetch and replay. */
const ROUND_BYTES = 512 * 1_024;
/**
 * Bound on what is queued while a round does not commit, in bytes: two of the largest batches, 16 MiB. Kafka's
 * accumulator holds ten, 80 MiB; an isolate has 128 MB, of which the image may take half.
 */
const QUEUED_BATCHES_MAX = 2;

/** The records of one operation, as they will be stored. */
interface Encoded {
  readonly values: readonly Uint8Array[];
  /** What they take in a batch of their own, without its header. */
  readonly bytes: number;
}

/**
 * Whole operations that are appended together. It has one image, that after its last record: a round is committed
 * whole, so no other is ever seen, and each would pin the chunks of the partition table that it has copied.
 */
interface Round extends Appended {
  /** Empty in the place that is kept for a change of the voter set. */
  readonly values: Uint8Array[];
  bytes: number;
  timestampMs: number;
}

/** What is kept of a round until it is committed: its records are in the log then. */
interface Appended {
  endOffset: number;
  image: MetadataImage;
}

interface Awaiting {
  readonly endOffset: number;
  /** Infinite for who waits however long it takes. */
  readonly deadlineMs: number;
  readonly answer: () => void;
  readonly abandon: () => void;
  readonly timeOut: () => void;
}

/** What is appended next: the records of operations, or a record of consensus in the place that was kept for it. */
export type NextBatch =
  | ({ readonly kind: "data" } & PendingBatch)
  | { readonly kind: "voters"; readonly baseOffset: number };

export class ActiveController {
  readonly epoch: number;
  readonly #start: OfficeStart;
  #config: ControllerConfig;
  #view: MetadataImage;
  #nextOffset: number;
  #committedEnd: number;
  #committedImage: MetadataImage;
  #liveness: BrokerLiveness;
  #mutationBuckets: MutationBuckets = NO_MUTATION_BUCKETS;
  #random: Random;
  /** Rounds to be appended; operations join the last one until it is full. */
  #queued: Round[] = [];
  #queuedBytes = 0;
  /** Rounds that are appended and not yet committed. */
  #appended: Appended[] = [];
  /** The end of what was handed out to be appended. */
  #appendedEnd: number;
  #awaiting: Awaiting[] = [];
  /** No deadline of what waits is over before; it may be one of what has been answered since. */
  #nextDeadlineMs = NO_DEADLINE;

  constructor(start: OfficeStart) {
    this.epoch = start.epoch;
    this.#start = start;
    this.#config = start.context.config;
    this.#view = start.image;
    this.#committedImage = start.image;
    this.#committedEnd = start.endOffset;
    this.#nextOffset = start.endOffset;
    this.#appendedEnd = start.endOffset;
    this.#liveness = start.liveness;
    this.#random = start.random;
  }

  get committedImage(): MetadataImage {
    return this.#committedImage;
  }

  /** Whether there are any as far as operations know. */
  get hasDelegationTokens(): boolean {
    return this.#view.delegationTokens.size > 0;
  }

  /** When to look for deadlines again: none is over before. */
  get nextDeadlineMs(): number {
    return this.#nextDeadlineMs;
  }

  /** What is queued fills a round: what comes on top would be appended after it. */
  get hasFullRound(): boolean {
    return this.#queuedBytes >= ROUND_BYTES;
  }

  /** Operations go by another config from now on; what is queued was judged by the one before. */
  configure(config: ControllerConfig): void {
    this.#config = config;
  }

  /** When the newest record was written, committed or not; in ms since the Unix epoch. */
  get lastWrittenMs(): number {
    return this.#view.provenance.timestampMs;
  }

  /** Nothing is queued, appended and not committed, or unanswered. */
  get isIdle(): boolean {
    return this.#queued.length + this.#appended.length + this.#awaiting.length === 0;
  }

  get liveness(): BrokerLiveness {
    return this.#liveness;
  }

  /**
   * Runs an operation now and answers when everything it saw and wrote is committed. Records are replayed onto
   * the view before they are queued: what the image cannot digest is never appended. One whose time is over before it
   * runs never does.
   */
  submit<Response>(
    operation: Operation<Response>,
    at: Moment,
    answered: Answered<Response>,
    timeoutMs: number = NO_DEADLINE,
  ): void {
    if (timeoutMs <= 0) return answered({ kind: "timed-out", mayBeCommitted: false });
    const before = this.#nextOffset;
    const done = this.#tryToRun(operation, at);
    if (done.kind !== "committed" || done.endOffset <= this.#committedEnd) return answered(done);
    const deadlineMs = at.nowMs + timeoutMs;
    this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, deadlineMs);
    this.#awaiting.push({
      endOffset: done.endOffset,
      deadlineMs,
      answer: () => answered(done),
      abandon: () =>
        answered({ kind: this.#mayBeCommitted(before, done) ? "abandoned" : "not-controller" }),
      timeOut: () => answered({ kind: "timed-out", mayBeCommitted: done.endOffset > before }),
    });
  }

  /** Answers what has waited for longer than who asked wanted to. */
  answerOverdue(nowMs: number): void {
    if (nowMs < this.#nextDeadlineMs) return;
    const overdue = this.#awaiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    this.#awaiting = this.#awaiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    this.#nextDeadlineMs = this.#awaiting.reduce(
      (next, { deadlineMs }) => Math.min(next, deadlineMs),
      NO_DEADLINE,
    );
    for (const waiting of overdue) waiting.timeOut();
  }

  /** Whether records of an operation that began at `before` were handed out to be appended. */
  #mayBeCommitted(before: number, { endOffset }: { readonly endOffset: number }): boolean {
    return endOffset > before && endOffset <= this.#appendedEnd;
  }

  #tryToRun<Response>(operation: Operation<Response>, at: Moment): Outcome<Response> {
    if (this.#awaiting.length >= OPERATIONS_MAX) return { kind: "refused", reason: "overloaded" };
    try {
      return this.#run(operation, at);
    } catch (cause) {
      return { kind: "failed", cause };
    }
  }

  /** What is to be answered, as soon as everything below its `endOffset` is committed. */
  #run<Response>(operation: Operation<Response>, at: Moment): Outcome<Response> {
    const drawn = nextWord(this.#random);
    this.#random = drawn.random;
    const { nowMs } = at;
    const result = operation(this.#view, {
      ...this.#start.context,
      ...at,
      config: this.#config,
      random: { word: drawn.value },
      nextOffset: this.#nextOffset,
      liveness: this.#liveness,
      mutationBuckets: this.#mutationBuckets,
    });
    // A size is input: it is judged here, as the log will store it.
    const encoded = encode(result.records, this.#start.batchBytesMax);
    if (encoded === null) return { kind: "refused", reason: "too-large" };
    if (!this.#hasRoomFor(encoded)) return { kind: "refused", reason: "overloaded" };
    const endOffset = this.#nextOffset + result.records.length;
    const view =
      result.records.length === 0
        ? this.#view
        : applyRecords(this.#view, result.records, {
            endOffset,
            epoch: this.epoch,
            timestampMs: nowMs,
          });
    this.#view = view;
    this.#nextOffset = endOffset;
    if (result.liveness !== undefined) this.#liveness = result.liveness;
    if (result.mutationBuckets !== undefined) this.#mutationBuckets = result.mutationBuckets;
    this.#start.measures.uncleanElections += result.records.filter(isUnclean).length;
    if (encoded.values.length > 0)
      this.#queue(encoded, { timestampMs: nowMs, endOffset, image: view });
    return { kind: "committed", response: result.response, endOffset };
  }

  #hasRoomFor({ values, bytes }: Encoded): boolean {
    const queuedMax = QUEUED_BATCHES_MAX * this.#start.batchBytesMax;
    return values.length === 0 || this.#queuedBytes + bytes <= queuedMax;
  }

  #queue(
    { values, bytes }: Encoded,
    after: Pick<Round, "timestampMs" | "endOffset" | "image">,
  ): void {
    this.#queuedBytes += bytes;
    const last = this.#queued.at(-1);
    if (last === undefined || isForVoters(last) || last.bytes + bytes > ROUND_BYTES) {
      this.#queued.push({ ...after, values: [...values], bytes: BATCH_HEADER_BYTES + bytes });
      return;
    }
    last.values.push(...values);
    last.bytes += bytes;
    Object.assign(last, after);
  }

  /**
   * Keeps the next offset for a change of the voter set (KIP-853), behind what is queued: the operations after it know
   * of their offsets already. One place at most, until it is taken.
   */
  queueVoters(nowMs: number): void {
    if (this.#queued.some(isForVoters)) return;
    const endOffset = this.#nextOffset + 1;
    this.#nextOffset = endOffset;
    const bytes = BATCH_HEADER_BYTES;
    this.#queued.push({ endOffset, image: this.#view, values: [], bytes, timestampMs: nowMs });
  }

  /** Takes the next round off the queue, or null when nothing waits. */
  takeBatch(): NextBatch | null {
    const round = this.#queued.shift();
    if (round === undefined) return null;
    this.#queuedBytes -= round.bytes - BATCH_HEADER_BYTES;
    const { values, timestampMs, endOffset, image } = round;
    this.#appendedEnd = endOffset;
    this.#appended.push({ endOffset, image });
    if (isForVoters(round)) return { kind: "voters", baseOffset: endOffset - 1 };
    return { kind: "data", baseOffset: endOffset - values.length, values, timestampMs };
  }

  /** Everything below `upTo` is on a majority: answers the operations that waited for it, in order. */
  onCommitted(upTo: number): void {
    assert(
      upTo >= this.#committedEnd,
      `the high watermark fell from ${this.#committedEnd} to ${upTo}`,
    );
    this.#committedEnd = upTo;
    while ((this.#appended[0]?.endOffset ?? Number.POSITIVE_INFINITY) <= upTo) {
      this.#committedImage = this.#appended.shift()?.image ?? this.#committedImage;
    }
    let done = 0;
    for (const waiting of this.#awaiting) {
      if (waiting.endOffset > upTo) break;
      waiting.answer();
      done += 1;
    }
    if (done > 0) this.#awaiting = this.#awaiting.slice(done);
    if (this.#awaiting.length === 0) this.#nextDeadlineMs = NO_DEADLINE;
  }

  /** Office is lost: every waiting operation is told whether it may be committed all the same. */
  renounce(): void {
    for (const waiting of this.#awaiting) waiting.abandon();
    this.#awaiting = [];
    this.#nextDeadlineMs = NO_DEADLINE;
    this.#queued = [];
    this.#queuedBytes = 0;
    this.#appended = [];
  }
}

const isForVoters = ({ values }: Round): boolean => values.length === 0;

/** Null for records that do not fit a batch of `batchBytesMax` together: most of them are not even encoded then. */
function encode(records: readonly MetadataRecord[], batchBytesMax: number): Encoded | null {
  const values = encodeMetadataRecords(records, batchBytesMax);
  if (values === null) return null;
  const bytes = values.reduce((sum, value, at) => sum + dataRecordBytes(value.byteLength, at), 0);
  return BATCH_HEADER_BYTES + bytes > batchBytesMax ? null : { values, bytes };
}
