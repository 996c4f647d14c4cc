/**
 * What a replica makes of single answers and inputs about snapshots that no well-behaved quorum would produce; the
 * scripts tell the rest. One test per rule.
 */
import { describe, expect, test } from "vitest";
import type {
  Entry,
  ErrorName,
  FetchRequest,
  FetchSnapshotResponse,
  SnapshotId,
  StoredSnapshot,
} from "../../src/raft/index.ts";
import {
  INCARNATION_COUNT,
  UNSTATED_HIGH_WATERMARK,
  describeQuorum,
} from "../../src/raft/index.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import { CLUSTER_ID, dataEntry } from "./quorum-driver.ts";
import { snapshotFile } from "./snapshot-file.ts";
import { GOODBYE, NOW, Subject, fetched, follower } from "./subject.ts";

const ID: SnapshotId = { endOffset: 9, epoch: 4 };
const SNAPSHOT: StoredSnapshot = { ...ID, size: 30, timestampMs: NOW };
const VOTERS = [voterOf(1), voterOf(2)];

const piece = (change: Partial<FetchSnapshotResponse>): FetchSnapshotResponse => ({
  api: "fetch-snapshot",
  error: "NONE",
  epoch: 4,
  leaderId: 1,
  leaderEndpoints: voterOf(1).endpoints,
  snapshotId: ID,
  size: 30,
  position: 0,
  bytes: new Uint8Array(10),
  ...change,
});

/** Replica 2 with three records of epoch 3, which its leader 1 has sent to a snapshot. */
function sentToSnapshot(entries?: readonly Entry[]): Subject {
  const subject = follower(entries);
  subject.answer(1, fetched({ snapshotId: ID, highWatermark: 12 }));
  return subject;
}

/** The same with all of the snapshot's bytes. */
function verifying(): Subject {
  const subject = sentToSnapshot();
  subject.answer(1, piece({ bytes: new Uint8Array(30) }));
  return subject;
}

/** Replica 1, which leads a quorum of its own: eight records, of which the last three are of epoch 5. */
function leader(): Subject {
  const image = imageOf({ epoch: 4, leaderId: null, votedKey: null }, [dataEntry(0, 4, 3)]);
  const subject = new Subject(1, image, [1]);
  expect(subject.state).toMatchObject({ role: { kind: "leader" }, committed: 8 });
  return subject;
}

/** Replica 1, which two of three have elected in epoch 4; its log ends at 8, and what lies below 5 is committed. */
function elected(): Subject {
  const election = { epoch: 4, leaderId: null, votedKey: voterOf(1).key };
  const subject = new Subject(1, imageOf(election, [dataEntry(0, 4, 3)], 5));
  const vote = { api: "vote", error: "NONE", epoch: 4, leaderId: null, granted: true } as const;
  subject.answer(2, { ...vote, leaderEndpoints: [] });
  expect(subject.state).toMatchObject({ role: { kind: "leader" }, log: { endOffset: 8 } });
  return subject;
}

const fetchOf = (id: number): FetchRequest => ({
  api: "fetch",
  clusterId: CLUSTER_ID,
  replica: { id, directoryId: `dir-${id}` },
  epoch: 4,
  fetchOffset: 8,
  lastFetchedEpoch: 4,
  highWatermark: UNSTATED_HIGH_WATERMARK,
  maxWaitMs: 500,
  maxBytes: 1_000,
  incarnation: null,
});

const votersEntry = (offset: number, ids: readonly number[]): Entry => ({
  ...dataEntry(offset, offset, 3),
  control: [{ kind: "kraft-voters", voters: ids.map(voterOf) }],
});

const deadlineOf = (subject: Subject): unknown =>
  Reflect.get(subject.state.role, "checkQuorumDeadline");

const made = (subject: Subject, change: Partial<StoredSnapshot>): void => {
  const snapshot = { endOffset: 8, epoch: 5, size: 100, timestampMs: NOW, ...change };
  subject.take({ kind: "snapshot-made", now: subject.now, snapshot });
};

const kinds = (subject: Subject): readonly string[] => subject.effects.map(({ kind }) => kind);

const verified = (subject: Subject, snapshot = SNAPSHOT, voters = VOTERS): void => {
  subject.take({ kind: "snapshot-verified", now: subject.now, snapshot, voters });
};

