/**
 * Two sorted maps, side by side: the entries that are in one of them alone, or with different values. One pass over
 * both, and values that are one object are not looked at.
 */
import type { Compare } from "../../std/immutable-map.ts";

/** One entry as it was and as it is; undefined where it was not, or is not any more. */
export interface ChangedEntry<K, V> {
  readonly key: K;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

/** In the order of `compare`, by which both are sorted. Values that are equal without being one are among them. */
export function* changedEntries<K, V>(
  before: Iterable<readonly [K, V]>,
  after: Iterable<readonly [K, V]>,
  compare: Compare<K>,
): Generator<ChangedEntry<K, V>, void, undefined> {
  const olds = before[Symbol.iterator]();
  const news = after[Symbol.iterator]();
  let old = olds.next();
  let now = news.next();
  for (;;) {
    if (old.done === true && now.done === true) return;
    const order =
      old.done === true ? 1 : now.done === true ? -1 : compare(old.value[0], now.value[0]);
    if (order < 0 && old.done !== true) {
      yield { key: old.value[0], before: old.value[1], after: undefined };
    } else if (order > 0 && now.done !== true) {
      yield { key: now.value[0], before: undefined, after: now.value[1] };
    } else if (old.done !== true && now.done !== true && old.value[1] !== now.value[1]) {
      yield { key: now.value[0], before: old.value[1], after: now.value[1] };
    }
    if (order <= 0) old = olds.next();
    if (order >= 0) now = news.next();
  }
}
