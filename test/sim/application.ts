/**
 * What runs on top of the log on every replica. It folds committed batches into a digest, in order, which is
 * all that "images agree" needs; on a leader it also remembers which client waits for which offset.
 */
import type { Effect } from "../../src/raft/index.ts";
import { fingerprintOfBytes, markOf } from "./entries.ts";
import type { Instance } from "./instance.ts";
import type { Observation } from "./observation.ts";
import type { Replica } from "./replica.ts";

/** What a client learns of its write. A leader that loses office cannot say. */
export interface Answer {
  readonly kind: "answer";
  readonly operation: number;
  readonly outcome: "committed" | "refused" | "unknown";
  readonly lastOffset: number;
  readonly epoch: number;
  readonly fingerprint: number;
}

interface Pending {
  readonly operation: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly fingerprint: number;
}

export class LogApplication {
  readonly #replica: Replica;
  readonly #instance: Instance;
  #applied = 0;
  #digest = 0;
  #pending: Pending[] = [];

  constructor(replica: Replica, instance: Instance) {
    this.#replica = replica;
    this.#instance = instance;
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
    this.#pending.push({
      operation,
      baseOffset,
      lastOffset,
      epoch,
      fingerprint: fingerprintOfBytes(payload),
    });
    this.#instance.tell({ kind: "append", epoch, baseOffset, count, payload });
  }

  /** Applies what is committed; those who waited for it are told. */
  commit(highWatermark: number): readonly (Answer | Observation)[] {
    const made: (Answer | Observation)[] = [];
    for (const entry of this.#replica.disk.read(this.#applied, highWatermark)) {
      const { fingerprint, lastOffset, epoch } = markOf(entry);
      this.#digest = Math.imul(this.#digest ^ fingerprint, 0x9e3779b1) + lastOffset * 31 + epoch;
      this.#applied = lastOffset + 1;
    }
    made.push({
      kind: "applied",
      replica: this.#replica.name,
      endOffset: this.#applied,
      digest: this.#digest,
    });
    const done = this.#pending.filter((pending) => pending.lastOffset < highWatermark);
    this.#pending = this.#pending.filter((pending) => pending.lastOffset >= highWatermark);
    return [...made, ...done.map((pending) => answer(pending, "committed"))];
  }

  refuse(refused: Extract<Effect, { kind: "append-refused" }>): readonly Answer[] {
    const latest = this.#pending.findLastIndex(
      (pending) => pending.baseOffset === refused.baseOffset && pending.epoch === refused.epoch,
    );
    return this.#pending
      .splice(latest, latest === -1 ? 0 : 1)
      .map((pending) => answer(pending, "refused"));
  }

  /** Whoever still waits when leadership ends will never know from this replica. */
  changeRole(change: Extract<Effect, { kind: "role-changed" }>): readonly Answer[] {
    const stays = (pending: Pending): boolean =>
      change.role === "leader" && pending.epoch === change.epoch;
    const lost = this.#pending.filter((pending) => !stays(pending));
    this.#pending = this.#pending.filter(stays);
    return lost.map((pending) => answer(pending, "unknown"));
  }
}

function answer(pending: Pending, outcome: Answer["outcome"]): Answer {
  const { operation, lastOffset, epoch, fingerprint } = pending;
  return { kind: "answer", operation, outcome, lastOffset, epoch, fingerprint };
}
