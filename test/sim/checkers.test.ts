/** Every checker, shown a history that breaks its invariant: an oracle that has never fired proves nothing. */
import { describe, expect, test } from "vitest";
import { acknowledgedChangesAreCommitted } from "./checkers/acknowledged-changes-are-committed.ts";
import { acknowledgedIsCommitted } from "./checkers/acknowledged-is-committed.ts";
import { allCheckers } from "./checkers/all.ts";
import { brokersSeeOnlyCommitted } from "./checkers/brokers-see-only-committed.ts";
import { changesComeOneAtATime } from "./checkers/changes-come-one-at-a-time.ts";
import { Bench, type Checker } from "./checkers/checker.ts";
import { committedInOwnEpoch } from "./checkers/committed-in-own-epoch.ts";
import { committedIsDurable } from "./checkers/committed-is-durable.ts";
import { committedIsKept } from "./checkers/committed-is-kept.ts";
import { copiesAreNotRun } from "./checkers/copies-are-not-run.ts";
import { downloadsAreOfOneLeader } from "./checkers/downloads-are-of-one-leader.ts";
import { epochsNeverFall } from "./checkers/epochs-never-fall.ts";
import { highWatermarksNeverFall } from "./checkers/high-watermarks-never-fall.ts";
import { imagesAgree } from "./checkers/images-agree.ts";
import { isrIsTheLeaders } from "./checkers/isr-is-the-leaders.ts";
import { logsMatch } from "./checkers/logs-match.ts";
import { logsStartAtSnapshots } from "./checkers/logs-start-at-snapshots.ts";
import { newcomersHaveCaughtUp } from "./checkers/newcomers-have-caught-up.ts";
import { oneLeaderPerEpoch } from "./checkers/one-leader-per-epoch.ts";
import { oneVotePerEpoch } from "./checkers/one-vote-per-epoch.ts";
import { partitionsAreSound } from "./checkers/partitions-are-sound.ts";
import { promisesAreDurable } from "./checkers/promises-are-durable.ts";
import { readsAreCurrent } from "./checkers/reads-are-current.ts";
import { removedVotersDoNotStand } from "./checkers/removed-voters-do-not-stand.ts";
import { sleepersAreLevel } from "./checkers/sleepers-are-level.ts";
import { snapshotIsReplay } from "./checkers/snapshot-is-replay.ts";
import { voterSetsOverlap } from "./checkers/voter-sets-overlap.ts";
import {
  type EntryMark,
  type Observation,
  type Promise as Vouched,
  REPLAY,
} from "./observation.ts";

const batch = (offset: number, epoch: number, fingerprint = offset): EntryMark => ({
  baseOffset: offset,
  lastOffset: offset,
  epoch,
  fingerprint,
});

const wrote = (
  replica: string,
  append: readonly EntryMark[],
  truncateTo?: number,
): Observation => ({
  kind: "durable",
  replica,
  append,
  ...(truncateTo === undefined ? {} : { truncateTo }),
});

const stored = (
  replica: string,
  epoch: number,
  leader: number | null,
  voted: string | null,
): Observation => ({
  kind: "durable",
  replica,
  election: { epoch, leader, voted },
});

const shown = (
  replica: string,
  epoch: number,
  more: Partial<Extract<Observation, { kind: "shown" }>> = {},
): Observation => ({
  kind: "shown",
  replica,
  incarnation: 1,
  role: "follower",
  epoch,
  leader: null,
  highWatermark: null,
  voters: ["1", "2", "3"],
  ...more,
});

const leads = (replica: string, epoch: number, highWatermark: number | null): Observation =>
  shown(replica, epoch, { role: "leader", leader: Number(replica), highWatermark });

const sleeps = (replica: string, epoch: number, end: number): Observation =>
  shown(replica, epoch, {
    role: "leader",
    leader: Number(replica),
    highWatermark: end,
    asleepAt: end,
  });

const promised = (replica: string, promise: Vouched): Observation => ({
  kind: "promised",
  replica,
  promise,
});

const partition = (
  more: Partial<Extract<Observation, { kind: "partition" }>> = {},
): Observation => ({
  kind: "partition",
  endOffset: 10,
  key: "topic-0",
  leader: 101,
  leaderIsFenced: false,
  isr: [101, 102],
  fencedNewcomers: [],
  replicas: [101, 102, 103],
  elr: [],
  lastKnownElr: [],
  mayBeEmpty: false,
  leaderEpoch: 4,
  partitionEpoch: 7,
  ...more,
});

