/**
 * What a replica makes of single answers and requests that no well-behaved quorum would produce; the
 * scripts tell the rest. One test per rule.
 */
import { describe, expect, test } from "vitest";
import { ImmutableMap, byNumber, byText } from "../../src/std/immutable-map.ts";
import type {
  Endpoint,
  Entry,
  FetchRequest,
  Request,
  Response,
  State,
} from "../../src/raft/index.ts";
import {
  EMPTY_LOG,
  INCARNATION_COUNT,
  boot,
  highWatermark,
  leaderOf,
  nextDeadline,
} from "../../src/raft/index.ts";
import type { ReplicaProgress } from "../../src/raft/state.ts";
import { keyOf } from "../../src/raft/state.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import { CLUSTER_ID, configOf, dataEntry } from "./quorum-driver.ts";
import { GOODBYE, NOW, Subject, fetched, follower } from "./subject.ts";

describe("F-12: a follower appends what fits, and stops at the first batch that does not", () => {
  const good = dataEntry(3, 4, 4);
  test.each<readonly [string, readonly Entry[], number]>([
    ["a gap", [good, dataEntry(6, 6, 4)], 5],
    ["an overlap", [good, dataEntry(4, 6, 4)], 5],
    ["a falling epoch", [good, dataEntry(5, 5, 3)], 5],
    ["an epoch beyond the own (KAFKA-18723)", [good, dataEntry(5, 5, 5)], 5],
    ["the primordial epoch", [dataEntry(3, 3, 0)], 3],
    ["a batch that ends before it begins", [good, dataEntry(5, 4, 4)], 5],
    ["an offset that is no integer", [good, dataEntry(5, Number.NaN, 4)], 5],
    [
      "control records that do not match the offsets",
      [good, { ...dataEntry(5, 6, 4), control: [{ kind: "kraft-version", version: 1 }] }],
      5,
    ],
    [
      "a voter set with two voters of one id",
      [
        good,
        {
          ...dataEntry(5, 5, 4),
          control: [{ kind: "kraft-voters", voters: [voterOf(1), voterOf(1)] }],
        },
      ],
      5,
    ],
    [
      "an empty voter set (KAFKA-16842)",
      [good, { ...dataEntry(5, 5, 4), control: [{ kind: "kraft-voters", voters: [] }] }],
      5,
    ],
    ["nothing wrong", [good, dataEntry(5, 5, 4)], 6],
  ])("%s", (_name, records, end) => {
    const subject = follower();
    subject.answer(1, fetched({ records, highWatermark: 3 }));
    expect(subject.state.log.endOffset).toBe(end);
    expect(subject.state.role.kind).toBe("follower");
  });

  test("a fetch that brought nothing usable is not repeated at once, nor does it feed the fetch timer", () => {
    const subject = follower();
    subject.now += 10;
    subject.answer(1, fetched({ records: [dataEntry(9, 9, 4)] }));
    expect(subject.sent()).not.toContainEqual([1, "fetch"]);
    expect(subject.state.role).toMatchObject({ hasFetched: false, fetchDeadline: NOW + 2_000 });
  });

  test("a voters record takes effect at once, and a truncation takes it back (M-1)", () => {
    const subject = follower();
    const voters = [voterOf(1), voterOf(2)];
    const entry: Entry = { ...dataEntry(3, 3, 4), control: [{ kind: "kraft-voters", voters }] };
    subject.answer(1, fetched({ records: [entry] }));
    expect(subject.state.voters.records).toEqual([{ offset: 3, voters }]);
    subject.answer(1, fetched({ diverging: { epoch: 3, endOffset: 3 } }));
    expect(subject.state.voters.records).toEqual([]);
  });

  test("the high watermark follows the leader's as far as the own log reaches, and never falls", () => {
    const subject = follower();
    subject.answer(1, fetched({ highWatermark: 9, records: [dataEntry(3, 4, 4)] }));
    expect(highWatermark(subject.state)).toBe(5);
    subject.answer(1, fetched({ highWatermark: 2 }));
    expect(highWatermark(subject.state)).toBe(5);
    subject.answer(1, fetched({ highWatermark: null }));
    expect(highWatermark(subject.state)).toBe(5);
  });
});

