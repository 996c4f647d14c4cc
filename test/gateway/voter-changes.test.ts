/** Who comes and who goes, by what the edge lists. */
import { expect, test } from "vitest";
import type { Controller } from "../../gateway/edge/controller-list.ts";
import { firstVoters, voterChanges } from "../../gateway/voter-changes.ts";

const listed = (...controllers: readonly (readonly [number, boolean | null])[]): Controller[] =>
  controllers.map(([nodeId, isVoter]) => ({ nodeId, port: nodeId, isVoter }));

interface Case {
  readonly what: string;
  readonly listed: readonly Controller[];
  readonly doubted?: readonly number[];
  readonly coming?: readonly number[];
  readonly going?: readonly number[];
  readonly missing?: readonly number[];
}

test.each<Case>([
  { what: "nothing is new", listed: listed([1, true], [2, true]) },
  { what: "a voter comes", listed: listed([1, true], [2, true], [3, true]), coming: [3] },
  { what: "one that votes not yet", listed: listed([1, true], [2, true], [3, false]) },
  { what: "one that has not said", listed: listed([1, true], [2, true], [3, null]) },
  { what: "one that votes no more goes", listed: listed([1, true], [2, false]), going: [2] },
  { what: "one that does not answer stays", listed: listed([1, true], [2, null]) },
  { what: "nobody answers", listed: listed([1, null], [2, null]) },
  { what: "one is not listed at first", listed: listed([1, true]), missing: [2] },
  { what: "one is not listed again", listed: listed([1, true]), doubted: [2], going: [2] },
  { what: "one was doubted and is listed", listed: listed([1, true], [2, true]), doubted: [2] },
  {
    what: "one was doubted and does not answer",
    listed: listed([1, true], [2, null]),
    doubted: [2],
  },
  { what: "nobody is listed", listed: [], doubted: [1, 2] },
  { what: "nobody votes", listed: listed([1, false], [2, false]) },
  {
    what: "others vote",
    listed: listed([1, false], [2, false], [3, true]),
    coming: [3],
    going: [1, 2],
  },
])("$what", ({ doubted = [], listed: now, coming = [], going = [], missing = [] }) => {
  const changes = voterChanges(new Set([1, 2]), now, new Set(doubted));
  expect({ ...changes, coming: changes.coming.map(({ nodeId }) => nodeId) }).toEqual({
    coming,
    going,
    missing,
  });
});

test("no more than nine are served, and one that goes makes room", () => {
  const ten = Array.from({ length: 10 }, (_, nodeId) => nodeId);
  const all = listed(...ten.map((nodeId) => [nodeId, true] as const));
  expect(firstVoters(all)).toHaveLength(9);
  const served = new Set(ten.slice(0, 9));
  expect(voterChanges(served, all, new Set()).coming).toEqual([]);
  const without = all.map((each) => (each.nodeId === 4 ? { ...each, isVoter: false } : each));
  expect(voterChanges(served, without, new Set())).toMatchObject({
    coming: [{ nodeId: 9 }],
    going: [4],
  });
});

const ids = (controllers: readonly Controller[]): readonly number[] =>
  controllers.map(({ nodeId }) => nodeId);

test("it begins with all that may vote, and with all where none says so", () => {
  expect(ids(firstVoters(listed([1, true], [2, null], [3, false])))).toEqual([1, 2]);
  expect(ids(firstVoters(listed([1, false])))).toEqual([1]);
});
