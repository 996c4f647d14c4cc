/**
 * Whatever is asked of it, a replica answers each request once and none of its invariants fails. Random
 * requests, well typed and otherwise absurd, in every role. Only one thing is spared it: to hear of a second
 * leader of one epoch, which must stop it.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type {
  Effect,
  ErrorName,
  FetchRequest,
  FetchResponse,
  FetchSnapshotResponse,
  Input,
  Request,
  State,
} from "../../src/raft/index.ts";
import { INCARNATION_COUNT, NO_DIRECTORY, boot, nextDeadline, step } from "../../src/raft/index.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import { CLUSTER_ID, configOf, dataEntry } from "./quorum-driver.ts";

const NOW = 100_000;

const clusterId = fc.constantFrom(null, CLUSTER_ID, "another");
const epoch = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.constantFrom(-1, 2 ** 31 - 1, 2 ** 31 - 2),
);
const offset = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom(-1, Number.MAX_SAFE_INTEGER),
);
const key = fc.record({
  id: fc.constantFrom(-1, 1, 2, 3, 9),
  directoryId: fc.constantFrom("dir-1", "dir-2", "dir-3", "dir-9", NO_DIRECTORY),
});

const fetch: fc.Arbitrary<FetchRequest> = fc.record({
  api: fc.constant("fetch"),
  clusterId,
  replica: key,
  epoch,
  fetchOffset: offset,
  lastFetchedEpoch: epoch,
  highWatermark: fc.option(offset, { nil: null }),
  maxWaitMs: fc.constantFrom(-1, 0, 500, 2 ** 31 - 1),
  maxBytes: fc.constantFrom(-1, 0, 1, 2 ** 31 - 1),
  incarnation: fc.constantFrom(null, 0, 1, INCARNATION_COUNT, 2 * INCARNATION_COUNT),
});

const snapshotId = fc.record({
  endOffset: fc.oneof(offset, fc.constantFrom(0.5, Number.NaN)),
  epoch,
});

const position = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom(-1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER),
);

const fetchSnapshot: fc.Arbitrary<Request> = fc.record({
  api: fc.constant("fetch-snapshot"),
  clusterId,
  replica: key,
  epoch,
  snapshotId,
  position,
  maxBytes: fc.constantFrom(-1, 0, 1, 2 ** 31 - 1, Number.NaN),
});

const question: fc.Arbitrary<Request> = fc.oneof(
  fetch,
  fetchSnapshot,
  fc.record({
    api: fc.constant("vote"),
    clusterId,
    receiver: fc.option(key, { nil: null }),
    candidate: key,
    epoch,
    logEnd: fc.record({ offset, epoch }),
    preVote: fc.boolean(),
  }),
);

/** Every epoch that replica 1 can hear of has one leader, always the same. */
const announcement: fc.Arbitrary<Request> = fc
  .record({
    api: fc.constantFrom("begin-quorum-epoch" as const, "end-quorum-epoch" as const),
    clusterId,
    receiver: fc.option(key, { nil: null }),
    epoch: fc.integer({ min: 4, max: 9 }),
    preferredCandidates: fc.array(key, { maxLength: 3 }),
    isReachable: fc.boolean(),
  })
  .map(({ isReachable, ...rest }) => {
    const leaderId = [9, 2, 3][rest.epoch % 3] ?? 9;
    return { ...rest, leaderId, endpoints: isReachable ? voterOf(leaderId).endpoints : [] };
  });

const request = fc.oneof(question, announcement);

/** Replica 1 in each of its roles. */
const subjects: readonly (readonly [string, () => State, fc.Arbitrary<Request>])[] = [
  ["unattached", () => start(null, null), request],
  ["follower", () => start(2, null), request],
  ["resigned", () => start(1, null), request],
  ["candidate", () => start(null, 1), request],
  // It leads whatever epoch it reaches, so no other replica can announce itself as its leader.
  ["sole leader", () => start(null, null, [1]), question],
  ["leader whose log was cut", () => cutLog(start(null, null, [1])), question],
  ["observer", () => start(null, null, [2, 3]), request],
];

