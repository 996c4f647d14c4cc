/**
 * Linearizable reads at one leader, step by step. What the simulator judges from outside (that no read misses what was
 * acknowledged) is here judged by how it comes about: who has answered what since the read arrived, and what was
 * stored.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ReplicaId, RequestId, Response } from "../../src/raft/index.ts";
import {
  INCARNATION_COUNT,
  confirmedAgeMs,
  highWatermark,
  nextDeadline,
} from "../../src/raft/index.ts";
import { READS_MAX } from "../../src/raft/reading/read-requests.ts";
import type { Leader } from "../../src/raft/state.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import { CLUSTER_ID, dataEntry } from "./quorum-driver.ts";
import { Subject } from "./subject.ts";

const EPOCH = 4;

const said = (epoch = EPOCH): Response => ({
  api: "begin-quorum-epoch",
  error: "NONE",
  epoch,
  leaderId: 1,
  leaderEndpoints: voterOf(1).endpoints,
});

/** Replica 1 at the moment of its election; nothing of its epoch is committed, and nothing is under way. */
function elected(): Subject {
  const voted = { epoch: EPOCH, leaderId: null, votedKey: voterOf(1).key };
  const subject = new Subject(1, imageOf(voted, [dataEntry(0, 2, 3)]));
  subject.answer(2, { ...said(), api: "vote", leaderId: null, leaderEndpoints: [], granted: true });
  for (const peer of [2, 3]) subject.answer(peer, said());
  return subject;
}

/** The same, once its first batch is committed. */
function leading(): Subject {
  const subject = elected();
  acknowledge(subject, 2);
  return subject;
}

/** A voter has everything. */
function acknowledge(subject: Subject, id: ReplicaId): void {
  subject.receive({
    api: "fetch",
    clusterId: CLUSTER_ID,
    replica: voterOf(id).key,
    epoch: EPOCH,
    fetchOffset: subject.state.log.endOffset,
    lastFetchedEpoch: EPOCH,
    highWatermark: null,
    maxWaitMs: 0,
    maxBytes: 1_000,
    incarnation: INCARNATION_COUNT,
  });
}

function append(subject: Subject): void {
  const { endOffset } = subject.state.log;
  const payload = new Uint8Array([1]);
  subject.take({
    kind: "append",
    now: subject.now,
    epoch: EPOCH,
    baseOffset: endOffset,
    count: 1,
    payload,
  });
}

const read = (subject: Subject, request: RequestId): void =>
  subject.take({ kind: "read", now: subject.now, request });

const readsOf = ({ state: { role } }: Subject): Leader["reads"] => {
  if (role.kind !== "leader") throw new Error(`a ${role.kind} has no reads`);
  return role.reads;
};

/** What the latest step has said of reads. */
const ended = ({ effects }: Subject) =>
  effects.filter(({ kind }) => kind === "read-ready" || kind === "read-refused");

const hasStored = ({ effects }: Subject): boolean => effects[0]?.kind === "persist";

