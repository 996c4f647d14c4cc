import { describe, expect, test } from "vitest";
import {
  completedReassignment,
  planReassignment,
  revertedReassignment,
} from "../../../src/metadata/partitions/reassignment.ts";

type Ids = readonly number[];

describe("a plan", () => {
  test.each<readonly [Ids, Ids, { removing: Ids; adding: Ids; full: Ids }]>([
    [[3, 2, 1], [3, 6, 2, 1, 5], { removing: [], adding: [5, 6], full: [3, 6, 2, 1, 5] }],
    [[3, 2, 1, 0], [3, 1], { removing: [0, 2], adding: [], full: [3, 1, 0, 2] }],
    [[3, 2, 1, 0], [7, 3, 1, 9], { removing: [0, 2], adding: [7, 9], full: [7, 3, 1, 9, 0, 2] }],
    [[1, 2, 3], [3, 1, 2], { removing: [], adding: [], full: [3, 1, 2] }],
  ])("from %j to %j is %j", (current, target, { removing, adding, full }) => {
    expect(planReassignment(current, target)).toEqual({
      replicas: full,
      removingReplicas: removing,
      addingReplicas: adding,
    });
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
    expect(completedReassignment(planReassignment(current, target), isr)).toEqual(expected);
  });
});

test("a plan that leaves no replica is never complete", () => {
  const plan = { replicas: [1, 2], removingReplicas: [1, 2], addingReplicas: [] };
  expect(completedReassignment(plan, [1, 2])).toBeNull();
});

describe("giving a reassignment up", () => {
  test.each<readonly [Ids, Ids, Ids, Ids, { replicas: Ids; isr: Ids; isUnclean: boolean }]>([
    [[3, 2, 1], [], [], [3, 2], { replicas: [3, 2, 1], isr: [3, 2], isUnclean: false }],
    [[3, 2, 1], [1, 2], [], [3, 2], { replicas: [3, 2, 1], isr: [3, 2], isUnclean: false }],
    [[4, 5, 3, 2, 1], [], [4, 5], [4, 5, 2], { replicas: [3, 2, 1], isr: [2], isUnclean: false }],
    [[4, 5, 3, 2, 1], [], [4, 5], [4, 5], { replicas: [3, 2, 1], isr: [3], isUnclean: true }],
  ])("of %j, removing %j, adding %j, ISR %j", (replicas, removing, adding, isr, expected) => {
    const plan = { replicas, removingReplicas: removing, addingReplicas: adding };
    expect(revertedReassignment(plan, isr)).toEqual(expected);
  });
});