/** A sole leader with a snapshot where its own epoch begins, and nothing below. */
function cutLog(state: State): State {
  const snapshot = { endOffset: 5, epoch: 2, size: 30, timestampMs: NOW };
  const made = step(state, { kind: "snapshot-made", now: NOW, snapshot });
  return step(made.state, { kind: "log-cut", now: NOW, startOffset: 5 }).state;
}

function start(leaderId: number | null, voted: number | null, voters = [1, 2, 3]): State {
  const votedKey = voted === null ? null : voterOf(voted).key;
  const entries = [dataEntry(0, 2, 1), dataEntry(3, 4, 2)];
  const image = imageOf({ epoch: 3, leaderId, votedKey }, entries);
  return boot(image, configOf(1, voters), { now: NOW, seed: 1, incarnation: INCARNATION_COUNT })
    .state;
}

/** What replica 2, which leads epoch 3, may answer to whatever it is asked, right or absurd; all but a divergence. */
const fetched: fc.Arbitrary<FetchResponse> = fc.record({
  api: fc.constant("fetch"),
  error: errors(),
  epoch: fc.constantFrom(2, 3),
  leaderId: fc.constantFrom(null, 2),
  leaderEndpoints: fc.constant(voterOf(2).endpoints),
  highWatermark: fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }),
  logStartOffset: fc.constant(0),
  diverging: fc.constant(null),
  snapshotId: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom({ endOffset: 7, epoch: 3 }, { endOffset: 5, epoch: 3 }),
    },
    { weight: 2, arbitrary: snapshotId },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  records: fc.constantFrom([], [dataEntry(5, 7, 3)], [dataEntry(9, 9, 3)]),
});

const absurdPiece: fc.Arbitrary<Partial<FetchSnapshotResponse>> = fc.record(
  {
    error: errors(),
    epoch: fc.constantFrom(2, 3),
    leaderId: fc.constantFrom(null, 2),
    snapshotId,
    size: position,
    position,
  },
  { requiredKeys: [] },
);

/** Mostly what was asked for, and some bytes. */
const piece = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: absurdPiece }),
    fc.constantFrom(0, 1, 12, 30, 60),
  )
  .map(([absurd, count]) => ({ ...absurd, bytes: new Uint8Array(count) }));

function errors(): fc.Arbitrary<ErrorName> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant<ErrorName>("NONE") },
    { weight: 1, arbitrary: fc.constantFrom<ErrorName>("SNAPSHOT_NOT_FOUND", "INVALID_REQUEST") },
  );
}

/** What this replica's own shell says of what it has fetched. */
const verdict = fc.record({
  isSound: fc.boolean(),
  voters: fc.constantFrom([], [voterOf(1)], [voterOf(2), voterOf(2)], [1, 2, 3].map(voterOf)),
});

const answer = fc.record({ fetched, piece, verdict, ms: fc.constantFrom(0, 5, 500, 900) });

type Answered = typeof answer extends fc.Arbitrary<infer One> ? One : never;

const repliesIn = (effects: readonly Effect[]): readonly number[] =>
  effects.flatMap((effect) => (effect.kind === "reply" ? [effect.to] : []));

describe("strangers", () => {
  for (const [role, subject, body] of subjects) {
    test(`cannot trip a replica that starts as ${role}, and are all answered once`, () => {
      const moves = fc.array(fc.tuple(fc.nat({ max: 400 }), body), { maxLength: 30 });
      fc.assert(
        fc.property(moves, (asked) => {
          let state = subject();
          const answered: number[] = [];
          for (const [at, [ms, asks]] of asked.entries()) {
            const now = state.now + ms;
            const next = step(state, { kind: "request-received", now, request: at, body: asks });
            state = next.state;
            answered.push(...repliesIn(next.effects));
          }
          // Held and parked requests end at the latest when their time is over.
          for (let ms = 0; ms < 31_000; ms += 1_000) {
            const next = step(state, { kind: "time-passed", now: state.now + 1_000 });
            state = next.state;
            answered.push(...repliesIn(next.effects));
          }
          expect(answered.toSorted((a, b) => a - b)).toEqual(asked.map((_, at) => at));
          expect(nextDeadline(state)).toBeGreaterThan(state.now);
        }),
        { numRuns: 400 },
      );
    });
  }
});