describe("SN-1: a follower that is named a snapshot which leads nowhere fetches as before, after a pause", () => {
  test.each<readonly [string, SnapshotId]>([
    ["one whose last record it holds", { endOffset: 3, epoch: 3 }],
    ["one within its log", { endOffset: 2, epoch: 3 }],
    ["one below what is committed", { endOffset: 2, epoch: 4 }],
    ["one of an epoch beyond its own", { endOffset: 9, epoch: 5 }],
    ["one of the primordial epoch", { endOffset: 9, epoch: 0 }],
    ["the one a quorum is formatted with", { endOffset: 0, epoch: 0 }],
    ["one that ends at no offset", { endOffset: 9.5, epoch: 4 }],
  ])("%s", (_name, snapshotId) => {
    const subject = follower();
    subject.answer(1, fetched({ highWatermark: 2 }));
    subject.answer(1, fetched({ snapshotId }));
    expect(subject.state.role).toMatchObject({ kind: "follower", installing: null });
    expect(subject.sent()).not.toContainEqual([1, "fetch"]);
    expect(subject.sent()).not.toContainEqual([1, "fetch-snapshot"]);
    subject.pass(20);
    expect(subject.sent()).toEqual([[1, "fetch"]]);
  });

  test.each<readonly [string, readonly Entry[]]>([
    ["longer than the snapshot, and of an earlier epoch", [dataEntry(0, 20, 3)]],
    ["shorter, and of a later epoch", [dataEntry(0, 4, 3), dataEntry(5, 5, 5)]],
    ["as long, and of another epoch", [dataEntry(0, 8, 3)]],
  ])("but one replaces a dead branch that is %s", (_name, entries) => {
    const subject = new Subject(2, imageOf({ epoch: 6, leaderId: 1, votedKey: null }, entries));
    subject.answer(1, fetched({ epoch: 6, snapshotId: ID }));
    expect(subject.sent()).toEqual([[1, "fetch-snapshot"]]);
  });
});