describe("F-10: a follower truncates where it is told to", () => {
  test("to the smaller of the leader's and its own end of an epoch that both know", () => {
    const subject = follower([dataEntry(0, 1, 1), dataEntry(2, 3, 2), dataEntry(4, 5, 2)]);
    subject.answer(1, fetched({ diverging: { epoch: 2, endOffset: 4 } }));
    expect(subject.effects[0]).toMatchObject({ kind: "persist", truncateTo: 4 });
    subject.answer(1, fetched({ diverging: { epoch: 1, endOffset: 9 } }));
    expect(subject.effects[0]).toMatchObject({ kind: "persist", truncateTo: 2 });
  });

  test("to its own end of the epoch before, when it does not know the leader's", () => {
    // The leader's offset would lie in the middle of the follower's last batch of epoch 1.
    const subject = follower([dataEntry(0, 1, 1), dataEntry(2, 5, 1), dataEntry(6, 7, 3)]);
    subject.answer(1, fetched({ diverging: { epoch: 2, endOffset: 4 } }));
    expect(subject.effects[0]).toMatchObject({ kind: "persist", truncateTo: 6 });
  });

  test("but below what is committed it stops for good (KAFKA-12460)", () => {
    const subject = follower();
    subject.answer(1, fetched({ highWatermark: 3 }));
    expect(() => {
      subject.answer(1, fetched({ diverging: { epoch: 1, endOffset: 1 } }));
    }).toThrow("told to truncate to 0, though everything below 3 is committed");
  });

  test.each([
    ["beyond its end", { epoch: 3, endOffset: 9 }],
    ["to a negative offset", { epoch: 3, endOffset: -1 }],
    ["of a negative epoch", { epoch: -1, endOffset: 2 }],
  ])("and a divergence %s is ignored for a while", (_name, diverging) => {
    const subject = follower();
    subject.answer(1, fetched({ diverging }));
    expect(subject.state.log.endOffset).toBe(3);
    expect(subject.sent()).not.toContainEqual([1, "fetch"]);
  });
});

