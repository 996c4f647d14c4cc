/** An invariant counts only once it has been seen to fail: each is broken here by hand. */
import { describe, expect, test } from "vitest";
import { ImmutableMap, byNumber } from "../../src/std/immutable-map.ts";
import type { ApiName, State } from "../../src/raft/index.ts";
import { EMPTY_LOG, INCARNATION_COUNT, boot, check, checkStep } from "../../src/raft/index.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import type { Connection, Leader, ReadRound, WaitingRead } from "../../src/raft/state.ts";
import { configOf, dataEntry } from "./quorum-driver.ts";

const NOW = 100_000;
const bootAs = (leaderId: number | null, voted: number | null, voters = [1, 2, 3]): State => {
  const votedKey = voted === null ? null : voterOf(voted).key;
  const image = imageOf({ epoch: 4, leaderId, votedKey }, [dataEntry(0, 2, 3)]);
  return boot(image, configOf(1, voters), { now: NOW, seed: 1, incarnation: INCARNATION_COUNT })
    .state;
};
const unattached = bootAs(null, null);
const follower = bootAs(2, null);
const candidate = bootAs(null, 1);
const resigned = bootAs(1, null);
const leader = bootAs(null, null, [1]);

const connectionFor = (api: ApiName): Connection => ({
  inFlight: { correlation: 1, api, deadline: NOW + 1 },
  readyAt: 0,
  failures: 0,
});

describe("one state", () => {
  test.each([unattached, follower, candidate, resigned, leader])("is sound as booted", (state) => {
    expect(() => {
      check(state);
    }).not.toThrow();
  });

  test.each<readonly [string, State]>([
    ["I-4: committed 9", { ...follower, committed: 9 }],
    ["I-9: the log starts at 1", { ...follower, log: { ...follower.log, startOffset: 1 } }],
    [
      "I-9: the log starts at 1",
      { ...follower, committed: 3, log: { ...withSnapshots([2, 3]), startOffset: 1 } },
    ],
    ["I-9: a snapshot at 3, after 0 and committed 2", withListed([3], 2)],
    ["I-9: a snapshot at 3, after 0 and committed null", withListed([3], null)],
    ["I-9: a snapshot at 2, after 2", withListed([2, 2], 3)],
    ["I-9: a snapshot at 2, after 3", withListed([3, 2], 3)],
    ["I-9: a snapshot of epoch 2, after 3", withListed([2, 3], 3, [3, 2])],
    ["I-9: a snapshot of epoch 5, after 1 and in 4", withListed([3], 3, [5])],
    ["N-7: fetching at 10 of null bytes", withInstalling(10, null, "fetching")],
    ["N-7: fetching at 0 of 10 bytes", withInstalling(0, 10, "fetching")],
    ["N-7: fetching at 10 of 10 bytes", withInstalling(10, 10, "fetching")],
    ["N-7: verifying at 9 of 10 bytes", withInstalling(9, 10, "verifying")],
    ["N-7: verifying at 11 of 10 bytes", withInstalling(11, 10, "verifying")],
    ["R-3: a round for 1 reads up to 9 of", withReads({ round: roundOf([1], 9) })],
    ["R-3: a round for 0 reads up to 0 of", withReads({ round: roundOf([], 0) })],
    [
      "R-4: 1000 reads wait, and more in a round",
      withReads({ waiting: Array.from({ length: 1_000 }, readOf), round: roundOf([1], 0) }),
    ],
    [
      "I-12: 2 fetches",
      {
        ...follower,
        connections: new Map([
          [2, connectionFor("fetch-snapshot")],
          [3, connectionFor("fetch")],
        ]),
      },
    ],
    [
      "I-6: epoch 9",
      { ...follower, log: { ...follower.log, epochs: [{ epoch: 9, startOffset: 0 }] } },
    ],
    [
      "I-6: epoch 3 starts at 3 of 3",
      { ...follower, log: { ...follower.log, epochs: [{ epoch: 3, startOffset: 3 }] } },
    ],
    [
      "I-16: epoch 2 follows 3",
      {
        ...follower,
        log: {
          ...follower.log,
          epochs: [
            { epoch: 3, startOffset: 0 },
            { epoch: 2, startOffset: 1 },
          ],
        },
      },
    ],
    [
      "I-12: 2 fetches",
      {
        ...follower,
        connections: new Map([
          [2, connectionFor("fetch")],
          [3, connectionFor("fetch")],
        ]),
      },
    ],
    ["Q-5: follower at 105000, with 102000 left undone", { ...follower, now: NOW + 5_000 }],
    [
      "Q-5: unattached at 100000, with 100000 left undone",
      { ...unattached, held: ImmutableMap.from(byNumber, [[1, waiting()]]) },
    ],
    [
      "I-3: a follower follows the leader of its epoch",
      { ...follower, election: { ...follower.election, leaderId: 3 } },
    ],
    ["I-13: a candidate may stand", { ...candidate, voters: { bootstrap: [], records: [] } }],
    [
      "a candidate has voted for itself",
      { ...candidate, election: { ...candidate.election, votedKey: voterOf(2).key } },
    ],
    ["only a leader resigns", { ...resigned, election: { ...resigned.election, leaderId: null } }],
    [
      "a leader has voted for itself",
      { ...leader, election: { ...leader.election, votedKey: null } },
    ],
    ["I-8: the high watermark", withHighWatermark(3)],
    ["I-8: the high watermark", withHighWatermark(5)],
    ["voter 2 acknowledged 99", withAcknowledgement(99)],
  ])("fails: %s", (sentence, state) => {
    expect(() => {
      check(state);
    }).toThrow(sentence);
  });
});