describe("N-7: a range that is not the one asked for", () => {
  test.each<readonly [string, Partial<FetchSnapshotResponse>]>([
    ["of another end", { snapshotId: { endOffset: 10, epoch: 4 } }],
    ["of another epoch", { snapshotId: { endOffset: 9, epoch: 3 } }],
    ["from another position", { position: 0 }],
    ["from no position", { position: Number.NaN }],
    ["of a snapshot that has grown", { size: 31 }],
    ["of a snapshot whose size is no number", { size: Number.NaN }],
    ["without a byte", { bytes: new Uint8Array(0) }],
    ["with more bytes than the snapshot has", { bytes: new Uint8Array(21) }],
  ])("%s is not stored, and the snapshot is left alone for a while", (_name, change) => {
    const subject = sentToSnapshot();
    subject.answer(1, piece({}));
    expect(subject.effects[0]).toMatchObject({ kind: "persist", chunk: { id: ID, position: 0 } });
    subject.answer(1, piece({ position: 10, ...change }));
    expect(kinds(subject)).not.toContain("persist");
    expect(subject.effects).toContainEqual({ kind: "snapshot-abandoned", id: ID });
    expect(subject.state.role).toMatchObject({ installing: null, installAfter: NOW + 2_000 });
    subject.pass(20);
    expect(subject.sent()).toEqual([[1, "fetch"]]);
    // The leader names it again: that is a heartbeat, and the next one follows at its pace.
    subject.answer(1, fetched({ snapshotId: ID }));
    expect(subject.sent()).toEqual([]);
    subject.pass(499);
    expect(subject.sent()).toEqual([]);
    subject.pass(1);
    expect(subject.sent()).toEqual([[1, "fetch"]]);
    subject.pass(1_480);
    subject.answer(1, fetched({ snapshotId: ID }));
    expect(subject.sent()).toEqual([[1, "fetch-snapshot"]]);
  });

  test.each([5, 0])("of %i bytes is not stored either when it is the first", (size) => {
    const subject = sentToSnapshot();
    subject.answer(1, piece({ size }));
    expect(kinds(subject)).toEqual(["snapshot-abandoned"]);
  });

  test("of more bytes than one may have is not stored, and an operator told", () => {
    const subject = sentToSnapshot();
    const size = 2 ** 32 + 1;
    subject.answer(1, piece({ size }));
    expect(subject.effects).toEqual([
      { kind: "snapshot-too-large", id: ID, size },
      { kind: "snapshot-abandoned", id: ID },
    ]);
    expect(subject.state.log).toMatchObject({ snapshots: [] });
  });

  test("of as many bytes as one may have is stored", () => {
    const subject = sentToSnapshot();
    subject.answer(1, piece({ size: 2 ** 32 }));
    expect(subject.effects[0]).toMatchObject({ kind: "persist", chunk: { id: ID, position: 0 } });
  });

  test("nor does it feed the fetch timer", () => {
    const subject = sentToSnapshot();
    subject.now += 10;
    subject.answer(1, piece({ bytes: new Uint8Array(0) }));
    expect(subject.state.role).toMatchObject({ fetchDeadline: NOW + 2_000 });
  });

  test.each<ErrorName>([
    "SNAPSHOT_NOT_FOUND",
    "POSITION_OUT_OF_RANGE",
    "UNKNOWN_SERVER_ERROR",
    "INVALID_REQUEST",
    "UNSUPPORTED_VERSION",
    "NOT_LEADER_OR_FOLLOWER",
  ])("after %s a follower fetches as before, and takes what it is then named", (error) => {
    const subject = sentToSnapshot();
    subject.answer(1, piece({}));
    subject.answer(1, piece({ error, size: 0, position: 10, bytes: new Uint8Array(0) }));
    expect(kinds(subject)).toEqual(["snapshot-abandoned"]);
    subject.pass(20);
    expect(subject.sent()).toEqual([[1, "fetch"]]);
    const snapshotId = { endOffset: 11, epoch: 4 };
    subject.answer(1, fetched({ snapshotId }));
    expect(subject.effects).toMatchObject([{ request: { snapshotId, position: 0 } }]);
  });

  test("E-13: a range that cannot be fetched is as much evidence as a Fetch that fails", () => {
    const subject = sentToSnapshot();
    for (let failure = 0; failure < 2; failure += 1) {
      const correlation = subject.asked(1);
      subject.take({
        kind: "request-failed",
        now: subject.now,
        to: 1,
        correlation,
        failure: "reset",
      });
      if (failure === 0) subject.pass(20);
    }
    expect(subject.state.role.kind).toBe("prospective");
    expect(subject.effects).toContainEqual({ kind: "snapshot-abandoned", id: ID });
  });

  test("V-5: a leader whose range is late is shielded no more", () => {
    const election = { epoch: 4, leaderId: 1, votedKey: null };
    // It stands second, and so a moment after the answer is too late.
    const subject = new Subject(2, imageOf(election, [dataEntry(0, 2, 3)]), [0, 1, 2]);
    subject.answer(1, fetched({ snapshotId: ID }));
    subject.answer(1, piece({}));
    expect(subject.state.role).toMatchObject({ kind: "follower", isServed: true });
    subject.pass(2_000);
    expect(subject.state.role).toMatchObject({ kind: "follower", isServed: false });
  });

  test("E-7: nor does a range keep a leader that has taken its leave", () => {
    const subject = sentToSnapshot();
    subject.receive(GOODBYE);
    const { role } = subject.state;
    subject.answer(1, piece({}));
    expect(subject.state.role).toMatchObject({ isServed: false });
    expect(subject.state.role).toHaveProperty("fetchDeadline", Reflect.get(role, "fetchDeadline"));
  });
});