describe("answers", () => {
  test("that nobody waits for are ignored", () => {
    const subject = follower();
    const before = subject.state;
    const correlation = subject.asked(1) + 1;
    const body = fetched({ records: [dataEntry(3, 3, 4)] });
    subject.take({ kind: "response-received", now: NOW, from: 1, correlation, body });
    subject.take({
      kind: "response-received",
      now: NOW,
      from: 3,
      correlation: subject.asked(1),
      body,
    });
    expect(subject.state).toEqual(before);
  });

  test("are counted once", () => {
    const subject = follower();
    const correlation = subject.asked(1);
    const body = fetched({ records: [dataEntry(3, 3, 4)] });
    subject.take({ kind: "response-received", now: NOW, from: 1, correlation, body });
    subject.take({ kind: "response-received", now: NOW, from: 1, correlation, body });
    expect(subject.state.log.endOffset).toBe(4);
  });

  test("of an earlier role find nobody waiting", () => {
    const subject = follower();
    const correlation = subject.asked(1);
    subject.pass(1_000);
    subject.pass(1_000);
    expect(subject.state.role.kind).toBe("prospective");
    const body = fetched({ records: [dataEntry(3, 3, 4)] });
    subject.take({ kind: "response-received", now: subject.now, from: 1, correlation, body });
    expect(subject.state.log.endOffset).toBe(3);
  });

  test("of an earlier epoch are ignored, without asking again at once", () => {
    const subject = follower();
    subject.answer(1, fetched({ epoch: 3, leaderId: 3, records: [dataEntry(3, 3, 3)] }));
    expect(subject.state.log.endOffset).toBe(3);
    expect(subject.sent()).toEqual([]);
    subject.pass(20);
    expect(subject.sent()).toEqual([[1, "fetch"]]);
  });

  test("with UNKNOWN_LEADER_EPOCH change nothing, and are not asked for again at once", () => {
    const subject = follower();
    subject.answer(1, fetched({ error: "UNKNOWN_LEADER_EPOCH", epoch: 3 }));
    expect(subject.state.role).toMatchObject({ kind: "follower", leaderId: 1 });
    expect(subject.sent()).not.toContainEqual([1, "fetch"]);
  });

  test("of a larger epoch are believed, whatever else they say", () => {
    const subject = follower();
    subject.answer(1, fetched({ error: "FENCED_LEADER_EPOCH", epoch: 6, leaderId: null }));
    expect(subject.state.role.kind).toBe("unattached");
    expect(subject.state.election).toEqual({ epoch: 6, leaderId: null, votedKey: null });
  });

  test("that name a leader without endpoints name nobody that could be followed", () => {
    const subject = follower();
    const error = "FENCED_LEADER_EPOCH";
    subject.answer(1, fetched({ error, epoch: 6, leaderId: 77, leaderEndpoints: [] }));
    expect(subject.state.role.kind).toBe("unattached");
    expect(leaderOf(subject.state)).toBeNull();
  });

  test("to another question than was asked are a failure", () => {
    const subject = follower();
    const { error, epoch, leaderId, leaderEndpoints } = fetched({});
    subject.answer(1, { api: "vote", error, epoch, leaderId, leaderEndpoints, granted: true });
    expect(subject.state.role.kind).toBe("follower");
    expect(subject.sent()).not.toContainEqual([1, "fetch"]);
  });

  test("with records from one who is not the leader are not taken in", () => {
    const subject = new Subject(2, imageOf({ epoch: 4, leaderId: null, votedKey: null }, []));
    const [[asked] = [0]] = subject.sent();
    const other = asked === 1 ? 3 : 1;
    const leaderEndpoints = voterOf(other).endpoints;
    const records = [dataEntry(0, 0, 4)];
    subject.answer(asked, fetched({ leaderId: other, leaderEndpoints, records }));
    expect(subject.state.role).toMatchObject({ kind: "follower", leaderId: other });
    expect(subject.state.log.endOffset).toBe(0);
  });

  test("of the leader are taken in even by who did not know it yet", () => {
    const subject = new Subject(2, imageOf({ epoch: 4, leaderId: null, votedKey: null }, []));
    const [[asked] = [0]] = subject.sent();
    const leaderEndpoints = voterOf(asked).endpoints;
    subject.answer(
      asked,
      fetched({ leaderId: asked, leaderEndpoints, records: [dataEntry(0, 0, 4)] }),
    );
    expect(subject.state.log.endOffset).toBe(1);
  });

  test("that name a second leader of the epoch stop the replica (I-3)", () => {
    const subject = follower();
    expect(() => {
      subject.answer(1, fetched({ error: "NOT_LEADER_OR_FOLLOWER", leaderId: 3 }));
    }).toThrow("epoch 4 has two leaders: 1 and 3");
  });
});

/** Replica 1, prospective in epoch 4. */
function prospective(): Subject {
  const subject = new Subject(1, imageOf({ epoch: 4, leaderId: null, votedKey: null }, []));
  subject.pass(1_000);
  subject.pass(1_000);
  expect(subject.state.role.kind).toBe("prospective");
  return subject;
}
const vote = (error: Response["error"], granted: boolean): Response => ({
  api: "vote",
  error,
  epoch: 4,
  leaderId: null,
  leaderEndpoints: [],
  granted,
});

const begin = (endpoints: readonly Endpoint[]): Request => ({
  api: "begin-quorum-epoch",
  clusterId: CLUSTER_ID,
  receiver: null,
  leaderId: 1,
  epoch: 4,
  endpoints,
});

describe("announcements", () => {
  test("that tell of more endpoints of the known leader are taken over (KAFKA-16927)", () => {
    const subject = follower();
    const [known] = voterOf(1).endpoints;
    if (known === undefined) throw new Error("it has an endpoint");
    const more = [known, { ...known, name: "CONTROLLER_SSL" }];
    subject.now += 500;
    subject.receive(begin(more));
    expect(leaderOf(subject.state)).toEqual({ leaderId: 1, endpoints: more });
    subject.receive(begin([]));
    subject.receive(begin([known]));
    expect(leaderOf(subject.state)).toEqual({ leaderId: 1, endpoints: more });
    expect(subject.state.role).toMatchObject({ fetchDeadline: NOW + 2_000 });
  });
});

