/**
 * The search for an order of the operations on one key. Those whose outcome is known are dealt to _lanes_, in which
 * none overlaps another: so what has been ordered is a position in each lane, a short text to remember, and only the
 * next operation of a lane can come next.
 *
 * Three things keep it short, and none of them leaves out an order that matters. A place, which is positions and a
 * state, is not entered again with the same or more optional operations used. An operation that fits and changes
 * nothing comes at once: whatever order there is, it can be moved to here in it. Optional operations are tried only
 * where nothing else fits, as few at a time as will do.
 */
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";

export type Found =
  | { readonly kind: "order" }
  | {
      readonly kind: "no-order";
      /** One of the longest beginnings of an order, the fingerprint of the state after it, and what could be next. */
      readonly order: readonly Operation<unknown, unknown>[];
      readonly state: string;
      readonly left: readonly Operation<unknown, unknown>[];
    }
  | { readonly kind: "too-long" };

/** A state at the positions of a frame, and the optional operations that led to it from the first one there. */
interface Entry<State, Input, Output> {
  readonly state: State;
  /** All optional operations that were used so far, one bit each. */
  readonly used: bigint;
  readonly via: readonly Operation<Input, Output>[];
}

/** An operation that can come next, of which lane, and the state after it. */
interface Choice<State, Input, Output> {
  readonly lane: number;
  readonly operation: Operation<Input, Output>;
  readonly state: State;
}

/** Where the search stands after an operation whose outcome is known. */
interface Frame<State, Input, Output> {
  /** How it came here; null at the beginning. */
  readonly chosen: Choice<State, Input, Output> | null;
  /** Optional operations between the frame below and `chosen`. */
  readonly before: readonly Operation<Input, Output>[];
  /** The states that can be had here; those that took fewer optional operations first. */
  readonly entries: Entry<State, Input, Output>[];
  /** The one that is being tried, what can come next in it, and whether all else would be in vain. */
  entry: Entry<State, Input, Output>;
  choices: readonly Choice<State, Input, Output>[];
  isForced: boolean;
  at: number;
  tried: number;
}