describe("an install", () => {
  test("changes log, voters and high watermark in one step, and tells of the snapshot before its commit", () => {
    const subject = verifying();
    verified(subject);
    expect(kinds(subject)).toEqual(["persist", "snapshot-installed", "commit"]);
    expect(subject.effects[0]).toEqual({
      kind: "persist",
      election: null,
      snapshot: null,
      chunk: null,
      install: SNAPSHOT,
      logStart: null,
      truncateTo: null,
      append: [],
      joined: false,
      fence: false,
      sleep: null,
      highWatermark: 9,
    });
    expect(subject.state).toMatchObject({
      log: { startOffset: 9, endOffset: 9, epochs: [], snapshots: [SNAPSHOT] },
      voters: { records: [{ offset: 8, voters: VOTERS }] },
      committed: 9,
      role: { kind: "follower", installing: null },
    });
  });

  test("is followed by a Fetch from its end at once, where the one before has ended", () => {
    const subject = verifying();
    subject.answer(1, fetched({ snapshotId: ID }));
    expect(subject.sent()).toEqual([]);
    verified(subject);
    expect(subject.effects.at(-1)).toMatchObject({
      kind: "send",
      request: { api: "fetch", fetchOffset: 9, lastFetchedEpoch: 4, highWatermark: 9 },
    });
  });

  test.each([
    ["names the snapshot again", fetched({ snapshotId: ID })],
    ["brings records", fetched({ records: [dataEntry(3, 4, 4)] })],
    ["says where the old log diverged", fetched({ diverging: { epoch: 3, endOffset: 2 } })],
    [
      "says where an epoch of the snapshot ended",
      fetched({ diverging: { epoch: 4, endOffset: 7 } }),
    ],
  ])("is not disturbed by a late answer that %s", (_name, late) => {
    const subject = verifying();
    verified(subject);
    const { log } = subject.state;
    subject.answer(1, late);
    expect(subject.state.log).toEqual(log);
    subject.pass(20);
    expect(subject.effects).toMatchObject([{ request: { api: "fetch", fetchOffset: 9 } }]);
  });

  test("SN-1: does not happen where records came meanwhile that go beyond it", () => {
    const subject = verifying();
    subject.answer(1, fetched({ highWatermark: 5, records: [dataEntry(3, 11, 4)] }));
    const { log } = subject.state;
    verified(subject);
    expect(kinds(subject)).toEqual(["snapshot-abandoned"]);
    expect(subject.state).toMatchObject({ log, committed: 5, role: { installing: null } });
  });

  test("SN-1: nor where so much was committed meanwhile", () => {
    const subject = verifying();
    subject.answer(1, fetched({ highWatermark: 9, records: [dataEntry(3, 11, 3)] }));
    verified(subject);
    expect(kinds(subject)).toEqual(["snapshot-abandoned"]);
    expect(subject.state.log.endOffset).toBe(12);
  });

  test.each<readonly [string, StoredSnapshot, typeof VOTERS]>([
    ["another snapshot", { ...SNAPSHOT, endOffset: 10 }, VOTERS],
    ["another epoch", { ...SNAPSHOT, epoch: 3 }, VOTERS],
    ["another size", { ...SNAPSHOT, size: 29 }, VOTERS],
  ])("is not brought about by a verdict on %s", (_name, snapshot, voters) => {
    const subject = verifying();
    const { state } = subject;
    verified(subject, snapshot, voters);
    expect(subject.effects).toEqual([]);
    expect(subject.state).toEqual(state);
  });

  test.each([
    ["knows no voters", []],
    ["lists a voter twice", [voterOf(1), voterOf(1)]],
  ])("does not happen where the header %s", (_name, voters) => {
    const subject = verifying();
    verified(subject, SNAPSHOT, voters);
    expect(kinds(subject)).toEqual(["snapshot-abandoned"]);
    expect(subject.state.role).toMatchObject({ installing: null, installAfter: NOW + 2_000 });
  });

  test("does not happen twice, nor before all bytes are there", () => {
    const subject = sentToSnapshot();
    verified(subject);
    expect(subject.effects).toEqual([]);
    subject.answer(1, piece({ bytes: new Uint8Array(30) }));
    verified(subject);
    verified(subject);
    expect(subject.effects).toEqual([]);
  });

  test("N-4: does not happen to a leader, whatever it is told", () => {
    const subject = leader();
    const { state } = subject;
    verified(subject, { ...SNAPSHOT, endOffset: 99 });
    subject.take({ kind: "snapshot-refused", now: NOW, id: ID });
    expect(subject.state).toEqual(state);
  });

  test("a verdict on a snapshot that is not sound is taken once, and only of this one", () => {
    const subject = verifying();
    const refuse = (id: SnapshotId): void => {
      subject.take({ kind: "snapshot-refused", now: subject.now, id });
    };
    refuse({ endOffset: 8, epoch: 4 });
    expect(subject.effects).toEqual([]);
    refuse(ID);
    expect(kinds(subject)).toEqual(["snapshot-abandoned"]);
    refuse(ID);
    expect(subject.effects).toEqual([]);
  });
});