/** A replica has stored something, and this is left of all. */
const kept = (
  replica: string,
  start: number,
  end: number,
  snapshots: readonly number[],
): Observation => ({ kind: "durable", replica, kept: { start, end, snapshots } });

const read = (more: Partial<Extract<Observation, { kind: "read" }>>): Observation => ({
  kind: "read",
  read: 1,
  replica: "1",
  promise: "linearizable",
  known: 0,
  end: 0,
  ...more,
});

type RangeAsked = Extract<Observation, { kind: "range-asked" }>;

/** Replica 1 asks for a range of a snapshot. */
const rangeAsked = (position: number, more: Partial<RangeAsked> = {}): Observation => ({
  kind: "range-asked",
  replica: "1",
  incarnation: 1,
  leader: 2,
  epoch: 1,
  id: "7-1",
  position,
  ...more,
});

/** What the checker says of a history: of its last observation, since all before must pass. */
function verdict(checker: Checker, history: readonly Observation[]): string | undefined {
  const bench = new Bench([checker]);
  const complaints = history.map((observation) => bench.judge(observation));
  expect(complaints.slice(0, -1).filter((complaint) => complaint !== undefined)).toEqual([]);
  expect(complaints.at(-1)?.checker ?? checker.name).toBe(checker.name);
  return complaints.at(-1)?.sentence;
}

/** Replicas 1 and 2 hold a batch of epoch 1 and the leader shows it as committed. */
const committedOnce = [wrote("1", [batch(0, 1)]), wrote("2", [batch(0, 1)]), leads("1", 1, 1)];

/** A batch with a voter set. */
const set = (offset: number, epoch: number, voters: readonly string[]): EntryMark => ({
  ...batch(offset, epoch),
  voters,
  votersPrint: voters.length,
});

const all = (
  replicas: readonly string[],
  ...append: readonly EntryMark[]
): readonly Observation[] => replicas.map((replica) => wrote(replica, append));

/** Three voters have committed who they are, and something more, in epoch 1 under replica 1. */
const quorumOfThree = [
  ...all(["1", "2", "3"], set(0, 1, ["1", "2", "3"])),
  leads("1", 1, 1),
  ...all(["1", "2", "3"], batch(1, 1)),
  leads("1", 1, 2),
];

/** The replay of that batch, and a snapshot of it. */
const replayed: Observation = { kind: "applied", replica: REPLAY, endOffset: 1, digest: 7 };
const snapshot = (
  replica: string,
  more: Partial<Extract<Observation, { kind: "snapshot" }>> = {},
): Observation => ({
  kind: "snapshot",
  replica,
  endOffset: 1,
  epoch: 1,
  digest: 7,
  fingerprint: 5,
  voters: ["1", "2", "3"],
  votersPrint: 3,
  build: 0,
  ...more,
});