describe("votes", () => {
  test("a voter that knows no pre-vote is asked for a real vote instead (KIP-996)", () => {
    const subject = prospective();
    // Such an answer is made before the epoch is looked at, and carries none.
    subject.answer(2, { ...vote("UNSUPPORTED_VERSION", false), epoch: 0 });
    expect(subject.state.role.kind).toBe("candidate");
    expect(subject.state.election.epoch).toBe(5);
  });

  test("a vote of a replaced disk counts as refused", () => {
    const subject = prospective();
    subject.answer(2, vote("INVALID_VOTER_KEY", true));
    subject.answer(3, vote("INVALID_VOTER_KEY", true));
    expect(subject.state.role.kind).toBe("unattached");
  });

  test("a voter that fails is asked again after a pause, until the timer ends", () => {
    const subject = prospective();
    subject.take({
      kind: "request-failed",
      now: subject.now,
      to: 2,
      correlation: subject.asked(2),
      failure: "reset",
    });
    expect(subject.sent()).toEqual([]);
    subject.pass(20);
    expect(subject.sent()).toEqual([[2, "vote"]]);
  });

  test("a vote that was granted is stored in the very step that takes office", () => {
    const subject = prospective();
    subject.answer(2, vote("NONE", true));
    expect(subject.effects[0]).toMatchObject({
      kind: "persist",
      election: { epoch: 5, leaderId: null, votedKey: { id: 1 } },
    });
    subject.answer(3, { ...vote("NONE", true), epoch: 5 } satisfies Response);
    expect(subject.state.role.kind).toBe("leader");
    expect(subject.effects[0]).toMatchObject({ kind: "persist", election: { leaderId: 1 } });
  });
});

const fetch = (id: number, change: Partial<FetchRequest> = {}): FetchRequest => ({
  api: "fetch",
  clusterId: CLUSTER_ID,
  replica: { id, directoryId: `dir-${id}` },
  epoch: 1,
  fetchOffset: 3,
  lastFetchedEpoch: 1,
  highWatermark: 3,
  maxWaitMs: 500,
  maxBytes: 1_000_000,
  incarnation: null,
  ...change,
});
const leader = (): Subject =>
  new Subject(
    1,
    { election: null, log: EMPTY_LOG, highWatermark: null, joining: false, voters: [] },
    [1],
  );

/** Replica 1, elected by 2. */
function leaderOfThree(): Subject {
  const subject = new Subject(1, {
    election: null,
    log: EMPTY_LOG,
    highWatermark: null,
    joining: false,
    voters: [],
  });
  subject.pass(2_000);
  for (const epoch of [0, 1]) {
    subject.answer(2, {
      api: "vote",
      error: "NONE",
      epoch,
      leaderId: null,
      leaderEndpoints: [],
      granted: true,
    });
  }
  return subject;
}

const progress = (id: number, lastFetchAt: number): ReplicaProgress => ({
  key: { id, directoryId: `dir-${id}` },
  endOffset: 3,
  lastFetchAt,
  lastCaughtUpAt: null,
  lastFetchEnd: 3,
  incarnation: null,
  rolledBack: false,
});

const observersOf = ({ role }: State): number => (role.kind === "leader" ? role.observers.size : 0);