describe("a read", () => {
  test("waits for a round, in which it is asked whether this replica leads still", () => {
    const subject = leading();
    read(subject, 7);
    expect(subject.sent()).toEqual([
      [2, "begin-quorum-epoch"],
      [3, "begin-quorum-epoch"],
    ]);
    expect(ended(subject)).toEqual([]);
    subject.answer(3, said());
    const readIndex = highWatermark(subject.state);
    expect(ended(subject)).toEqual([{ kind: "read-ready", requests: [7], readIndex }]);
    expect(subject.effects[0]).toMatchObject({ kind: "persist", fence: true, append: [] });
  });

  test("shows what was committed when its round began, and not what is appended meanwhile", () => {
    const subject = leading();
    const readIndex = highWatermark(subject.state);
    read(subject, 7);
    append(subject);
    subject.answer(2, said());
    expect(ended(subject)).toEqual([{ kind: "read-ready", requests: [7], readIndex }]);
    expect(subject.state.log.endOffset).toBeGreaterThan(readIndex ?? 0);
  });

  test("begins no round before something of the own epoch is committed", () => {
    const subject = elected();
    read(subject, 7);
    expect(subject.sent()).toEqual([]);
    acknowledge(subject, 3);
    expect(subject.sent().map(([, api]) => api)).toContain("begin-quorum-epoch");
  });

  test("is not confirmed by a voter that refuses, nor by one that was asked before", () => {
    const subject = leading();
    subject.pass(1_400);
    expect(subject.sent().map(([to]) => to)).toContain(3);
    read(subject, 7);
    subject.answer(3, said());
    expect(ended(subject)).toEqual([]);
    subject.answer(3, { ...said(), error: "INVALID_VOTER_KEY" });
    expect(ended(subject)).toEqual([]);
    subject.pass(100);
    subject.answer(3, said());
    expect(ended(subject)).toHaveLength(1);
  });

  test("is not confirmed by a voter that was replaced by another directory meanwhile", () => {
    const subject = leading();
    read(subject, 7);
    const newest = [1, 2, 3].map(voterOf).map((voter) => {
      const directoryId = voter.key.id === 3 ? "dir-9" : voter.key.directoryId;
      return { ...voter, key: { ...voter.key, directoryId } };
    });
    const offset = subject.state.log.endOffset - 1;
    const { voters } = subject.state;
    const records = [...voters.records, { offset, voters: newest }];
    subject.state = { ...subject.state, voters: { ...voters, records } };
    subject.answer(3, said());
    expect(ended(subject)).toEqual([]);
    subject.answer(2, said());
    expect(ended(subject)).toHaveLength(1);
  });

  test("of a replica outside the voter set is confirmed by others alone, and wants no fence", () => {
    const subject = leading();
    const { voters } = subject.state;
    // As if its own removal were appended, and not committed: then it resigns.
    const offset = subject.state.log.endOffset;
    const records = [...voters.records, { offset, voters: [2, 3].map(voterOf) }];
    subject.state = { ...subject.state, voters: { ...voters, records } };
    read(subject, 7);
    subject.answer(2, said());
    expect(ended(subject)).toEqual([]);
    subject.answer(3, said());
    expect(ended(subject)).toHaveLength(1);
    expect(hasStored(subject)).toBe(false);
  });

  test("beyond the bound is refused, and each other in its time", () => {
    const subject = leading();
    for (let request = 1; request <= READS_MAX; request += 1) read(subject, request);
    read(subject, 0);
    expect(ended(subject)).toEqual([
      { kind: "read-refused", requests: [0], error: "BROKER_NOT_AVAILABLE" },
    ]);
    acknowledge(subject, 2);
    subject.pass(subject.state.config.requestTimeoutMs);
    const requests = Array.from({ length: READS_MAX }, (_, index) => index + 1);
    expect(ended(subject)).toEqual([
      { kind: "read-refused", requests, error: "REQUEST_TIMED_OUT" },
    ]);
    expect(readsOf(subject)).toMatchObject({ waiting: [], round: null });
    read(subject, 1);
    expect(ended(subject)).toEqual([]);
  });

  test("that is abandoned gives back its place, and its round with it", () => {
    const subject = leading();
    read(subject, 1);
    read(subject, 2);
    subject.take({ kind: "request-abandoned", now: subject.now, request: 1 });
    expect(readsOf(subject).round?.reads.map(({ request }) => request)).toEqual([2]);
    subject.take({ kind: "request-abandoned", now: subject.now, request: 2 });
    expect(readsOf(subject)).toMatchObject({ waiting: [], round: null });
  });

  test("ends with the office", () => {
    const subject = leading();
    read(subject, 1);
    read(subject, 2);
    subject.take({ kind: "resign", now: subject.now, epoch: EPOCH });
    expect(ended(subject)).toEqual([
      { kind: "read-refused", requests: [1, 2], error: "NOT_LEADER_OR_FOLLOWER" },
    ]);
  });
});

describe("the age of what a leader knows", () => {
  test("is counted from the beginning of the latest round that was confirmed", () => {
    const subject = leading();
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
    read(subject, 1);
    subject.pass(15);
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
    subject.answer(2, said());
    expect(confirmedAgeMs(subject.state, subject.now)).toBe(15);
    expect(confirmedAgeMs(subject.state, subject.now + 30)).toBe(45);
  });

  test("is nobody's to tell once the clock has jumped, until another round has begun", () => {
    const subject = leading();
    read(subject, 1);
    subject.answer(2, said());
    expect(confirmedAgeMs(subject.state, subject.now - 1)).toBeNull();
    expect(confirmedAgeMs(subject.state, subject.now + 600_001)).toBeNull();
    read(subject, 2);
    subject.now -= 50;
    subject.pass(0);
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
    subject.answer(2, said());
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
    read(subject, 3);
    subject.pass(5);
    subject.answer(2, said());
    expect(confirmedAgeMs(subject.state, subject.now)).toBe(5);
  });

  test("is told by nobody who does not lead", () => {
    const subject = leading();
    read(subject, 1);
    subject.answer(2, said());
    subject.take({ kind: "resign", now: subject.now, epoch: EPOCH });
    expect(confirmedAgeMs(subject.state, subject.now)).toBeNull();
  });
});