describe("a checker fires", () => {
  const bad: readonly (readonly [string, Checker, readonly Observation[]])[] = [
    [
      "when two replicas lead one epoch",
      oneLeaderPerEpoch(),
      [leads("1", 4, null), leads("2", 5, null), leads("2", 4, null)],
    ],
    [
      "when a follower believes in another leader",
      oneLeaderPerEpoch(),
      [leads("1", 4, null), shown("3", 4, { leader: 2 })],
    ],
    [
      "when a replica stores two votes in an epoch",
      oneVotePerEpoch(),
      [stored("1", 3, null, "2"), stored("1", 3, null, "3")],
    ],
    [
      "when a replica grants two votes over a restart",
      oneVotePerEpoch(),
      [
        promised("1", { kind: "vote", epoch: 3, candidate: "2" }),
        promised("1", { kind: "vote", epoch: 3, candidate: "3" }),
      ],
    ],
    [
      "when a stored epoch falls",
      epochsNeverFall(),
      [stored("1", 3, null, null), stored("1", 2, null, null)],
    ],
    ["when a shown epoch falls", epochsNeverFall(), [shown("1", 3), shown("1", 2)]],
    [
      "when a log is ahead of the stored epoch",
      epochsNeverFall(),
      [stored("1", 1, null, null), wrote("1", [batch(0, 2)])],
    ],
    [
      "when two logs differ below one place",
      logsMatch(),
      [wrote("1", [batch(0, 1, 7)]), wrote("2", [batch(0, 1, 8)])],
    ],
    [
      "when two logs differ further down",
      logsMatch(),
      [wrote("1", [batch(0, 1, 7), batch(1, 3, 9)]), wrote("2", [batch(0, 2, 8), batch(1, 3, 9)])],
    ],
    ["when a log has a gap", logsMatch(), [wrote("1", [batch(0, 1)]), wrote("1", [batch(2, 1)])]],
    [
      "when epochs in a log fall",
      logsMatch(),
      [wrote("1", [batch(0, 2)]), wrote("1", [batch(1, 1)])],
    ],
    [
      "when a committed batch is truncated",
      committedIsKept(),
      [...committedOnce, wrote("2", [], 0)],
    ],
    [
      "when a later leader lacks a committed batch",
      committedIsKept(),
      [...committedOnce, leads("3", 2, null)],
    ],
    [
      "when an old leader commits what a later leader lacks",
      committedIsKept(),
      [wrote("1", [batch(0, 1)]), wrote("2", [batch(0, 1)]), leads("3", 2, null), leads("1", 1, 1)],
    ],
    [
      "when a follower has another log below its high watermark",
      committedIsKept(),
      [...committedOnce, wrote("3", [batch(0, 1, 99)]), shown("3", 1, { highWatermark: 1 })],
    ],
    [
      "when a commit stands on a minority",
      committedIsDurable(),
      [wrote("1", [batch(0, 1)]), leads("1", 1, 1)],
    ],
    [
      "when a commit goes beyond the leader's own log",
      committedIsDurable(),
      [wrote("2", [batch(0, 1)]), wrote("3", [batch(0, 1)]), leads("1", 1, 1)],
    ],
    [
      "when a follower knows of more than any leader has shown",
      committedIsDurable(),
      [...committedOnce, wrote("2", [batch(1, 1)]), shown("2", 1, { highWatermark: 2 })],
    ],
    [
      "when a leader commits a batch of an earlier epoch by counting",
      committedInOwnEpoch(),
      [wrote("1", [batch(0, 1)]), wrote("2", [batch(0, 1)]), leads("1", 2, 1)],
    ],
    [
      "when a high watermark falls",
      highWatermarksNeverFall(),
      [shown("1", 1, { highWatermark: 5 }), shown("1", 2, { highWatermark: 4 })],
    ],
    [
      "when a broker is served a lower high watermark",
      highWatermarksNeverFall(),
      [
        { kind: "served", broker: 101, from: 0, epoch: 1, highWatermark: 5, entries: [] },
        { kind: "served", broker: 101, from: 0, epoch: 2, highWatermark: 4, entries: [] },
      ],
    ],
    [
      "when a vote is granted that is not stored",
      promisesAreDurable(),
      [stored("1", 3, null, null), promised("1", { kind: "vote", epoch: 3, candidate: "2" })],
    ],
    [
      "when a candidate has not stored its epoch",
      promisesAreDurable(),
      [promised("1", { kind: "candidacy", epoch: 3 })],
    ],
    [
      "when a leader has not stored its election",
      promisesAreDurable(),
      [stored("1", 3, null, "1"), promised("1", { kind: "leadership", epoch: 3 })],
    ],
    [
      "when a fetch acknowledges what is not stored",
      promisesAreDurable(),
      [wrote("1", [batch(0, 1)]), promised("1", { kind: "log", endOffset: 2, lastEpoch: 1 })],
    ],
    [
      "when a client is told of a write that is not committed",
      acknowledgedIsCommitted(),
      [
        ...committedOnce,
        { kind: "acknowledged", operation: 1, lastOffset: 1, epoch: 1, fingerprint: 1 },
      ],
    ],
    [
      "when a client is told of a write in whose place another one is",
      acknowledgedIsCommitted(),
      [
        ...committedOnce,
        { kind: "acknowledged", operation: 1, lastOffset: 0, epoch: 1, fingerprint: 99 },
      ],
    ],
    [
      "a leader sleeps while a voter lacks its last record",
      sleepersAreLevel(),
      [...all(["1", "2"], batch(0, 1)), sleeps("1", 1, 1)],
    ],
    [
      "a write is acknowledged of an epoch whose leader sleeps below it",
      sleepersAreLevel(),
      [
        ...all(["1", "2", "3"], batch(0, 1)),
        sleeps("1", 1, 1),
        { kind: "acknowledged", operation: 1, lastOffset: 1, epoch: 1, fingerprint: 1 },
      ],
    ],
    [
      "when a read does not show what clients knew when it began",
      readsAreCurrent(),
      [...committedOnce, read({ known: 1, end: 0 })],
    ],
    [
      "when a read is older than it says",
      readsAreCurrent(),
      [...committedOnce, read({ promise: "age", known: 1, end: 0 })],
    ],
    [
      "when a read shows what is not committed",
      readsAreCurrent(),
      [...committedOnce, read({ known: 1, end: 2 })],
    ],
    [
      "when a broker is told too high a high watermark",
      brokersSeeOnlyCommitted(),
      [
        ...committedOnce,
        { kind: "served", broker: 101, from: 0, epoch: 1, highWatermark: 2, entries: [] },
      ],
    ],
    [
      "when a broker is served records behind a gap",
      brokersSeeOnlyCommitted(),
      [
        wrote("1", [batch(0, 1), batch(1, 1)]),
        leads("1", 1, 2),
        {
          kind: "served",
          broker: 101,
          from: 0,
          epoch: 1,
          highWatermark: 2,
          entries: [batch(1, 1)],
        },
      ],
    ],
    [
      "when a download goes on with another leader",
      downloadsAreOfOneLeader(),
      [rangeAsked(0), rangeAsked(5), rangeAsked(10, { leader: 3, epoch: 2 })],
    ],
    [
      "when a download goes on in another epoch of its leader",
      downloadsAreOfOneLeader(),
      [rangeAsked(0), rangeAsked(5, { epoch: 2 })],
    ],
    [
      "when a download begins in the middle",
      downloadsAreOfOneLeader(),
      [rangeAsked(0, { id: "4-1" }), rangeAsked(5)],
    ],
    [
      "when a broker is served an uncommitted batch",
      brokersSeeOnlyCommitted(),
      [
        ...committedOnce,
        {
          kind: "served",
          broker: 101,
          from: 1,
          epoch: 1,
          highWatermark: 1,
          entries: [batch(1, 1)],
        },
      ],
    ],
    [
      "when a broker is served a batch that was replaced",
      brokersSeeOnlyCommitted(),
      [
        ...committedOnce,
        {
          kind: "served",
          broker: 101,
          from: 0,
          epoch: 1,
          highWatermark: 1,
          entries: [batch(0, 1, 99)],
        },
      ],
    ],
    [
      "when two images differ at one offset",
      imagesAgree(),
      [
        { kind: "applied", replica: "1", endOffset: 5, digest: 1 },
        { kind: "applied", replica: "2", endOffset: 5, digest: 2 },
      ],
    ],
    [
      "when a partition has nobody in sync",
      partitionsAreSound(),
      [partition({ isr: [], leader: -1 })],
    ],
    ["when a stranger is in sync", partitionsAreSound(), [partition({ isr: [101, 104] })]],
    ["when a leader is not in sync", partitionsAreSound(), [partition({ leader: 103 })]],
    [
      "when a fenced broker comes in sync",
      partitionsAreSound(),
      [partition({ fencedNewcomers: [102] })],
    ],
    ["when a leader is fenced", partitionsAreSound(), [partition({ leaderIsFenced: true })]],
    [
      "when a partition epoch falls",
      partitionsAreSound(),
      [partition(), partition({ partitionEpoch: 6 })],
    ],
    [
      "when a leader epoch falls",
      partitionsAreSound(),
      [partition(), partition({ partitionEpoch: 8, leaderEpoch: 3 })],
    ],
    [
      "when a leader changes within its epoch",
      partitionsAreSound(),
      [partition(), partition({ partitionEpoch: 8, leader: 102 })],
    ],
    [
      "when an ISR changes within its epoch",
      partitionsAreSound(),
      [partition(), partition({ isr: [101] })],
    ],
    [
      "when a broker changes the ISR of another",
      isrIsTheLeaders(),
      [{ kind: "isr-changed", endOffset: 10, key: "topic-0", proposer: 102, leader: 101 }],
    ],
    [
      "when a snapshot is another image than the replay",
      snapshotIsReplay(),
      [...committedOnce, replayed, snapshot("1", { digest: 8 })],
    ],
    ["when a snapshot cannot be read", snapshotIsReplay(), [snapshot("1", { digest: null })]],
    [
      "when a snapshot is of another epoch than the log there",
      snapshotIsReplay(),
      [...committedOnce, replayed, snapshot("1", { epoch: 2 })],
    ],
    [
      "when a snapshot is of what is not committed",
      snapshotIsReplay(),
      [wrote("1", [batch(0, 1)]), replayed, snapshot("1")],
    ],
    [
      "when two snapshots of one id have other bytes",
      snapshotIsReplay(),
      [...committedOnce, replayed, snapshot("1"), snapshot("2", { fingerprint: 6 })],
    ],
    [
      "when a snapshot was fetched in bytes that nobody has made",
      snapshotIsReplay(),
      [...committedOnce, replayed, snapshot("1"), snapshot("2", { fingerprint: 6, build: null })],
    ],
    [
      "when a snapshot says of a voter what the log does not say",
      snapshotIsReplay(),
      [
        wrote("1", [{ ...batch(0, 1), voters: ["1"], votersPrint: 4 }]),
        leads("1", 1, 1),
        replayed,
        snapshot("1", { voters: ["1"] }),
      ],
    ],
    [
      "when a snapshot names no voters",
      snapshotIsReplay(),
      [...committedOnce, replayed, snapshot("1", { voters: [] })],
    ],
    [
      "when a log begins where no snapshot ends",
      logsStartAtSnapshots(),
      [kept("1", 5, 9, [5, 7]), kept("1", 6, 9, [5, 7])],
    ],
    [
      "when a log begins at another snapshot than the oldest",
      logsStartAtSnapshots(),
      [kept("1", 0, 9, [5, 7]), kept("1", 7, 9, [5, 7])],
    ],
    [
      "when a snapshot is ahead of the log",
      logsStartAtSnapshots(),
      [kept("1", 0, 9, [9]), kept("1", 0, 9, [10])],
    ],
    [
      "when a log is cut where no snapshot of its own ends",
      snapshotIsReplay(),
      [
        ...committedOnce,
        replayed,
        snapshot("1"),
        { kind: "durable", replica: "1", logStart: 1 },
        { kind: "durable", replica: "2", logStart: 1 },
      ],
    ],
    [
      "when a snapshot takes the place of what was acknowledged",
      promisesAreDurable(),
      [
        ...committedOnce,
        wrote("2", [batch(1, 1)]),
        promised("2", { kind: "log", endOffset: 2, lastEpoch: 1 }),
        { kind: "durable", replica: "2", installed: 1 },
      ],
    ],
    [
      "when a snapshot takes the place of more than it holds",
      committedIsKept(),
      [
        wrote("1", [batch(0, 1), batch(1, 1)]),
        wrote("2", [batch(0, 1), batch(1, 1)]),
        leads("1", 1, 2),
        { kind: "durable", replica: "2", installed: 1 },
      ],
    ],
    [
      "when a voter set parts from the one before by two members",
      voterSetsOverlap(),
      [...quorumOfThree, wrote("1", [set(2, 1, ["1", "4"])])],
    ],
    [
      "when a node is listed with another directory in one change",
      voterSetsOverlap(),
      [...quorumOfThree, wrote("1", [set(2, 1, ["1", "2", "3/1"])])],
    ],
    [
      "when a leader commits by a set that parts by two members from that of the commit before",
      voterSetsOverlap(),
      [
        ...quorumOfThree,
        wrote("1", [set(2, 1, ["1", "2", "3", "4"])]),
        leads("1", 1, 3),
        wrote("2", [set(2, 2, ["2", "3"]), batch(3, 2)]),
        leads("2", 2, 4),
      ],
    ],
    [
      "when a set is changed before the last one is committed",
      changesComeOneAtATime(),
      [
        ...quorumOfThree,
        wrote("1", [set(2, 1, ["1", "2", "3", "4"])]),
        wrote("1", [set(3, 1, ["1", "2", "3"])]),
      ],
    ],
    [
      "when a leader changes the set before anything of its epoch is committed",
      changesComeOneAtATime(),
      [...quorumOfThree, wrote("2", [batch(2, 2)]), wrote("2", [set(3, 2, ["2", "3"])])],
    ],
    [
      "when a leader begins its epoch with other voters",
      changesComeOneAtATime(),
      [...quorumOfThree, wrote("2", [set(2, 2, ["2", "3"])])],
    ],
    [
      "when a voter is added that lacks what is committed",
      newcomersHaveCaughtUp(),
      [
        ...quorumOfThree,
        wrote("4", [set(0, 1, ["1", "2", "3"])]),
        wrote("1", [set(2, 1, ["1", "2", "3", "4"])]),
        leads("2", 2, 2),
        wrote("2", [batch(2, 2), set(3, 2, ["1", "2", "3", "4"])]),
      ],
    ],
    [
      "when a voter is added before the leader knows what is committed",
      newcomersHaveCaughtUp(),
      [
        ...all(["1", "4"], set(0, 1, ["1", "2", "3"])),
        wrote("1", [set(1, 1, ["1", "2", "3", "4"])]),
      ],
    ],
    [
      "when a replica stands that has stored its removal",
      removedVotersDoNotStand(),
      [
        ...quorumOfThree,
        wrote("3", [set(2, 1, ["1", "2"])]),
        shown("3", 1, { highWatermark: 3 }),
        shown("3", 2, { role: "candidate", highWatermark: 3 }),
      ],
    ],
    [
      "when a replica asks for pre-votes that was never a voter",
      removedVotersDoNotStand(),
      [
        ...quorumOfThree,
        wrote("4", [set(0, 1, ["1", "2", "3"])]),
        shown("4", 1, { role: "prospective" }),
      ],
    ],
    [
      "when a voter is said to be added and no committed set lists it",
      acknowledgedChangesAreCommitted(),
      [
        ...quorumOfThree,
        wrote("1", [set(2, 1, ["1", "2", "3", "4"])]),
        { kind: "voters-changed", change: "added", voter: "4", epoch: 1 },
      ],
    ],
    [
      "when a voter is said to be removed by a leader that has not done it",
      acknowledgedChangesAreCommitted(),
      [
        ...quorumOfThree,
        ...all(["1", "2"], set(2, 1, ["1", "2"])),
        leads("1", 1, 3),
        { kind: "voters-changed", change: "removed", voter: "3", epoch: 1 },
        { kind: "voters-changed", change: "removed", voter: "3", epoch: 2 },
      ],
    ],
    [
      "when a change of the voters is committed by the majority of the set before",
      committedIsDurable(),
      [
        ...all(["1"], set(0, 1, ["1"])),
        leads("1", 1, 1),
        wrote("1", [set(1, 1, ["1", "2"])]),
        leads("1", 1, 2),
      ],
    ],
    [
      "when a leader counts itself after its removal",
      committedIsDurable(),
      [
        ...quorumOfThree,
        ...all(["1", "2"], set(2, 1, ["2", "3"])),
        shown("1", 1, { role: "resigned", leader: 1, highWatermark: 3 }),
      ],
    ],
    [
      "when the replica with a fresh directory is counted for the one that is gone",
      committedIsDurable(),
      [...quorumOfThree, ...all(["1", "3/1"], batch(2, 1)), leads("1", 1, 3)],
    ],
    [
      "when a copied storage is written to",
      copiesAreNotRun(),
      [stored("2", 1, null, "1"), { kind: "copied", replica: "2", original: "1" }, wrote("2", [])],
    ],
    [
      "when a replica vouches for a vote with the storage of another",
      copiesAreNotRun(),
      [
        { kind: "copied", replica: "2", original: "1" },
        promised("2", { kind: "vote", epoch: 1, candidate: "1" }),
      ],
    ],
  ];

  test.each(bad)("%s", (_, checker, history) => {
    expect(verdict(checker, history)).toMatch(/replica|leader|broker|operation|partition/);
  });

  test("and each of those in use has fired here", () => {
    const fired = new Set(bad.map(([, checker]) => checker.name));
    expect(
      allCheckers()
        .map(({ name }) => name)
        .filter((name) => !fired.has(name)),
    ).toEqual([]);
  });
});