describe("N-2, N-5: what a replica does to its own log", () => {
  test.each<readonly [string, Partial<StoredSnapshot>, string]>([
    ["what is not committed", { endOffset: 9 }, "only what lies below 8 is committed"],
    ["an epoch that did not write its last record", { epoch: 4 }, "where the log has epoch 5"],
    ["an epoch that ended before", { epoch: 3 }, "where the log has epoch 5"],
    ["nothing", { size: 0 }, "of 0 bytes"],
  ])("a snapshot of %s stops its maker", (_name, change, sentence) => {
    expect(() => {
      made(leader(), change);
    }).toThrow(sentence);
  });

  test("one that another has overtaken is ignored", () => {
    const subject = leader();
    made(subject, {});
    expect(subject.effects[0]).toMatchObject({ snapshot: { endOffset: 8, epoch: 5 } });
    made(subject, {});
    expect(subject.effects).toEqual([]);
    made(subject, { endOffset: 5, epoch: 3 });
    expect(subject.effects).toEqual([]);
  });

  test("a log is cut where a snapshot ends", () => {
    const subject = leader();
    made(subject, { endOffset: 5, epoch: 3 });
    made(subject, {});
    subject.take({ kind: "log-cut", now: NOW, startOffset: 8 });
    expect(subject.effects[0]).toMatchObject({ kind: "persist", logStart: 8 });
    expect(subject.state.log).toMatchObject({ startOffset: 8, endOffset: 8, epochs: [] });
    subject.take({ kind: "log-cut", now: NOW, startOffset: 8 });
    expect(subject.effects).toEqual([]);
    for (const startOffset of [0, 5, 9]) {
      expect(() => {
        subject.take({ kind: "log-cut", now: NOW, startOffset });
      }).toThrow(`cannot be cut at ${startOffset}`);
    }
  });

  test("N-3: it begins with the voters of the snapshot, and not with those of before or after", () => {
    const entries = [
      votersEntry(0, [1, 2]),
      votersEntry(1, [1, 3]),
      dataEntry(2, 3, 3),
      votersEntry(4, [1, 4]),
    ];
    const image = imageOf({ epoch: 4, leaderId: 9, votedKey: null }, entries, 5);
    const subject = new Subject(1, image, [1]);
    made(subject, { endOffset: 3, epoch: 3 });
    subject.take({ kind: "log-cut", now: NOW, startOffset: 3 });
    expect(subject.state.voters.records).toEqual([
      { offset: 2, voters: [voterOf(1), voterOf(3)] },
      { offset: 4, voters: [voterOf(1), voterOf(4)] },
    ]);
  });

  test("a Fetch that waits at a new leader while the log is cut gets a snapshot, and no gap", () => {
    const subject = elected();
    subject.receive({ ...fetchOf(100), fetchOffset: 2, lastFetchedEpoch: 3 }, 1);
    expect(subject.effects).toEqual([]);
    made(subject, { endOffset: 5, epoch: 3 });
    subject.take({ kind: "log-cut", now: NOW, startOffset: 5 });
    subject.receive(fetchOf(2), 2);
    expect(subject.effects).toContainEqual(
      expect.objectContaining({
        kind: "reply",
        to: 1,
        response: expect.objectContaining({
          error: "NONE",
          records: null,
          snapshotId: { endOffset: 5, epoch: 3 },
        }),
      }),
    );
  });
});

describe("N-6: a boot", () => {
  const filed = { ...SNAPSHOT, bytes: snapshotFile(1, [1, 2], 30) };
  const election = { epoch: 4, leaderId: 1, votedKey: null };

  test("from an empty log after an install begins where the snapshot ends, with its voters", () => {
    const image = imageOf(election, [], null, { offset: 9, snapshots: [filed] });
    const subject = new Subject(2, image, [7]);
    expect(subject.state).toMatchObject({
      log: { startOffset: 9, endOffset: 9 },
      voters: { records: [{ offset: 8, voters: VOTERS }] },
      committed: 9,
    });
    expect(subject.effects).toContainEqual({ kind: "commit", highWatermark: 9 });
    expect(subject.effects.at(-1)).toMatchObject({
      request: { api: "fetch", fetchOffset: 9, lastFetchedEpoch: 4 },
    });
  });

  test("knows what a snapshot holds to be committed, whatever was stored of the high watermark", () => {
    const start = { offset: 0, snapshots: [{ ...filed, endOffset: 3, epoch: 3 }] };
    const subject = new Subject(2, imageOf(election, [dataEntry(0, 4, 3)], 2, start));
    expect(subject.state.committed).toBe(3);
  });

  test.each([
    ["whose snapshot is ahead of it", [dataEntry(0, 4, 3)], 0, "N-6: the snapshot at 9 is ahead"],
    ["that starts where no snapshot ends", [dataEntry(8, 12, 4)], 8, "I-9: the log starts at 8"],
  ])("from a log %s is refused", (_name, entries, offset, sentence) => {
    const image = imageOf(election, entries, null, { offset, snapshots: [filed] });
    expect(() => new Subject(2, image)).toThrow(sentence);
  });
});