/** What may happen to a leader that is read. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.constant("read" as const) },
  { weight: 4, arbitrary: fc.constantFrom("2 answers", "3 answers") },
  { weight: 1, arbitrary: fc.constantFrom("2 refuses", "3 refuses", "2 fails", "3 fails") },
  { weight: 3, arbitrary: fc.constantFrom("2 fetches", "3 fetches") },
  { weight: 2, arbitrary: fc.constantFrom("append", "append", "abandon") },
  { weight: 2, arbitrary: fc.constantFrom("1 ms", "30 ms") },
  { weight: 1, arbitrary: fc.constantFrom("300 ms", "deadline") },
);

/** Keeps account of a leader from outside. Times are numbers of steps. */
class Account {
  readonly subject: Subject;
  at = 0;
  readonly #arrivals = new Map<RequestId, { readonly at: number; readonly committed: number }>();
  readonly #asked = new Map<ReplicaId, number>();
  /** By voter: when the latest request was sent that it has answered. */
  readonly #answered = new Map<ReplicaId, number>();
  #storedAt = -1;

  constructor(subject: Subject) {
    this.subject = subject;
  }

  happen(what: string): void {
    const { subject } = this;
    this.at += 1;
    const [word = ""] = what.split(" ");
    const peer = Number(word);
    if (what === "read") {
      this.#arrivals.set(this.at, { at: this.at, committed: subject.state.committed ?? -1 });
      read(subject, this.at);
    } else if (what === "abandon") {
      const [request] = this.#arrivals.keys();
      this.#arrivals.delete(request ?? -1);
      subject.take({ kind: "request-abandoned", now: subject.now, request: request ?? -1 });
    } else if (what === "append") append(subject);
    else if (what.endsWith("ms")) subject.pass(peer);
    else if (what === "deadline") subject.pass(nextDeadline(subject.state) - subject.state.now);
    else if (what.endsWith("fetches")) acknowledge(subject, peer);
    else this.#respond(peer, what);
    this.#look();
  }

  #respond(peer: ReplicaId, what: string): void {
    const { subject } = this;
    const correlation = subject.state.connections.get(peer)?.inFlight?.correlation;
    if (correlation === undefined) return subject.pass(0);
    const { now } = subject;
    if (what.endsWith("fails")) {
      subject.take({ kind: "request-failed", now, to: peer, correlation, failure: "reset" });
      return;
    }
    if (what.endsWith("answers")) this.#answered.set(peer, this.#asked.get(peer) ?? -1);
    const error = what.endsWith("answers") ? "NONE" : "INVALID_VOTER_KEY";
    subject.answer(peer, { ...said(), error });
  }

  #look(): void {
    if (hasStored(this.subject)) this.#storedAt = this.at;
    for (const effect of this.subject.effects) {
      if (effect.kind === "send") this.#asked.set(effect.to, this.at);
      if (effect.kind === "read-refused") for (const each of effect.requests) this.#end(each);
      if (effect.kind !== "read-ready") continue;
      for (const request of effect.requests) {
        const { at, committed } = this.#end(request);
        const others = [...this.#answered.values()].filter((askedAt) => askedAt >= at);
        const self = this.#storedAt >= at ? 1 : 0;
        expect(others.length + self, `read ${request} at ${this.at}`).toBeGreaterThanOrEqual(2);
        expect(effect.readIndex).toBeGreaterThanOrEqual(committed);
      }
    }
  }

  #end(request: RequestId) {
    const arrival = this.#arrivals.get(request);
    if (arrival === undefined) throw new Error(`read ${request} ends twice`);
    this.#arrivals.delete(request);
    return arrival;
  }

  /** Every read ends, if only time passes. */
  finish(): void {
    for (let steps = 0; steps < 50; steps += 1) this.happen("deadline");
    expect(this.#arrivals.size).toBe(0);
  }
}

test("no order of events makes a read ready that a majority has not confirmed since it arrived", () => {
  let ready = 0;
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(event, { minLength: 10, maxLength: 80 }),
      (isNew, events) => {
        const account = new Account(isNew ? elected() : leading());
        for (const each of events) {
          account.happen(each);
          ready += ended(account.subject).filter(({ kind }) => kind === "read-ready").length;
        }
        account.finish();
      },
    ),
    { numRuns: 400 },
  );
  expect(ready).toBeGreaterThan(400);
});