describe("no checker fires", () => {
  test("over a good history of a quorum that grows, loses its leader and is taken over by others", () => {
    const bench = new Bench(allCheckers());
    const history: readonly Observation[] = [
      ...["1", "2", "3"].map((replica) => stored(replica, 1, 1, "1")),
      ...quorumOfThree,
      stored("4", 1, 1, null),
      wrote("4", [set(0, 1, ["1", "2", "3"]), batch(1, 1)]),
      wrote("1", [set(2, 1, ["1", "2", "3", "4"])]),
      ...all(["2", "4"], set(2, 1, ["1", "2", "3", "4"])),
      leads("1", 1, 3),
      { kind: "voters-changed", change: "added", voter: "4", epoch: 1 },
      wrote("1", [set(3, 1, ["2", "3", "4"])]),
      shown("1", 1, { role: "resigned", leader: 1, highWatermark: 3 }),
      // MB-1: nobody but it may have its removal.
      stored("1", 2, null, null),
      shown("1", 2, { role: "prospective", highWatermark: 3 }),
      ...["2", "4"].map((replica) => stored(replica, 3, null, "2")),
      stored("2", 3, 2, "2"),
      wrote("2", [set(3, 3, ["1", "2", "3", "4"])]),
      stored("4", 3, 2, "2"),
      stored("3", 3, 2, null),
      ...all(["4"], set(3, 3, ["1", "2", "3", "4"])),
      ...all(["3"], set(2, 1, ["1", "2", "3", "4"]), set(3, 3, ["1", "2", "3", "4"])),
      leads("2", 3, 4),
      ...all(["2", "3", "4"], set(4, 3, ["2", "3", "4"])),
      leads("2", 3, 5),
      { kind: "voters-changed", change: "removed", voter: "1", epoch: 3 },
      stored("1", 3, 2, null),
      wrote("1", [set(3, 3, ["1", "2", "3", "4"]), set(4, 3, ["2", "3", "4"])], 3),
      shown("1", 3, { incarnation: 2, leader: 2, highWatermark: 5 }),
      // A superseded instance does not know of that.
      shown("1", 2, { role: "candidate", highWatermark: 3 }),
    ];
    expect(
      history.map((observation) => bench.judge(observation)).filter((one) => one !== undefined),
    ).toEqual([]);
  });

  test("over a good history with a change of leader, a truncation and a restart", () => {
    const bench = new Bench(allCheckers());
    const history: readonly Observation[] = [
      stored("1", 1, null, "1"),
      stored("2", 1, null, "1"),
      promised("2", { kind: "vote", epoch: 1, candidate: "1" }),
      stored("1", 1, 1, "1"),
      ...committedOnce,
      wrote("1", [batch(1, 1)]),
      stored("2", 2, null, "2"),
      stored("3", 2, null, "2"),
      stored("2", 2, 2, "2"),
      leads("2", 2, null),
      wrote("2", [batch(1, 2)]),
      stored("1", 2, 2, null),
      wrote("1", [batch(1, 2)], 1),
      promised("1", { kind: "log", endOffset: 2, lastEpoch: 2 }),
      leads("2", 2, 2),
      { kind: "acknowledged", operation: 1, lastOffset: 1, epoch: 2, fingerprint: 1 },
      read({ known: 2, end: 2 }),
      read({ promise: "age", known: 1, end: 2 }),
      {
        kind: "served",
        broker: 101,
        from: 0,
        epoch: 2,
        highWatermark: 2,
        entries: [batch(0, 1), batch(1, 2)],
      },
      shown("1", 2, { incarnation: 2, leader: 2, highWatermark: 1 }),
      replayed,
      snapshot("1"),
      snapshot("2"),
      snapshot("3", { build: 1, fingerprint: 6 }),
      snapshot("101", { build: null, fingerprint: 6 }),
      { kind: "durable", replica: "1", logStart: 1 },
      { kind: "durable", replica: "3", installed: 1 },
      { kind: "copied", replica: "3", original: "1" },
      rangeAsked(0),
      rangeAsked(5),
      rangeAsked(5),
      rangeAsked(0, { leader: 3, epoch: 2 }),
      rangeAsked(7, { leader: 3, epoch: 2 }),
    ];
    expect(
      history.map((observation) => bench.judge(observation)).filter((one) => one !== undefined),
    ).toEqual([]);
  });
});
