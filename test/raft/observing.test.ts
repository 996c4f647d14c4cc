/** A replica that only observes, step by step: what it does not believe (OB-2), and how old what it knows is (OB-3). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  boot,
  confirmedAgeMs,
  INCARNATION_COUNT,
  nextDeadline,
  step,
  type Entry,
  type FetchResponse,
  type State,
  type Voter,
} from "../../src/raft/index.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import { configOf, dataEntry } from "./quorum-driver.ts";
import { fetched, NOW, Subject } from "./subject.ts";

const ENTRIES = [dataEntry(0, 2, 3), dataEntry(3, 4, 4)];

/** Observer 9 of a quorum of 1, 2 and 3, led by 1 in epoch 4; all but its last two records are committed. */
function observer(entries: readonly Entry[] = ENTRIES): Subject {
  const subject = new Subject(9, imageOf(null, []));
  const config = { ...configOf(9, [1, 2, 3]), bootstrapVoters: [], observesOnly: true } as const;
  const image = imageOf({ epoch: 4, leaderId: null, votedKey: null }, entries);
  const at = { now: NOW, seed: 7, incarnation: INCARNATION_COUNT };
  const booted = boot({ ...image, highWatermark: 3 }, config, at);
  subject.state = booted.state;
  subject.effects = booted.effects;
  const [[asked] = [-1]] = subject.sent();
  subject.answer(asked, { ...fetched({}), error: "NOT_LEADER_OR_FOLLOWER" });
  return subject;
}

const LEVEL = { highWatermark: 5 } as const;

describe("what cannot be so is doubted, and changes nothing", () => {
  const voters = [voterOf(1), voterOf(9)];
  const cases: readonly (readonly [string, Partial<FetchResponse>])[] = [
    ["epoch 4 has two leaders, 1 and 2", { leaderId: 2, leaderEndpoints: voterOf(2).endpoints }],
    ["it has a leader of this observer's own id, 9", { leaderId: 9, epoch: 5 }],
    ["there is no epoch after 2147483647", { epoch: 2_147_483_647, leaderId: null }],
    ["it takes this observer for a voter", { error: "INVALID_VOTER_KEY" }],
    [
      "its log has parted from this one at 0, though everything below 3 is committed",
      { diverging: { epoch: 2, endOffset: 2 } },
    ],
    [
      "it has a voter of this observer's own id, 9",
      {
        records: [
          {
            baseOffset: 5,
            lastOffset: 5,
            epoch: 4,
            control: [{ kind: "kraft-voters", voters }],
            payload: new Uint8Array(),
          },
        ],
      },
    ],
  ];
  test.each(cases)("%s", (reason, change) => {
    const subject = observer();
    const before = subject.state;
    subject.answer(1, fetched(change));
    expect(subject.effects.slice(0, 1)).toEqual([{ kind: "answer-doubted", from: 1, reason }]);
    const { election, log, committed, voters: history, role } = subject.state;
    expect({ election, log, committed, history }).toEqual({
      election: before.election,
      log: before.log,
      committed: before.committed,
      history: before.voters,
    });
    expect(role.kind).toBe("follower");
    // It is asked again, after a pause.
    expect(subject.sent()).toEqual([]);
    subject.pass(20);
    expect(subject.sent()).toEqual([[1, "fetch"]]);
  });

  test("what was not committed may go, for a voter's log may lose it too", () => {
    const subject = observer();
    subject.answer(1, fetched({ diverging: { epoch: 3, endOffset: 3 } }));
    expect(subject.state.log.endOffset).toBe(3);
  });
});

describe("the age of what it knows", () => {
  const own = 2 * configOf(9, []).fetchTimeoutMs;

  test("is counted from where the Fetch was sent that left nothing, and two fetch time-outs more", () => {
    const subject = observer();
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
    subject.pass(300);
    subject.answer(1, fetched(LEVEL));
    expect(subject.state.committed).toBe(5);
    expect(confirmedAgeMs(subject.state, subject.now)).toBe(300 + own);
    expect(confirmedAgeMs(subject.state, subject.now + 70)).toBe(370 + own);
  });

  test("grows while nobody answers, whatever role that leaves it in", () => {
    const subject = observer();
    subject.answer(1, fetched(LEVEL));
    for (let passed = 0; passed < 60_000; passed += 1_000) subject.pass(1_000);
    expect(confirmedAgeMs(subject.state, subject.now)).toBe(60_000 + own);
    subject.answer(subject.sent()[0]?.[0] ?? anyAsked(subject), {
      ...fetched({}),
      epoch: 5,
      leaderId: null,
    });
    expect(subject.state.role.kind).toBe("unattached");
    expect(confirmedAgeMs(subject.state, subject.now)).toBe(60_000 + own);
  });

  test("is not made younger by an answer that leaves something to be had, or by one that is doubted", () => {
    const subject = observer();
    subject.answer(1, fetched(LEVEL));
    subject.pass(100);
    subject.answer(1, fetched({ highWatermark: 9 }));
    subject.pass(100);
    subject.answer(1, fetched({ ...LEVEL, leaderId: 2 }));
    expect(confirmedAgeMs(subject.state, subject.now)).toBe(200 + own);
  });

  test("is unknown after the clock has jumped", () => {
    const subject = observer();
    subject.answer(1, fetched(LEVEL));
    expect(confirmedAgeMs(subject.state, subject.now - 1)).toBeNull();
    subject.now -= 5_000;
    subject.pass(1);
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
  });
});