export class Search<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #lanes: readonly (readonly Operation<Input, Output>[])[];
  readonly #optional: readonly Operation<Input, Output>[];
  readonly #stepsMax: number;
  readonly #known: number;
  /** How many operations of each lane are ordered, and of all. */
  readonly #positions: number[];
  #ordered = 0;
  /** By place: the sets of optional operations with which it was entered, none within another. */
  readonly #entered = new Map<string, readonly bigint[]>();
  readonly #frames: Frame<State, Input, Output>[] = [];
  #steps = 0;
  #longest: Extract<Found, { kind: "no-order" }> | null = null;
  #longestCount = -1;

  /** `operations` are in the order of their calls. */
  constructor(
    model: Model<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    stepsMax: number,
  ) {
    this.#model = model;
    this.#stepsMax = stepsMax;
    const known = operations.filter(({ output }) => output !== null);
    this.#lanes = dealt(known);
    this.#known = known.length;
    this.#optional = operations.filter(
      ({ output, input }) => output === null && !model.isRead(input),
    );
    this.#positions = this.#lanes.map(() => 0);
  }

  run(): Found {
    this.#push({ state: this.#model.init, used: 0n, via: [] }, null);
    while (this.#ordered < this.#known) {
      const frame = this.#frames.at(-1);
      if (frame === undefined) return this.#longest ?? { kind: "order" };
      if (this.#steps >= this.#stepsMax) return { kind: "too-long" };
      const choice = frame.choices[frame.tried];
      frame.tried += 1;
      if (choice !== undefined) this.#take(frame, choice);
      else if (!this.#tryNextEntry(frame)) this.#pop(frame);
    }
    return { kind: "order" };
  }

  #take({ entry }: Frame<State, Input, Output>, choice: Choice<State, Input, Output>): void {
    const { lane, state } = choice;
    this.#move(lane, 1);
    if (this.#isNew(state, entry.used))
      this.#push({ state, used: entry.used, via: [] }, choice, entry.via);
    else this.#move(lane, -1);
  }

  /** Goes on to another state at the same positions, one optional operation further; false when there is none. */
  #tryNextEntry(frame: Frame<State, Input, Output>): boolean {
    if (!frame.isForced) this.#addEntries(frame);
    frame.at += 1;
    const entry = frame.entries[frame.at];
    if (entry === undefined) return false;
    Object.assign(frame, { entry, tried: 0, ...this.#choicesIn(entry.state) });
    return true;
  }

  #addEntries({ entries, entry }: Frame<State, Input, Output>): void {
    const deadline = this.#deadline();
    for (const [index, operation] of this.#optional.entries()) {
      if (operation.callAt > deadline) break;
      const used = entry.used | (1n << BigInt(index));
      if (used === entry.used) continue;
      const state = this.#step(entry.state, operation);
      if (state !== null && this.#isNew(state, used))
        entries.push({ state, used, via: [...entry.via, operation] });
    }
  }

  #push(
    entry: Entry<State, Input, Output>,
    chosen: Choice<State, Input, Output> | null,
    before: readonly Operation<Input, Output>[] = [],
  ): void {
    const choices = this.#choicesIn(entry.state);
    this.#frames.push({ chosen, before, entries: [entry], entry, ...choices, at: 0, tried: 0 });
  }

  /** What fits in a state, that which must return soonest first: or just one that changes nothing. */
  #choicesIn(state: State): Pick<Frame<State, Input, Output>, "choices" | "isForced"> {
    const deadline = this.#deadline();
    const same = this.#model.fingerprint(state);
    const choices: Choice<State, Input, Output>[] = [];
    for (let lane = 0; lane < this.#lanes.length; lane += 1) {
      const operation = this.#next(lane);
      if (operation === undefined || operation.callAt > deadline) continue;
      const after = this.#step(state, operation);
      if (after === null) continue;
      const choice = { lane, operation, state: after };
      if (this.#model.fingerprint(after) === same) return { choices: [choice], isForced: true };
      choices.push(choice);
    }
    choices.sort((one, other) => one.operation.returnAt - other.operation.returnAt);
    return { choices, isForced: false };
  }

  #step(state: State, { input, output }: Operation<Input, Output>): State | null {
    this.#steps += 1;
    return this.#model.step(state, input, output);
  }

  /** Whether nothing that can do as much has been here. */
  #isNew(state: State, used: bigint): boolean {
    const place = `${this.#positions.join(" ")} ${this.#model.fingerprint(state)}`;
    const before = this.#entered.get(place) ?? [];
    if (before.some((fewer) => (fewer & used) === fewer)) return false;
    this.#entered.set(place, [...before.filter((more) => (more & used) !== used), used]);
    return true;
  }

  /** Nothing can come next: goes back by one operation. */
  #pop({ chosen, entries: [first] }: Frame<State, Input, Output>): void {
    if (this.#ordered > this.#longestCount && first !== undefined) {
      this.#longestCount = this.#ordered;
      this.#longest = {
        kind: "no-order",
        order: this.#frames.flatMap((frame) =>
          frame.chosen === null ? [] : [...frame.before, frame.chosen.operation],
        ),
        state: this.#model.fingerprint(first.state),
        left: this.#lanes.flatMap((_, lane) => this.#next(lane) ?? []),
      };
    }
    this.#frames.pop();
    if (chosen !== null) this.#move(chosen.lane, -1);
  }

  /** What is called after this cannot come next: another returns before that. */
  #deadline(): number {
    let deadline = Number.POSITIVE_INFINITY;
    for (let lane = 0; lane < this.#lanes.length; lane += 1)
      deadline = Math.min(deadline, this.#next(lane)?.returnAt ?? deadline);
    return deadline;
  }

  #next(lane: number): Operation<Input, Output> | undefined {
    return this.#lanes[lane]?.[this.#positions[lane] ?? 0];
  }

  #move(lane: number, by: 1 | -1): void {
    this.#positions[lane] = (this.#positions[lane] ?? 0) + by;
    this.#ordered += by;
  }
}

/** Deals operations, in the order of their calls, to as few lanes as can be. */
function dealt<Input, Output>(
  operations: readonly Operation<Input, Output>[],
): readonly (readonly Operation<Input, Output>[])[] {
  const lanes: Operation<Input, Output>[][] = [];
  for (const operation of operations) {
    const free = lanes.find((lane) => (lane.at(-1)?.returnAt ?? 0) < operation.callAt);
    if (free === undefined) lanes.push([operation]);
    else free.push(operation);
  }
  return lanes;
}
