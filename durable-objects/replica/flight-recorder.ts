/**
 * The last inputs of a replica and the seed that it was booted with, kept in memory and written down with a trip: a
 * step is a function of state and input, so with the log on the disk they say how a broken invariant came about.
 * Inputs are kept in words: the payloads of two hundred could be as large as an isolate's memory.
 */
import { describeInput, describeState, type Input, type State } from "../../src/raft/index.ts";

/** What is written down, as a status shows it. */
export interface FlightRecord {
  readonly seed: number;
  readonly booted_at_ms: number;
  /** The state in which this incarnation began. */
  readonly booted: string;
  /** Oldest first, each with its time in milliseconds. */
  readonly inputs: readonly string[];
}

const INPUTS_KEPT = 200;
/** A request carries strings of its sender's. */
const LINE_CHARACTERS_MAX = 300;

export class FlightRecorder {
  readonly #start: Omit<FlightRecord, "inputs">;
  /** A ring: the oldest is the next to be written over. */
  readonly #lines: string[] = [];
  #next = 0;

  constructor(start: { readonly seed: number; readonly state: State; readonly nowMs: number }) {
    const { seed, state, nowMs } = start;
    this.#start = { seed, booted_at_ms: nowMs, booted: describeState(state) };
  }

  took(input: Input): void {
    this.#lines[this.#next] = `${input.now} ${describeInput(input)}`.slice(0, LINE_CHARACTERS_MAX);
    this.#next = (this.#next + 1) % INPUTS_KEPT;
  }

  get record(): FlightRecord {
    const inputs = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
    return { ...this.#start, inputs };
  }
}