const epoch = fc.oneof(fc.integer({ min: -1, max: 7 }), fc.constantFrom(2 ** 31 - 1));
const offset = fc.oneof(fc.integer({ min: -1, max: 9 }), fc.constantFrom(0.5, 2 ** 53));
const place = fc.record({ epoch, endOffset: offset });
const voters = fc.subarray([1, 2, 3, 9].map(voterOf));
const entry: fc.Arbitrary<Entry> = fc.record({
  baseOffset: offset,
  lastOffset: offset,
  epoch,
  control: fc.oneof(
    fc.constant([]),
    voters.map((set) => [{ kind: "kraft-voters" as const, voters: set }]),
  ),
  payload: fc.constant(new Uint8Array([1])),
});
const answer: fc.Arbitrary<FetchResponse> = fc.record({
  api: fc.constant("fetch"),
  error: fc.constantFrom("NONE", "NONE", "FENCED_LEADER_EPOCH", "INVALID_VOTER_KEY"),
  epoch,
  leaderId: fc.constantFrom(null, -1, 1, 1, 2, 9),
  leaderEndpoints: fc.constantFrom([], voterOf(1).endpoints, voterOf(2).endpoints),
  highWatermark: fc.option(offset, { nil: null }),
  logStartOffset: fc.constant(0),
  diverging: fc.option(place, { nil: null, freq: 3 }),
  snapshotId: fc.option(place, { nil: null, freq: 3 }),
  records: fc.array(entry, { maxLength: 3 }),
});

/** What the leader that it knows would serve next. */
function fitting({ log, election }: State): Partial<FetchResponse> {
  const { epoch: ofNow, leaderId } = election;
  const { endOffset } = log;
  const records = [dataEntry(endOffset, endOffset + 1, ofNow)];
  const none = { diverging: null, snapshotId: null };
  return { error: "NONE", epoch: ofNow, leaderId, highWatermark: endOffset + 2, records, ...none };
}

test("no answer trips it, or has it forget what is committed", () => {
  const met = { doubted: 0, appended: 0, committed: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(answer, fc.boolean()), { minLength: 20, maxLength: 40 }),
      (answers) => {
        let { state } = observer();
        for (const [drawn, fits] of answers) {
          const body = fits ? { ...drawn, ...fitting(state) } : drawn;
          const now = state.now + 30;
          const [from = -1] =
            [...state.connections].find(([, { inFlight }]) => inFlight !== null) ?? [];
          const correlation = state.connections.get(from)?.inFlight?.correlation ?? -1;
          const next = step(state, { kind: "response-received", now, from, correlation, body });
          expect(next.state.committed ?? -1).toBeGreaterThanOrEqual(state.committed ?? -1);
          ({ state } = next);
          for (const effect of next.effects) {
            if (effect.kind === "answer-doubted") met.doubted += 1;
            if (effect.kind === "commit") met.committed += 1;
            if (effect.kind === "persist" && effect.append.length > 0) met.appended += 1;
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect(Math.min(met.doubted, met.appended, met.committed)).toBeGreaterThan(10);
});

/** By way of a snapshot, or of another build, such sets may be in the log. */
const listed = (...sets: readonly (readonly Voter[])[]): readonly Entry[] =>
  sets.map((set, at) => ({
    baseOffset: 5 + at,
    lastOffset: 5 + at,
    epoch: 4,
    control: [{ kind: "kraft-voters", voters: set }],
    payload: new Uint8Array(),
  }));

describe("a voter set that lists it makes it no voter (OB-1)", () => {
  const elsewhere = [{ name: "CONTROLLER", host: "elsewhere", port: 1 }];
  const other = { id: 9, directoryId: "dir-other" };

  test.each([
    ["as it is", listed([voterOf(1), voterOf(9)])],
    ["not where it listens", listed([voterOf(1), { ...voterOf(9), endpoints: elsewhere }])],
    ["with another storage", listed([voterOf(1), { ...voterOf(9), key: other }])],
    ["and was removed", listed([voterOf(1), voterOf(9)], [voterOf(1)])],
  ])("%s", (_, sets) => {
    for (const answers of [0, 5]) {
      const subject = observer([...ENTRIES, ...sets]);
      const heard = new Set<string>();
      const pass = (ms: number): void => {
        subject.pass(ms);
        for (const [, api] of subject.sent()) heard.add(api);
        expect(["follower", "unattached"]).toContain(subject.state.role.kind);
      };
      for (let answered = 0; answered < answers; answered += 1) {
        subject.answer(1, fetched({ highWatermark: subject.state.log.endOffset }));
        pass(100);
      }
      for (let passed = 0; passed < 30_000; passed += 500) pass(500);
      expect([...heard]).toEqual(["fetch"]);
    }
  });
});

test("it waits for nothing but its requests: no election is ever due", () => {
  const subject = observer();
  subject.answer(1, fetched(LEVEL));
  const { inFlight } = subject.state.connections.get(1) ?? {};
  expect(nextDeadline(subject.state)).toBe(inFlight?.deadline);
});

function anyAsked({ state }: Subject): number {
  const [id] = [...state.connections].find(([, { inFlight }]) => inFlight !== null) ?? [-1];
  return id;
}
