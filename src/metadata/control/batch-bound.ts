/**
 * Cutting the consequences of one event to what a batch may have. A broker may lead 100,000 partitions; whoever
 * fences it writes them in several batches, each computed afresh on the view that the last one left.
 */

export interface Bounded<Item> {
  readonly items: readonly Item[];
  /** False: the bound was met and more is left. */
  readonly isWhole: boolean;
}

/** The first `limit` of `items`; what follows is not computed. */
export function firstOf<Item>(items: Iterable<Item>, limit: number): Bounded<Item> {
  const taken: Item[] = [];
  for (const item of items) {
    if (taken.length >= limit) return { items: taken, isWhole: false };
    taken.push(item);
  }
  return { items: taken, isWhole: true };
}