/** It has served an observer, if it leads. */
const served = (state: State): State =>
  step(state, {
    kind: "request-received",
    now: state.now,
    request: 1_000,
    body: {
      api: "fetch",
      clusterId: null,
      replica: { id: 9, directoryId: "dir-9" },
      epoch: state.election.epoch,
      fetchOffset: 5,
      lastFetchedEpoch: 2,
      highWatermark: null,
      maxWaitMs: 0,
      maxBytes: 1,
      incarnation: null,
    },
  }).state;

describe("whoever serves observers", () => {
  const positions = fc.array(fc.record({ key, endOffset: fc.oneof(offset, position) }), {
    maxLength: 4,
  });
  const heard = fc.oneof(
    question.map((body) => ({ body })),
    fc.record({ epoch: fc.oneof(epoch, fc.constantFrom(3, 4)), positions }),
  );
  for (const [name, subject] of subjects) {
    test(`reports what it likes to a replica that starts as ${name}, and nothing else changes`, () => {
      let moved = 0;
      fc.assert(
        fc.property(fc.array(heard, { maxLength: 30 }), (given) => {
          let state = served(subject());
          for (const [at, each] of given.entries()) {
            const now = state.now + 10;
            if ("body" in each) {
              state = step(state, {
                kind: "request-received",
                now,
                request: at,
                body: each.body,
              }).state;
              continue;
            }
            // Whatever is due is done with by now, so that the report alone is seen.
            const before = step(state, { kind: "time-passed", now }).state;
            const next = step(before, { kind: "observers-moved", now, ...each });
            expect(next.effects).toEqual([]);
            if (before.role.kind !== "leader" || next.state.role.kind !== "leader") {
              expect(next.state).toEqual(before);
            } else {
              const { observers, ...role } = next.state.role;
              expect({ ...next.state, role }).toEqual({
                ...before,
                role: { ...before.role, observers: undefined },
              });
              expect([...observers.keys()]).toEqual([...before.role.observers.keys()]);
              if (observers !== before.role.observers) moved += 1;
            }
            state = next.state;
          }
        }),
        { numRuns: 300 },
      );
      if (name.includes("leader")) expect(moved).toBeGreaterThan(0);
    });
  }
});

/** What comes of the one fetch that is under way, or of the snapshot that is being verified. */
const next = (state: State, given: Answered): Input => {
  const now = state.now + given.ms;
  const { role } = state;
  const installing = role.kind === "follower" ? role.installing : null;
  const { isSound, voters } = given.verdict;
  if (installing?.phase === "verifying" && given.ms > 0) {
    const snapshot = { ...installing.id, size: installing.position, timestampMs: now };
    return isSound
      ? { kind: "snapshot-verified", now, snapshot, voters }
      : { kind: "snapshot-refused", now, id: installing.id };
  }
  const asked = state.connections.get(2)?.inFlight;
  if (asked === null || asked === undefined) return { kind: "time-passed", now };
  const answered = { kind: "response-received", now, from: 2, ...asked } as const;
  if (asked.api !== "fetch-snapshot") return { ...answered, body: given.fetched };
  const body: FetchSnapshotResponse = {
    api: "fetch-snapshot",
    error: "NONE",
    epoch: 3,
    leaderId: 2,
    leaderEndpoints: voterOf(2).endpoints,
    snapshotId: installing?.id ?? { endOffset: 9, epoch: 3 },
    size: installing?.size ?? 60,
    position: installing?.position ?? 0,
    ...given.piece,
  };
  return { ...answered, body };
};

describe("a leader that errs", () => {
  test("cannot trip a follower with snapshots, whatever bytes it serves and whatever becomes of them", () => {
    const met = { stored: 0, abandoned: 0, installed: 0 };
    fc.assert(
      fc.property(fc.array(answer, { minLength: 40, maxLength: 60 }), (answers) => {
        let state = start(2, null);
        for (const given of answers) {
          const moved = step(state, next(state, given));
          state = moved.state.role.kind === "follower" ? moved.state : start(2, null);
          for (const effect of moved.effects) {
            if (effect.kind === "persist" && effect.chunk !== null) met.stored += 1;
            if (effect.kind === "snapshot-abandoned") met.abandoned += 1;
            if (effect.kind === "snapshot-installed") met.installed += 1;
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(Math.min(met.stored, met.abandoned, met.installed)).toBeGreaterThan(10);
  });
});
