/**
 * Requests that are well-formed and absurd, drawn from the schemas: null wherever it may be, lists that are empty,
 * long and full of duplicates, counts that are negative and huge, names of no letter and of too many, ids that nothing
 * has; mixed with what exists, which a vocabulary says, so that they get past the first check.
 */
import {
  covers,
  LOST_DIRECTORY,
  MIGRATING_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  ZERO_UUID,
} from "../../src/protocol/index.ts";
import { fallbackOf } from "../../src/protocol/schema/fallback.ts";
import type { AnyField, Fields, Primitive, Shape } from "../../src/protocol/schema/field.ts";
import { nextInt, seeded, type Random } from "../../src/std/random.ts";

/** What there is, so that a request may mean something. */
export interface Vocabulary {
  readonly texts: readonly string[];
  readonly uuids: readonly string[];
  readonly epochs: readonly number[];
  /** What a field of this name says in a request that is meant, of the broker that the request named last. */
  readonly meant: Readonly<Record<string, (brokerId: number) => unknown>>;
}

/** Values under which a request gets further, wherever it is sent. */
export const MEANT_EVERYWHERE: Vocabulary["meant"] = {
  isMigratingZkBroker: () => false,
  leaderEpoch: () => 0,
  partitionEpoch: () => 0,
  leaderRecoveryState: () => 0,
  validateOnly: () => false,
  principal: () => "User:ann",
  permissionType: () => 3,
  mechanism: () => 1,
  entityType: () => "user",
  key: () => "request_percentage",
  iterations: () => 4_096,
  resourcePatternType: () => 3,
  principalType: () => "User",
};

const WORDS =
  "t t moved unclean a.b a_b new g m h CLUSTER CONTROLLER " +
  "1 2 4 -1 3000 2147483648 01 NaN true compact gzip " +
  "retention.ms cleanup.policy min.insync.replicas unclean.leader.election.enable " +
  "num.io.threads log.dirs metrics match interval.ms consumer.session.timeout.ms " +
  "metadata.version kraft.version group.version eligible.leader.replicas.version " +
  ". .. / __cluster_metadata __proto__ constructor";
const ODD_TEXTS = ["", " 7 ", "\u0000", "a\nb", "\u{1F980}", "x".repeat(249), "x".repeat(250)];
/** Names, values and keys: some are known to a cluster with the topics t, moved and unclean. */
export const ABSURD_TEXTS: readonly string[] = [...WORDS.split(" "), ...ODD_TEXTS];
const INTEGERS = [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 9, -1, -2, 16, 25, 30, 32, 99, 10_004];
/** Ids that stand for something else than a topic or a directory. */
export const ABSURD_UUIDS: readonly string[] = [
  ZERO_UUID,
  LOST_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  MIGRATING_DIRECTORY,
];
export const ABSURD_EPOCHS: readonly number[] = [
  0,
  -1,
  5,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];

/** The ends of each range, beside what may mean something. */
const ENDS: Partial<Record<Primitive, readonly [number, number]>> = {
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
};

/** Draws one request after the other; the same seed gives the same ones. */
export class Absurdity {
  readonly #vocabulary: Vocabulary;
  #random: Random;
  #brokerId = 1;

  constructor(seed: number, vocabulary: Vocabulary) {
    this.#random = seeded(seed);
    this.#vocabulary = vocabulary;
  }

  below(bound: number): number {
    const { value, random } = nextInt(this.#random, bound);
    this.#random = random;
    return value;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  struct(fields: Fields, version: number): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => {
        const value = this.#field(name, field, version);
        if (name === "brokerId" && typeof value === "number") this.#brokerId = value;
        return [name, value];
      }),
    );
  }

  #field(name: string, field: AnyField, version: number): unknown {
    const { versions, nullable } = field.traits;
    if (versions !== undefined && !covers(versions, version)) return fallbackOf(field);
    const meant = Object.hasOwn(this.#vocabulary.meant, name)
      ? this.#vocabulary.meant[name]
      : undefined;
    if (meant !== undefined && this.below(8) > 0) return meant(this.#brokerId);
    const isNullable = nullable !== undefined && covers(nullable, version);
    if (isNullable && this.below(5) === 0) return null;
    const fallback = fallbackOf(field);
    if (this.below(6) === 0 && (isNullable || fallback !== null)) return fallback;
    return this.#shape(field.shape, version);
  }

  #shape(shape: Shape, version: number): unknown {
    if (shape.kind === "struct") return this.struct(shape.fields, version);
    if (shape.kind === "array") return this.#array(shape.element, version);
    return this.#leaf(shape.kind);
  }

  #array(element: Shape, version: number): readonly unknown[] {
    const items = Array.from({ length: this.pick([0, 1, 1, 1, 2, 3]) }, () =>
      this.#shape(element, version),
    );
    const [first] = items;
    const copies = first === undefined ? 0 : this.below(50) === 0 ? 40 : this.pick([0, 0, 0, 1]);
    return [...items, ...Array.from({ length: copies }, () => first)];
  }

  #leaf(kind: Primitive): unknown {
    switch (kind) {
      case "bool":
        return this.below(2) === 0;
      case "string":
      case "legacyString":
        return this.pick(this.#vocabulary.texts);
      case "uuid":
        return this.pick(this.#vocabulary.uuids);
      case "offset":
      case "timestamp":
        return this.pick(this.#vocabulary.epochs);
      case "int64":
        return this.pick([0n, -1n, 2n ** 63n - 1n]);
      case "float64":
        return this.pick([0, -1, Number.NaN, Number.MAX_VALUE]);
      case "bytes":
      case "records":
        return new Uint8Array(this.below(3));
      default: {
        const [low, high] = ENDS[kind] ?? [0, 0];
        const value = this.pick([...INTEGERS, low, high]);
        return Math.min(high, Math.max(low, value));
      }
    }
  }
}
