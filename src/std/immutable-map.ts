/**
 * A persistent sorted map: every write returns a new map and leaves the old one as it was, sharing all nodes but
 * those on the path to the change. A B+ tree whose nodes are plain arrays; a change to a map of 100,000 entries
 * copies three or four of them. It iterates in the order of its comparison, which is what makes every record
 * stream of this project canonical. It is not a general collection: no union, no filter, no equality.
 */

/** Negative, zero or positive, as for `Array.prototype.sort`; must be a total order. */
export type Compare<K> = (a: K, b: K) => number;

export const byNumber: Compare<number> = (a, b) => a - b;
/** By UTF-16 code units, as `Array.prototype.sort` orders strings. */
export const byText: Compare<string> = (a, b) => (a < b ? -1 : Number(a > b));

/** At most this many children or entries in a node: an insertion copies a few arrays of at most this length. */
const WIDTH_MAX = 32;

/** `entries` has one entry for each of `keys`. */
interface Leaf<K, V> {
  readonly kind: "leaf";
  readonly keys: readonly K[];
  readonly entries: readonly (readonly [K, V])[];
}

/** `keys[i]` is the smallest key that `children[i]` has ever held: a lower bound of all keys in it. */
interface Branch<K, V> {
  readonly kind: "branch";
  readonly keys: readonly K[];
  readonly children: readonly Node<K, V>[];
}

type Node<K, V> = Leaf<K, V> | Branch<K, V>;

/** An entry of one map, and the value that another has for its key; undefined where it has none. */
export interface Differing<K, V> {
  readonly key: K;
  readonly value: V;
  readonly theirs: V | undefined;
}

export class ImmutableMap<K, V> implements Iterable<readonly [K, V]> {
  readonly size: number;
  readonly #compare: Compare<K>;
  readonly #root: Node<K, V>;

  private constructor(compare: Compare<K>, root: Node<K, V>, size: number) {
    this.#compare = compare;
    this.#root = root;
    this.size = size;
  }

  static empty<K, V>(compare: Compare<K>): ImmutableMap<K, V> {
    return new ImmutableMap<K, V>(compare, { kind: "leaf", keys: [], entries: [] }, 0);
  }

  static from<K, V>(compare: Compare<K>, entries: Iterable<readonly [K, V]>): ImmutableMap<K, V> {
    let map = ImmutableMap.empty<K, V>(compare);
    for (const [key, value] of entries) map = map.set(key, value);
    return map;
  }

  get(key: K): V | undefined {
    return this.#entry(key)?.[1];
  }

  has(key: K): boolean {
    return this.#entry(key) !== undefined;
  }