describe("one step", () => {
  const voted = { ...unattached, election: { ...unattached.election, votedKey: voterOf(2).key } };
  test.each<readonly [string, State, State]>([
    [
      "I-1: the epoch falls",
      follower,
      { ...follower, election: { ...follower.election, epoch: 3 } },
    ],
    ["I-4: the high watermark falls", { ...follower, committed: 2 }, { ...follower, committed: 1 }],
    [
      "I-4: the high watermark falls",
      { ...follower, committed: 2 },
      { ...follower, committed: null },
    ],
    [
      "I-2: a second vote",
      voted,
      { ...voted, election: { ...voted.election, votedKey: voterOf(3).key } },
    ],
    ["I-2: a second vote", voted, { ...voted, election: { ...voted.election, votedKey: null } }],
    [
      "I-3: epoch 4 has two leaders",
      follower,
      { ...follower, election: { ...follower.election, leaderId: 3 } },
    ],
    [
      "I-9: the log start falls from 3 to 0",
      { ...follower, log: { ...withSnapshots([3]), startOffset: 3 } },
      follower,
    ],
    ["a leader does not truncate", leader, { ...leader, log: EMPTY_LOG }],
    ["I-14: voter 2 takes back 5 for 3", withAcknowledgement(5), withAcknowledgement(3)],
    ["I-14: voter 2 takes back 5 for null", withAcknowledgement(5), withAcknowledgement(null)],
  ])("fails: %s", (sentence, before, after) => {
    expect(() => {
      checkStep(before, after);
    }).toThrow(sentence);
  });
});

function withSnapshots(ends: readonly number[], epochs?: readonly number[]): State["log"] {
  const snapshots = ends.map((endOffset, at) => ({
    endOffset,
    epoch: epochs?.[at] ?? 3,
    size: 100,
    timestampMs: NOW,
  }));
  return { ...follower.log, snapshots };
}

function withListed(
  ends: readonly number[],
  committed: number | null,
  epochs?: readonly number[],
): State {
  return { ...follower, committed, log: withSnapshots(ends, epochs) };
}

function withInstalling(
  position: number,
  size: number | null,
  phase: "fetching" | "verifying",
): State {
  if (follower.role.kind !== "follower") throw new Error("replica 1 follows 2");
  const installing = { id: { endOffset: 9, epoch: 4 }, position, size, phase };
  return { ...follower, role: { ...follower.role, installing } };
}

function withHighWatermark(highWatermark: number): State {
  if (leader.role.kind !== "leader") throw new Error("a sole voter leads");
  return { ...leader, role: { ...leader.role, highWatermark } };
}

const readOf = (): WaitingRead => ({ request: 1, deadline: NOW + 1 });

const roundOf = (requests: readonly number[], readIndex: number): ReadRound => ({
  reads: requests.map(readOf),
  readIndex,
  openedAt: NOW,
  isDated: true,
  asked: new Map(),
  confirmed: new Set(),
  isFenced: false,
});

function withReads(reads: Partial<Leader["reads"]>): State {
  if (leader.role.kind !== "leader") throw new Error("a sole voter leads");
  return { ...leader, role: { ...leader.role, reads: { ...leader.role.reads, ...reads } } };
}

function withAcknowledgement(endOffset: number | null): State {
  if (leader.role.kind !== "leader") throw new Error("a sole voter leads");
  const progress = {
    key: voterOf(2).key,
    endOffset,
    lastFetchAt: NOW,
    lastCaughtUpAt: null,
    lastFetchEnd: 0,
    incarnation: 1,
    rolledBack: false,
  };
  return { ...leader, role: { ...leader.role, voters: new Map([[2, progress]]) } };
}

function waiting() {
  return {
    deadline: NOW,
    request: {
      api: "fetch",
      clusterId: null,
      replica: voterOf(9).key,
      epoch: 4,
      fetchOffset: 0,
      lastFetchedEpoch: 0,
      highWatermark: null,
      maxWaitMs: 0,
      maxBytes: 0,
      incarnation: null,
    },
  } as const;
}