describe("what is bounded", () => {
  test("ten thousand fetches are parked; the next is told to come back later", () => {
    const subject = leader();
    const { role } = subject.state;
    if (role.kind !== "leader") throw new Error("a sole voter leads");
    // Filled by hand: ten thousand steps would take a while.
    const parkedDeadline = NOW + 500;
    const parkedObservers = ImmutableMap.from(
      byNumber,
      Array.from({ length: 10_000 }, (_, at) => {
        return [at, { request: fetch(1_000 + at), deadline: parkedDeadline }] as const;
      }),
    );
    subject.state = { ...subject.state, role: { ...role, parkedObservers, parkedDeadline } };
    subject.receive(fetch(50_000), 20_000);
    expect(subject.effects).toMatchObject([
      { kind: "reply", to: 20_000, response: { error: "BROKER_NOT_AVAILABLE" } },
    ]);
    subject.pass(500);
    expect(subject.effects).toHaveLength(10_000);
  });

  test("a voter is never turned away, however many observers wait", () => {
    const subject = leaderOfThree();
    const { role } = subject.state;
    if (role.kind !== "leader") throw new Error("two votes of three elect");
    const parkedObservers = ImmutableMap.from(
      byNumber,
      Array.from({ length: 10_000 }, (_, at) => {
        return [at, { request: fetch(1_000 + at), deadline: NOW + 60_000 }] as const;
      }),
    );
    subject.state = { ...subject.state, role: { ...role, parkedObservers } };
    const { election, log } = subject.state;
    const end = { epoch: election.epoch, lastFetchedEpoch: election.epoch };
    subject.receive(fetch(2, { ...end, fetchOffset: log.endOffset }), 20_000);
    subject.receive(fetch(3, { ...end, fetchOffset: log.endOffset, highWatermark: 3 }), 20_001);
    expect(subject.state.role).toMatchObject({ highWatermark: log.endOffset });
    expect(subject.effects).not.toContainEqual(
      expect.objectContaining({
        response: expect.objectContaining({ error: "BROKER_NOT_AVAILABLE" }),
      }),
    );
  });

  test("ten thousand observers are followed; a new one takes the place of those who fell silent", () => {
    const subject = leader();
    const { role } = subject.state;
    if (role.kind !== "leader") throw new Error("a sole voter leads");
    const full = Array.from({ length: 10_000 }, (_, at) => {
      const seen = progress(1_000 + at, at < 10 ? NOW - 300_000 : NOW);
      return [keyOf(seen.key), seen] as const;
    });
    const crowded = { ...role, observers: ImmutableMap.from(byText, full) };
    subject.state = { ...subject.state, role: crowded };
    subject.receive(fetch(500, { maxWaitMs: 0 }));
    expect(observersOf(subject.state)).toBe(9_991);
    subject.state = {
      ...subject.state,
      role: { ...crowded, observers: ImmutableMap.from(byText, full.slice(10)) },
    };
    for (let id = 500; id < 520; id += 1) subject.receive(fetch(id, { maxWaitMs: 0 }));
    expect(observersOf(subject.state)).toBe(10_000);
    expect(subject.effects).toMatchObject([{ kind: "reply", response: { error: "NONE" } }]);
  });

  test("nobody is parked for longer than half a minute", () => {
    const subject = leader();
    subject.receive(fetch(100, { maxWaitMs: 2 ** 31 - 1 }));
    expect(nextDeadline(subject.state)).toBeLessThanOrEqual(NOW + 30_000);
  });

  test("no answer holds more bytes than the configuration allows, nor a negative number", () => {
    const subject = leader();
    subject.receive(fetch(100, { fetchOffset: 0, lastFetchedEpoch: 0, maxBytes: 2 ** 40 }));
    expect(subject.effects[0]).toMatchObject({ response: { records: { maxBytes: 1_048_576 } } });
    subject.receive(fetch(100, { fetchOffset: 0, lastFetchedEpoch: 0, maxBytes: -5 }));
    expect(subject.effects[0]).toMatchObject({ response: { records: { maxBytes: 0 } } });
  });

  test("an abandoned fetch is answered no more", () => {
    const subject = leader();
    subject.receive(fetch(100), 8);
    subject.take({ kind: "request-abandoned", now: NOW, request: 8 });
    subject.pass(600);
    expect(subject.effects).toEqual([]);
  });

  test("an abandoned fetch is forgotten also where nobody leads", () => {
    const subject = new Subject(1, imageOf({ epoch: 1, leaderId: null, votedKey: null }, []));
    subject.receive(fetch(100), 8);
    subject.take({ kind: "request-abandoned", now: NOW, request: 8 });
    expect(subject.state.held.size).toBe(0);
  });
});