  /** The map in which `key` has `value`; this very map if it already has. */
  set(key: K, value: V): ImmutableMap<K, V> {
    const grown = inserted(this.#root, key, value, this.#compare);
    if (grown.nodes.length === 1 && grown.nodes[0] === this.#root) return this;
    return new ImmutableMap(this.#compare, joined(grown.nodes), this.size + grown.added);
  }

  /** The map without `key`; this very map if it has none. */
  delete(key: K): ImmutableMap<K, V> {
    const shrunk = removed(this.#root, key, this.#compare);
    if (shrunk === this.#root) return this;
    return shrunk === null
      ? ImmutableMap.empty(this.#compare)
      : new ImmutableMap(this.#compare, onlyChild(shrunk), this.size - 1);
  }

  /** All entries in order. */
  [Symbol.iterator](): Iterator<readonly [K, V]> {
    return walk(this.#root);
  }

  /** The entries whose key is not below `key`, in order. */
  *from(key: K): IterableIterator<readonly [K, V]> {
    yield* walkFrom(this.#root, key, this.#compare);
  }

  /** The first entry whose key is not below `key`; undefined where all are. */
  firstFrom(key: K): readonly [K, V] | undefined {
    return firstFrom(this.#root, key, this.#compare);
  }

  /**
   * The entries that `other` lacks, or has with another value (`theirs`), in order. Nodes that the two share are passed
   * over: where one came about from the other, it costs as much as they differ, and a look at each node.
   */
  *notIn(other: ImmutableMap<K, V>): IterableIterator<Differing<K, V>> {
    // A key that both have lies in a node that both have, or in one that is not shared in each.
    const others = walkUnshared(other.#root, nodesOf(this.#root));
    let next = others.next();
    for (const [key, value] of walkUnshared(this.#root, nodesOf(other.#root))) {
      while (next.done !== true && this.#compare(next.value[0], key) < 0) next = others.next();
      const isThere = next.done !== true && this.#compare(next.value[0], key) === 0;
      const theirs = isThere ? next.value[1] : undefined;
      if (!isThere || theirs !== value) yield { key, value, theirs };
    }
  }

  *keys(): IterableIterator<K> {
    for (const [key] of walk(this.#root)) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of walk(this.#root)) yield value;
  }

  #entry(key: K): readonly [K, V] | undefined {
    let node = this.#root;
    while (node.kind === "branch") {
      const child = node.children[childOf(node, key, this.#compare)];
      if (child === undefined) return undefined;
      node = child;
    }
    const { found, at } = find(node.keys, key, this.#compare);
    return found ? node.entries[at] : undefined;
  }
}

/** Where `key` is, or where it would have to be put. */
function find<K>(
  keys: readonly K[],
  key: K,
  compare: Compare<K>,
): { readonly found: boolean; readonly at: number } {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const candidate = keys[middle];
    // The hole that the type allows for does not exist: `middle` is within bounds.
    const order = candidate === undefined ? 1 : compare(candidate, key);
    if (order === 0) return { found: true, at: middle };
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return { found: false, at: low };
}

/** The last child whose bound is not above `key`; the first one takes whatever lies below all bounds. */
function childOf<K, V>(branch: Branch<K, V>, key: K, compare: Compare<K>): number {
  const { found, at } = find(branch.keys, key, compare);
  return found ? at : Math.max(0, at - 1);
}

interface Grown<K, V> {
  /** One node, or two where the node had to be split. */
  readonly nodes: readonly Node<K, V>[];
  readonly added: 0 | 1;
}

function inserted<K, V>(node: Node<K, V>, key: K, value: V, compare: Compare<K>): Grown<K, V> {
  if (node.kind === "branch") return insertedBelow(node, key, value, compare);
  const { found, at } = find(node.keys, key, compare);
  const entry = [key, value] as const;
  if (found) {
    const same = node.entries[at]?.[1] === value;
    const entries = node.entries.with(at, entry);
    return { nodes: same ? [node] : [{ ...node, entries }], added: 0 };
  }
  const keys = node.keys.toSpliced(at, 0, key);
  const entries = node.entries.toSpliced(at, 0, entry);
  const nodes = parts(keys.length, at).map(([from, to]): Node<K, V> => ({
    kind: "leaf",
    keys: keys.slice(from, to),
    entries: entries.slice(from, to),
  }));
  return { nodes, added: 1 };
}

function insertedBelow<K, V>(
  branch: Branch<K, V>,
  key: K,
  value: V,
  compare: Compare<K>,
): Grown<K, V> {
  const at = childOf(branch, key, compare);
  const child = branch.children[at];
  if (child === undefined) return { nodes: [branch], added: 0 };
  const grown = inserted(child, key, value, compare);
  if (grown.nodes[0] === child) return { nodes: [branch], added: 0 };
  const children = branch.children.toSpliced(at, 1, ...grown.nodes);
  const keys = branch.keys.toSpliced(at, 1, ...grown.nodes.map(firstKey));
  const nodes = parts(keys.length, at + grown.nodes.length - 1).map(([from, to]): Node<K, V> => ({
    kind: "branch",
    keys: keys.slice(from, to),
    children: children.slice(from, to),
  }));
  return { nodes, added: grown.added };
}

/**
 * The one or two nodes that `length` items make, as ranges. A node that overflows at its end is split there and
 * not in the middle: keys often come in rising order, and then every node but the last stays full.
 */
function parts(length: number, lastWritten: number): readonly (readonly [number, number])[] {
  if (length <= WIDTH_MAX) return [[0, length]];
  const middle = lastWritten === length - 1 ? length - 1 : length >>> 1;
  return [
    [0, middle],
    [middle, length],
  ];
}

function firstKey<K, V>(node: Node<K, V>): K {
  const [key] = node.keys;
  if (key === undefined) throw new RangeError("an empty node has no first key");
  return key;
}

function joined<K, V>(nodes: readonly Node<K, V>[]): Node<K, V> {
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) return only;
  return { kind: "branch", keys: nodes.map(firstKey), children: nodes };
}

/**
 * The node without `key`; itself if it has none, null if nothing is left. Nodes are not merged again: the tree
 * never gets deeper than its insertions made it, and an empty node goes.
 */
function removed<K, V>(node: Node<K, V>, key: K, compare: Compare<K>): Node<K, V> | null {
  if (node.kind === "leaf") {
    const { found, at } = find(node.keys, key, compare);
    if (!found) return node;
    if (node.keys.length === 1) return null;
    return {
      kind: "leaf",
      keys: node.keys.toSpliced(at, 1),
      entries: node.entries.toSpliced(at, 1),
    };
  }
  const at = childOf(node, key, compare);
  const child = node.children[at];
  if (child === undefined) return node;
  const rest = removed(child, key, compare);
  if (rest === child) return node;
  if (rest !== null) return { ...node, children: node.children.with(at, rest) };
  if (node.children.length === 1) return null;
  return {
    kind: "branch",
    keys: node.keys.toSpliced(at, 1),
    children: node.children.toSpliced(at, 1),
  };
}

/** A root that branches into one is that one. */
function onlyChild<K, V>(node: Node<K, V>): Node<K, V> {
  let top = node;
  while (top.kind === "branch" && top.children.length === 1) {
    const [child] = top.children;
    if (child === undefined) break;
    top = child;
  }
  return top;
}

/** Without recursion: a generator inside a generator costs again for every entry that passes through. */
function* walk<K, V>(root: Node<K, V>): IterableIterator<readonly [K, V]> {
  const left: Node<K, V>[] = [root];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === "branch") {
      for (let at = node.children.length - 1; at >= 0; at -= 1) {
        const child = node.children[at];
        if (child !== undefined) left.push(child);
      }
    } else {
      for (const entry of node.entries) yield entry;
    }
  }
}

/** Every node of a tree. */
function nodesOf<K, V>(root: Node<K, V>): ReadonlySet<Node<K, V>> {
  const nodes = new Set<Node<K, V>>([root]);
  // A set hands out what is added to it meanwhile.
  for (const node of nodes)
    if (node.kind === "branch") node.children.forEach((each) => nodes.add(each));
  return nodes;
}

/** The entries of all nodes that are not among `shared`. */
function* walkUnshared<K, V>(
  node: Node<K, V>,
  shared: ReadonlySet<Node<K, V>>,
): IterableIterator<readonly [K, V]> {
  if (shared.has(node)) return;
  if (node.kind === "leaf") yield* node.entries;
  else for (const child of node.children) yield* walkUnshared(child, shared);
}

function* walkFrom<K, V>(
  node: Node<K, V>,
  key: K,
  compare: Compare<K>,
): IterableIterator<readonly [K, V]> {
  if (node.kind === "leaf") {
    yield* node.entries.slice(find(node.keys, key, compare).at);
    return;
  }
  const first = childOf(node, key, compare);
  for (const [at, child] of node.children.entries()) {
    if (at === first) yield* walkFrom(child, key, compare);
    else if (at > first) yield* walk(child);
  }
}

function firstFrom<K, V>(
  node: Node<K, V>,
  key: K,
  compare: Compare<K>,
): readonly [K, V] | undefined {
  if (node.kind === "leaf") return node.entries[find(node.keys, key, compare).at];
  for (let at = childOf(node, key, compare); at < node.children.length; at += 1) {
    const child = node.children[at];
    const entry = child === undefined ? undefined : firstFrom(child, key, compare);
    if (entry !== undefined) return entry;
  }
  return undefined;
}
