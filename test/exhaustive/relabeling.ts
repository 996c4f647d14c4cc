/**
 * Replicas by other names. The protocol prefers no replica: a quorum in which 101 and 102 have changed places does what
 * the first does, with 101 and 102 exchanged. One of the worlds that differ only in names is enough, and of three
 * voters that is up to six times fewer.
 *
 * Ids are chosen so that they can be told from every other number of a replica at rest: offsets and epochs are small,
 * and times are written over (`rest.ts`). So text finds them wherever they stand, in fields that do not exist yet, too.
 */
import { ImmutableMap } from "../../src/std/immutable-map.ts";

/** The replica at `index`, from 0. */
export const nodeId = (index: number): number => FIRST_ID + index;
export const indexOf = (id: number): number => id - FIRST_ID;

const FIRST_ID = 101;
const LAST_ID = 109;

/**
 * How a replica names a request that it has received: by who asked, and which of that one's requests it is. So a name
 * can be told, too, and follows the requester's.
 */
export const requestId = (requester: number, slot: number): number => requester * SLOTS_MAX + slot;
export const SLOTS_MAX = 10;

/** Whether a request is of somebody outside of the quorum. */
export const isOfClient = (request: number): boolean => request < FIRST_ID * SLOTS_MAX;

export interface Relabeling {
  /** Its place in `RELABELINGS`. */
  readonly at: number;
  /** The new id of each replica, by index. */
  readonly ids: readonly number[];
}

/** Every way to rename three voters; others keep their names. The first changes nothing. */
export const RELABELINGS: readonly Relabeling[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
].map((order, at) => ({
  at,
  ids: Array.from({ length: LAST_ID - FIRST_ID + 1 }, (_, index) => nodeId(order[index] ?? index)),
}));

/** Fields that say what is the same for a replica all its life, or that follows from others. */
const LEFT_OUT: ReadonlySet<string> = new Set(["config", "clusterId", "kraftVersions"]);
/** Lists that are sets: their order is that of the ids, which a new name changes. */
const SETS: ReadonlySet<string> = new Set(["voters", "bootstrap", "grantingVoters"]);

/**
 * A text that two values share exactly if they are equal after the renaming. A part with `prints`, the two words of its
 * fingerprint for each relabeling, is written down as these.
 */
export function textOf(value: unknown, names: Relabeling, field = ""): string {
  if (typeof value === "number") return numberText(value, names);
  if (typeof value === "string")
    return value.replace(/10[1-9]/g, (id) => nameOf(Number(id), names));
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return `<${value.join(" ")}>`;
  if (Array.isArray(value)) {
    const texts = value.map((one: unknown) => textOf(one, names));
    return `[${(SETS.has(field) ? texts.toSorted() : texts).join()}]`;
  }
  if (value instanceof Set)
    return `(${[...value]
      .map((one) => textOf(one, names))
      .toSorted()
      .join()})`;
  if (value instanceof Map || value instanceof ImmutableMap) {
    const texts = [...value].map(([key, one]: readonly [unknown, unknown]) => {
      return `${textOf(key, names)}:${textOf(one, names)}`;
    });
    return `(${texts.toSorted().join()})`;
  }
  return objectText(value, names);
}

function objectText(value: object, names: Relabeling): string {
  if ("prints" in value && value.prints instanceof Uint32Array) {
    return `@${value.prints[2 * names.at]}.${value.prints[2 * names.at + 1]}`;
  }
  let text = "{";
  const fields: Readonly<Record<string, unknown>> = { ...value };
  for (const field of namesIn(fields)) text += `${field}=${textOf(fields[field], names, field)};`;
  return `${text}}`;
}

/** By the fields of an object in the order in which they were set: in the order in which they are written. */
const written = new Map<string, readonly string[]>();

/** The fields that are written, in an order that does not depend on how the object was made. */
function namesIn(fields: Readonly<Record<string, unknown>>): readonly string[] {
  const asSet = Object.keys(fields);
  const key = asSet.join();
  const known = written.get(key);
  if (known !== undefined) return known;
  const sorted = asSet.filter((field) => !LEFT_OUT.has(field)).toSorted();
  written.set(key, sorted);
  return sorted;
}

function numberText(value: number, names: Relabeling): string {
  if (value >= FIRST_ID && value <= LAST_ID) return nameOf(value, names);
  const asker = Math.floor(value / SLOTS_MAX);
  if (asker < FIRST_ID || asker > LAST_ID) return `${value}`;
  return `${nameOf(asker, names)}#${value % SLOTS_MAX}`;
}

const nameOf = (id: number, names: Relabeling): string => `n${names.ids[indexOf(id)]}`;