describe("N-7, E-11: a FetchSnapshot", () => {
  const body = {
    api: "fetch-snapshot",
    clusterId: CLUSTER_ID,
    replica: voterOf(3).key,
    epoch: 4,
    snapshotId: ID,
    position: 0,
    maxBytes: 10,
  } as const;
  test("of a voter counts for check quorum and acknowledges nothing", () => {
    const subject = elected();
    subject.now += 10;
    subject.receive(body);
    expect(deadlineOf(subject)).toBe(NOW + 10 + 3_000);
    expect(subject.state).toMatchObject({ role: { highWatermark: null }, committed: 5 });
    expect(describeQuorum(subject.state, NOW).currentVoters[2]).toMatchObject({
      key: voterOf(3).key,
      logEndOffset: null,
    });
  });

  test.each([
    [-1, 1],
    [0, 1],
    [10, 10],
    [2 ** 31 - 1, 1_048_576],
  ])("that asks for %i bytes at most is served %i at most", (maxBytes, most) => {
    const subject = elected();
    const snapshot = { endOffset: 5, epoch: 3, size: 100, timestampMs: NOW };
    subject.take({ kind: "snapshot-made", now: NOW, snapshot });
    const id = { endOffset: 5, epoch: 3 };
    subject.receive({ ...body, snapshotId: id, position: 7, maxBytes });
    expect(subject.effects).toMatchObject([
      {
        kind: "reply",
        response: {
          error: "NONE",
          snapshotId: id,
          size: 100,
          position: 7,
          bytes: { id, position: 7, maxBytes: most },
        },
      },
    ]);
  });

  test("so does a Fetch that is answered with a snapshot", () => {
    const subject = elected();
    const snapshot = { endOffset: 5, epoch: 3, size: 100, timestampMs: NOW };
    subject.take({ kind: "snapshot-made", now: NOW, snapshot });
    subject.take({ kind: "log-cut", now: NOW, startOffset: 5 });
    subject.now += 10;
    subject.receive({ ...fetchOf(3), fetchOffset: 2, lastFetchedEpoch: 3 });
    expect(subject.effects).toMatchObject([
      { response: { error: "NONE", snapshotId: { endOffset: 5, epoch: 3 } } },
    ]);
    expect(deadlineOf(subject)).toBe(NOW + 10 + 3_000);
    expect(subject.state).toMatchObject({ role: { highWatermark: null }, committed: 5 });
  });

  test.each([
    ["a node with the id of a voter and another directory", { id: 3, directoryId: "another" }],
    ["an observer", { id: 100, directoryId: "dir-100" }],
  ])("of %s does not count", (_name, replica) => {
    const subject = elected();
    subject.now += 10;
    subject.receive({ ...body, replica });
    expect(deadlineOf(subject)).toBe(NOW + 3_000);
  });

  test("T-2: of a voter that has lost what it acknowledged does not count either", () => {
    const subject = elected();
    subject.receive({ ...fetchOf(3), fetchOffset: 6, incarnation: INCARNATION_COUNT });
    subject.receive({
      ...fetchOf(3),
      fetchOffset: 5,
      lastFetchedEpoch: 3,
      incarnation: 2 * INCARNATION_COUNT,
    });
    expect(kinds(subject)).toContain("replica-distrusted");
    const before = deadlineOf(subject);
    subject.now += 10;
    subject.receive(body);
    expect(deadlineOf(subject)).toBe(before);
  });
});
