/**
 * One object for all that are equal. Millions of worlds are made of some thousand replicas, messages and logs; where
 * each of these exists once, a world is a handful of references, equality is identity, and what a replica does with a
 * message is computed once.
 */
import { assert } from "../../src/std/assert.ts";
import { type Fingerprints, fingerprintsOf, wordsOf } from "./fingerprint.ts";
import { RELABELINGS, type Relabeling } from "./relabeling.ts";

export interface Identified {
  /** From 1, in the order in which they came up. */
  readonly id: number;
  readonly prints: Fingerprints;
}

const [UNCHANGED] = RELABELINGS;

export class Identities<Value extends object> {
  readonly #textOf: (value: Value, names: Relabeling) => string;
  readonly #known = new Map<string, Value & Identified>();

  /** `textOf` says all that makes two values equal, and of which kind they are. */
  constructor(textOf: (value: Value, names: Relabeling) => string) {
    this.#textOf = textOf;
  }

  get size(): number {
    return this.#known.size;
  }

  /** The one object that equals `value`. */
  of(value: Value): Value & Identified {
    assert(!("prints" in value), "the fingerprint of another value is no part of this one");
    if (UNCHANGED === undefined) throw new Error("there is no relabeling that changes nothing");
    const key = wordsOf(this.#textOf(value, UNCHANGED)).join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const prints = fingerprintsOf((names) => this.#textOf(value, names));
    const identified = { ...value, id: this.#known.size + 1, prints };
    this.#known.set(key, identified);
    return identified;
  }
}
