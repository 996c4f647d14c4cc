/**
 * The persistent map against JavaScript's own Map, kept sorted by hand.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { byNumber, byText, ImmutableMap } from "../../src/std/immutable-map.ts";

const operations = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 400 }), value: fc.option(fc.integer()) }),
  { maxLength: 1500, size: "max" },
);

test("after any writes it holds what a Map holds, in order, and every earlier map is as it was", () => {
  fc.assert(
    fc.property(operations, fc.integer({ min: 0, max: 400 }), (writes, probe) => {
      let map = ImmutableMap.empty<number, number>(byNumber);
      const oracle = new Map<number, number>();
      const earlier: (readonly [typeof map, string])[] = [];
      for (const { key, value } of writes) {
        if (earlier.length < 40) earlier.push([map, JSON.stringify([...map])]);
        map = value === null ? map.delete(key) : map.set(key, value);
        if (value === null) oracle.delete(key);
        else oracle.set(key, value);
        expect(map.size).toBe(oracle.size);
      }
      const sorted = [...oracle].toSorted(([a], [b]) => a - b);
      expect([...map]).toEqual(sorted);
      expect([...map.keys()]).toEqual(sorted.map(([key]) => key));
      expect([...map.values()]).toEqual(sorted.map(([, value]) => value));
      expect([...map.from(probe)]).toEqual(sorted.filter(([key]) => key >= probe));
      for (let key = 0; key <= 400; key += 1) {
        expect(map.firstFrom(key)).toEqual(sorted.find(([each]) => each >= key));
        expect(map.get(key)).toBe(oracle.get(key));
        expect(map.has(key)).toBe(oracle.has(key));
      }
      for (const [old, text] of earlier) expect(JSON.stringify([...old])).toBe(text);
    }),
    { numRuns: 60 },
  );
});

test("what another map lacks or has otherwise is found, and what both share is not looked at", () => {
  fc.assert(
    fc.property(operations, operations, (first, then) => {
      const written = (
        map: ImmutableMap<number, number>,
        writes: typeof first,
      ): ImmutableMap<number, number> =>
        writes.reduce(
          (all, { key, value }) => (value === null ? all.delete(key) : all.set(key, value)),
          map,
        );
      const before = written(ImmutableMap.empty(byNumber), first);
      const after = written(before, then);
      for (const [one, other] of [
        [before, after],
        [after, before],
      ] as const) {
        const differing = [...one]
          .filter(([key, value]) => other.get(key) !== value)
          .map(([key, value]) => ({ key, value, theirs: other.get(key) }));
        expect([...one.notIn(other)]).toEqual(differing);
      }
    }),
    { numRuns: 60 },
  );
  let compared = 0;
  const counting = (a: number, b: number): number => {
    compared += 1;
    return a - b;
  };
  let map = ImmutableMap.empty<number, number>(counting);
  for (let key = 0; key < 10_000; key += 1) map = map.set(key, key);
  const later = map.set(77, -77);
  compared = 0;
  expect([...map.notIn(later)]).toEqual([{ key: 77, value: 77, theirs: -77 }]);
  expect(compared).toBeLessThan(100);
});

test("a write that changes nothing returns the very same map", () => {
  const map = ImmutableMap.from(
    byText,
    Array.from({ length: 500 }, (_, i): readonly [string, number] => [`key-${i}`, i]),
  );
  expect(map.set("key-77", 77)).toBe(map);
  expect(map.delete("absent")).toBe(map);
  expect(map.set("key-77", 78)).not.toBe(map);
});

test("a value of undefined is present", () => {
  const map = ImmutableMap.empty<number, undefined>(byNumber).set(1, undefined);
  expect(map.has(1)).toBe(true);
  expect([...map]).toEqual([[1, undefined]]);
});

test("rising keys fill the nodes: 100,000 of them are read back in order", () => {
  let map = ImmutableMap.empty<number, number>(byNumber);
  for (let key = 0; key < 100_000; key += 1) map = map.set(key, -key);
  let expected = 0;
  for (const [key, value] of map) {
    if (key !== expected || value !== -expected) throw new Error(`${key} is out of place`);
    expected += 1;
  }
  expect(expected).toBe(100_000);
  for (let key = 0; key < 100_000; key += 1) map = map.delete(key);
  expect(map.size).toBe(0);
  expect([...map]).toEqual([]);
});
