/**
 * What runs on top of the log on every replica. It folds committed batches into a digest, in order, or replays
 * them into a metadata image; on a leader it also remembers who waits for which offset.
 */
import type { Effect } from "../../src/raft/index.ts";
import { fingerprintOfBytes, markOf } from "./entries.ts";
import type { Instance } from "./instance.ts";
import { Controller } from "./metadata/controller.ts";
import type { Observation } from "./observation.ts";
import type { Replica } from "./replica.ts";

/** What a client learns of its write. A leader that is deposed meanwhile cannot say. */
export interface Answer {
  readonly kind: "answer";
  readonly operation: number;
  readonly outcome: "committed" | "refused" | "unknown";
  readonly lastOffset: number;
  readonly epoch: number;
  readonly fingerprint: number;
  /** False for an operation that wrote nothing and waited for what it had seen. */
  readonly wrote: boolean;
}

/** Images are compared at every eighth offset: writing one down is costly. */
const DIGEST_EVERY = 8;

interface Pending {
  readonly operation: number;
  readonly wrote: boolean;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly fingerprint: number;
}

export class Application {
  /** The metadata state machine, in worlds that have one. */
  readonly controller: Controller | undefined;
  readonly #replica: Replica;
  readonly #instance: Instance;
  #applied = 0;
  #digest = 0;
  #pending: Pending[] = [];

  constructor(replica: Replica, instance: Instance) {
    this.#replica = replica;
    this.#instance = instance;
    this.controller = replica.world.swarm.hasMetadata ? new Controller(instance) : undefined;
  }

  /** How many clients wait for an answer. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** A client's write of `count` records. `ahead` misstates the end of the log, which must be refused. */
  write(operation: number, payload: Uint8Array, count: number, ahead = 0): void {
    const { state } = this.#instance;
    const baseOffset = state.log.endOffset + ahead;
    const { epoch } = state.election;
    const lastOffset = baseOffset + count - 1;
    const fingerprint = fingerprintOfBytes(payload);
    this.#pending.push({ operation, wrote: true, baseOffset, lastOffset, epoch, fingerprint });
    this.#instance.tell({ kind: "append", epoch, baseOffset, count, payload });
  }

  /** Answers when everything below `endOffset` is committed, which an operation has seen. */
  await(operation: number, endOffset: number): void {
    const lastOffset = endOffset - 1;
    const { epoch } = this.#instance.state.election;
    const pending = {
      operation,
      wrote: false,
      baseOffset: endOffset,
      lastOffset,
      epoch,
      fingerprint: 0,
    };
    if (lastOffset < this.#applied) this.#instance.say([answer(pending, "committed")]);
    else this.#pending.push(pending);
  }

  /** Applies what is committed; those who waited for it are told. */
  commit(highWatermark: number): readonly (Answer | Observation)[] {
    const made: (Answer | Observation)[] = [];
    for (const entry of this.#replica.disk.read(this.#applied, highWatermark)) {
      const { fingerprint, lastOffset, epoch } = markOf(entry);
      this.#digest = Math.imul(this.#digest ^ fingerprint, 0x9e3779b1) + lastOffset * 31 + epoch;
      this.#applied = lastOffset + 1;
      if (this.controller !== undefined) made.push(...this.controller.replay(entry));
      if (this.#applied % DIGEST_EVERY === 0) made.push(this.#appliedNow());
    }
    this.controller?.onCommitted(highWatermark);
    const done = this.#pending.filter((pending) => pending.lastOffset < highWatermark);
    this.#pending = this.#pending.filter((pending) => pending.lastOffset >= highWatermark);
    return [...made, ...done.map((pending) => answer(pending, "committed"))];
  }

  #appliedNow(): Observation {
    const digest = this.controller?.digest() ?? this.#digest;
    return { kind: "applied", replica: this.#replica.name, endOffset: this.#applied, digest };
  }

  refuse(refused: Extract<Effect, { kind: "append-refused" }>): readonly Answer[] {
    const latest = this.#pending.findLastIndex(
      (pending) => pending.baseOffset === refused.baseOffset && pending.epoch === refused.epoch,
    );
    return this.#pending
      .splice(latest, latest === -1 ? 0 : 1)
      .map((pending) => answer(pending, "refused"));
  }

  /** A client that still waits when leadership ends will not learn the outcome from this replica. */
  changeRole(change: Extract<Effect, { kind: "role-changed" }>): readonly Answer[] {
    this.controller?.changeRole(change);
    const stays = (pending: Pending): boolean =>
      change.role === "leader" && pending.epoch === change.epoch;
    const lost = this.#pending.filter((pending) => !stays(pending));
    this.#pending = this.#pending.filter(stays);
    return lost.map((pending) => answer(pending, "unknown"));
  }
}

function answer(pending: Pending, outcome: Answer["outcome"]): Answer {
  const { operation, lastOffset, epoch, fingerprint, wrote } = pending;
  return { kind: "answer", operation, outcome, lastOffset, epoch, fingerprint, wrote };
}
