import { describe, expect, test } from "vitest";
import {
  completedReassignment,
  planReassignment,
  revertedReassignment,
} from "../../../src/metadata/partitions/reassignment.ts";

type Ids = readonly number[];

const atRest = (replicas: Ids) => ({ replicas, addingReplicas: [] });

describe("a plan", () => {
  test.each<readonly [Ids, Ids, { removing: Ids; adding: Ids; full: Ids }]>([
    [[3, 2, 1], [3, 6, 2, 1, 5], { removing: [], adding: [5, 6], full: [3, 6, 2, 1, 5] }],
    [[3, 2, 1, 0], [3, 1], { removing: [0, 2], adding: [], full: [3, 1, 0, 2] }],
    [[3, 2, 1, 0], [7, 3, 1, 9], { removing: [0, 2], adding: [7, 9], full: [7, 3, 1, 9, 0, 2] }],
    [[1, 2, 3], [3, 1, 2], { removing: [], adding: [], full: [3, 1, 2] }],
  ])("from %j to %j is %j", (current, target, { removing, adding, full }) => {
    expect(planReassignment(atRest(current), target)).toEqual({
      replicas: full,
      removingReplicas: removing,
      addingReplicas: adding,
    });
  });
});

describe("a plan that replaces an unfinished one", () => {
  const underWay = { replicas: [4, 5, 1, 2, 3], addingReplicas: [4, 5] };

  test.each<readonly [string, Ids, { removing: Ids; adding: Ids; full: Ids }]>([
    [
      "removes what was being added and is not wanted",
      [4, 1],
      { removing: [2, 3, 5], adding: [4, 5], full: [4, 1, 2, 3, 5] },
    ],
    [
      "adds to what is being added",
      [5, 6],
      { removing: [1, 2, 3, 4], adding: [4, 5, 6], full: [5, 6, 1, 2, 3, 4] },
    ],
    [
      "keeps what is being added, where it wants everything",
      [1, 2, 3, 4, 5],
      { removing: [], adding: [4, 5], full: [1, 2, 3, 4, 5] },
    ],
    ["leads back", [1, 2, 3], { removing: [4, 5], adding: [4, 5], full: [1, 2, 3, 4, 5] }],
  ])("%s", (_name, target, { removing, adding, full }) => {
    const plan = planReassignment(underWay, target);
    expect(plan).toEqual({ replicas: full, removingReplicas: removing, addingReplicas: adding });
    expect(new Set(revertedReassignment(plan, { isr: [1], elr: [] })?.replicas)).toEqual(
      new Set([1, 2, 3]),
    );
  });

  test("does not wait for a replica that it removes", () => {
    const plan = planReassignment(underWay, [4, 1]);
    expect(completedReassignment(plan, [1, 2, 3])).toBeNull();
    expect(completedReassignment(plan, [1, 2, 3, 4])).toEqual({ replicas: [4, 1], isr: [1, 4] });
  });
});

describe("a reassignment", () => {
  test.each<readonly [string, Ids, Ids, Ids, { replicas: Ids; isr: Ids } | null]>([
    ["waits for every added replica", [0, 1, 2], [3, 4, 5], [0, 1, 2, 3, 4], null],
    [
      "is complete with all of them",
      [0, 1, 2],
      [3, 4, 5],
      [0, 1, 2, 3, 4, 5],
      { replicas: [3, 4, 5], isr: [3, 4, 5] },
    ],
    [
      "keeps the order of replicas and ISR",
      [0, 1, 2],
      [0, 1, 3],
      [3, 1, 0, 2],
      { replicas: [0, 1, 3], isr: [3, 1, 0] },
    ],
    [
      "does not wait for a laggard that stays (KAFKA-19975)",
      [0, 1, 2],
      [0, 1, 3],
      [0, 2, 3],
      { replicas: [0, 1, 3], isr: [0, 3] },
    ],
    ["that shrinks the set waits for all that stay", [0, 1, 2], [0, 1], [0, 2], null],
    [
      "that shrinks completes with them",
      [0, 1, 2],
      [0, 1],
      [1, 0],
      { replicas: [0, 1], isr: [1, 0] },
    ],
    ["never leaves an empty ISR", [0, 1, 2], [0, 1], [2], null],
    ["that is none is never complete", [0, 1, 2], [2, 1, 0], [0, 1, 2], null],
  ])("%s", (_name, current, target, isr, expected) => {
    expect(completedReassignment(planReassignment(atRest(current), target), isr)).toEqual(expected);
  });
});

test("a plan that leaves no replica is never complete", () => {
  const plan = { replicas: [1, 2], removingReplicas: [1, 2], addingReplicas: [] };
  expect(completedReassignment(plan, [1, 2])).toBeNull();
});

test("a move that adds every replica cannot be given up", () => {
  const plan = { replicas: [1, 2], removingReplicas: [], addingReplicas: [1, 2] };
  expect(revertedReassignment(plan, { isr: [1], elr: [] })).toBeNull();
});

describe("giving a reassignment up", () => {
  test.each<readonly [Ids, Ids, Ids, Ids, { replicas: Ids; isr: Ids; isUnclean: boolean }]>([
    [[3, 2, 1], [], [], [3, 2], { replicas: [3, 2, 1], isr: [3, 2], isUnclean: false }],
    [[3, 2, 1], [1, 2], [], [3, 2], { replicas: [3, 2, 1], isr: [3, 2], isUnclean: false }],
    [[4, 5, 3, 2, 1], [], [4, 5], [4, 5, 2], { replicas: [3, 2, 1], isr: [2], isUnclean: false }],
    [[4, 5, 3, 2, 1], [], [4, 5], [4, 5], { replicas: [3, 2, 1], isr: [3], isUnclean: true }],
  ])("of %j, removing %j, adding %j, ISR %j", (replicas, removing, adding, isr, expected) => {
    const plan = { replicas, removingReplicas: removing, addingReplicas: adding };
    expect(revertedReassignment(plan, { isr, elr: [] })).toEqual(expected);
  });

  test.each<readonly [Ids, Ids, boolean]>([
    [[], [2], false],
    [[4], [2, 5], false],
    [[4], [5], true],
    [[], [], true],
  ])("with ISR %j and %j eligible to lead, it is unclean: %j (KIP-966)", (isr, elr, isUnclean) => {
    const plan = { replicas: [4, 5, 3, 2, 1], removingReplicas: [], addingReplicas: [4, 5] };
    const expected = { replicas: [3, 2, 1], isr: isUnclean ? [3] : [], isUnclean };
    expect(revertedReassignment(plan, { isr, elr })).toEqual(expected);
  });
});