describe("a replica", () => {
  test("does the same again when given the same", () => {
    const [one, other] = [follower(), follower()];
    for (const subject of [one, other]) {
      subject.pass(700);
      subject.pass(700);
      subject.pass(700);
    }
    expect(one.state).toEqual(other.state);
    expect(one.effects).toEqual(other.effects);
  });

  test("does not go back in time when its clock does", () => {
    const subject = follower();
    subject.pass(1_500);
    subject.take({ kind: "time-passed", now: NOW - 60_000 });
    expect(subject.state.now).toBe(NOW + 1_501);
  });

  test("refuses a configuration under which fetches would always time out", () => {
    const config = { ...configOf(1, [1]), fetchMaxWaitMs: 2_000 };
    expect(() =>
      boot(imageOf(null, []), config, { now: NOW, seed: 1, incarnation: INCARNATION_COUNT }),
    ).toThrow("may not wait 2000 ms");
  });

  test("refuses bootstrap voters that share an id", () => {
    const config = configOf(1, [1, 1]);
    expect(() =>
      boot(imageOf(null, []), config, { now: NOW, seed: 1, incarnation: INCARNATION_COUNT }),
    ).toThrow("distinct ids");
  });

  test("goes by its newest voters record at boot, not by what it was formatted with (S-3)", () => {
    const voters = [voterOf(1)];
    const entry: Entry = { ...dataEntry(0, 0, 1), control: [{ kind: "kraft-voters", voters }] };
    const subject = new Subject(1, imageOf(null, [entry]), [1, 2, 3]);
    expect(subject.state.role.kind).toBe("leader");
  });

  test("knows of a snapshot that it was committed", () => {
    const log = {
      startOffset: 9,
      endOffset: 9,
      epochs: [],
      snapshots: [{ endOffset: 9, epoch: 2, size: 100, timestampMs: 0 }],
    };
    const subject = new Subject(2, {
      election: null,
      log,
      highWatermark: null,
      joining: false,
      voters: [],
    });
    expect(highWatermark(subject.state)).toBe(9);
    expect(subject.state.election.epoch).toBe(2);
  });
});

describe("T-7, T-5: a replica's own time", () => {
  test("a timer that comes late by moments is no freeze: the leader that hangs is given up", () => {
    const subject = follower();
    // The request and the fetch time-out are equal, so nothing happens for a whole fetch time-out.
    subject.pass(2_003);
    expect(subject.state.role.kind).toBe("prospective");
  });

  test("a freeze is forgiven: the leader is asked once more", () => {
    const subject = follower();
    subject.pass(4_000);
    expect(subject.state.role).toMatchObject({ kind: "follower", fetchDeadline: NOW + 6_000 });
  });

  test("a reading of another century counts as ten minutes", () => {
    const subject = follower();
    subject.take({ kind: "time-passed", now: NOW + 3e12 });
    expect(subject.state.now).toBe(NOW + 600_000);
  });
});

test("E-7: an answer that a goodbye has overtaken does not hold up the successor", () => {
  const subject = follower();
  subject.receive(GOODBYE);
  subject.answer(1, fetched({ records: [dataEntry(3, 3, 4)] }));
  expect(subject.state.log.endOffset).toBe(4);
  subject.pass(500);
  expect(subject.state.role.kind).toBe("prospective");
});

describe("E-15: a prospective voter that its leader refuses", () => {
  const refusal: Response = {
    api: "vote",
    error: "NONE",
    epoch: 4,
    leaderId: 1,
    leaderEndpoints: voterOf(1).endpoints,
    granted: false,
  };

  test("returns to it, if it has ever been served by it", () => {
    const subject = follower();
    subject.answer(1, fetched({}));
    subject.pass(1_000);
    subject.pass(1_000);
    subject.answer(1, refusal);
    expect(subject.state.role).toMatchObject({ kind: "follower", suspectAfter: NOW + 3_000 });
  });

  test("goes on asking the others, if that leader has resigned", () => {
    const subject = follower();
    subject.answer(1, fetched({}));
    subject.pass(1_000);
    subject.pass(1_000);
    subject.answer(1, { ...refusal, leaderId: null, leaderEndpoints: [] });
    expect(subject.state.role.kind).toBe("prospective");
  });

  test("goes on asking the others, if that leader serves no Fetch", () => {
    const subject = follower();
    subject.pass(1_000);
    subject.pass(1_000);
    subject.answer(1, refusal);
    expect(subject.state.role.kind).toBe("prospective");
  });
});
