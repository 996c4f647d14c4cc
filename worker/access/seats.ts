/**
 * How many may stay in an isolate that come to stay: readers of a feed, sockets. One token has fewer seats than there
 * are, so that others find one. Who was told to leave leaves; but of some nobody hears that they are gone, so one that
 * has shown no sign for a while is counted no more when room is wanted.
 */
import { Problem } from "../http/errors.ts";

export interface SeatPlan {
  /** Who they are, as `readers follow logs`. */
  readonly who: string;
  readonly all: number;
  readonly ofOneToken: number;
  readonly lostMs: number;
}

export class Seat {
  /** Null where nobody is asked for a token. */
  readonly tokenId: string | null;
  readonly #taken: Set<Seat>;
  #seenMs = Date.now();

  constructor(taken: Set<Seat>, tokenId: string | null) {
    this.#taken = taken;
    this.tokenId = tokenId;
    taken.add(this);
  }

  /** When there last was a sign of who has it. */
  get seenMs(): number {
    return this.#seenMs;
  }

  seen(): void {
    this.#seenMs = Date.now();
  }

  leave(): void {
    this.#taken.delete(this);
  }
}

export class Seats {
  readonly #plan: SeatPlan;
  readonly #taken = new Set<Seat>();

  constructor(plan: SeatPlan) {
    this.#plan = plan;
  }

  /** Throws a `Problem` when there is none for that token. */
  assertRoom(tokenId: string | null): void {
    if (this.#hasRoom(tokenId)) return;
    const beforeMs = Date.now() - this.#plan.lostMs;
    for (const seat of this.#taken) if (seat.seenMs < beforeMs) seat.leave();
    if (this.#hasRoom(tokenId)) return;
    throw new Problem("OVERLOADED", `${this.#taken.size} ${this.#plan.who} here; come back later`);
  }

  take(tokenId: string | null): Seat {
    this.assertRoom(tokenId);
    return new Seat(this.#taken, tokenId);
  }

  #hasRoom(tokenId: string | null): boolean {
    const { all, ofOneToken } = this.#plan;
    if (this.#taken.size >= all) return false;
    if (tokenId === null || this.#taken.size < ofOneToken) return true;
    const own = [...this.#taken].filter((seat) => seat.tokenId === tokenId);
    return own.length < ofOneToken;
  }
}
