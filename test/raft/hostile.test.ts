/**
 * Whatever is asked of it, a replica answers each request once and none of its invariants fails. Random
 * requests, well typed and otherwise absurd, in every role. Only one thing is spared it: to hear of a second
 * leader of one epoch, which must stop it.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effect, FetchRequest, Request, State } from "../../src/raft/index.ts";
import { INCARNATION_COUNT, NO_DIRECTORY, boot, nextDeadline, step } from "../../src/raft/index.ts";
import { CLUSTER_ID, configOf, dataEntry, imageOf, voterOf } from "./quorum-driver.ts";

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

const question: fc.Arbitrary<Request> = fc.oneof(
  fetch,
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
  ["observer", () => start(null, null, [2, 3]), request],
];

function start(leaderId: number | null, voted: number | null, voters = [1, 2, 3]): State {
  const votedKey = voted === null ? null : voterOf(voted).key;
  const entries = [dataEntry(0, 2, 1), dataEntry(3, 4, 2)];
  const image = imageOf({ epoch: 3, leaderId, votedKey }, entries);
  return boot(image, configOf(1, voters), { now: NOW, seed: 1, incarnation: INCARNATION_COUNT })
    .state;
}

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
