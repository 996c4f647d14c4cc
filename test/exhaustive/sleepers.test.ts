/**
 * Every law of sleep, broken on purpose: in a quorum that sleeps soundly, one thing is made untrue.
 */
import { expect, test } from "vitest";
import { Course, type Successor } from "./course.ts";
import { type Change, judge } from "./laws.ts";
import { Ghosts } from "./ghost.ts";
import { MODELS } from "./models.ts";
import { opening } from "./opening.ts";
import type { Replica } from "./replica.ts";
import { type Stored, endOf } from "./stored.ts";
import type { World } from "./world.ts";

const course = modelOfSleep();
const [begun] = opening(course);
const awake = replicasOf(begun);
const told = follow(begun, ({ move }) => isCommand(move, "sleep"));
const world = [1, 2].reduce((so) => follow(so, ({ move }) => isAnswer(move)), told);
const { ghost } = world;
const [leader, follower, other] = replicasOf(world);
const ghosts = new Ghosts();

/** What the laws say when `after` has come from `before`; the others sleep. */
function verdict(before: Replica, after: Replica, others = [leader, follower, other]): unknown {
  const replicas = others.map((one) => (one.node === after.node ? after : one));
  const change: Change = { before, after, replicas, effects: [] };
  const judged = judge(change, ghost, ghosts);
  return judged === ghost ? "nothing is wrong" : judged;
}

const withState = (replica: Replica, state: Partial<Replica["state"]>): Replica => ({
  ...replica,
  state: { ...replica.state, ...state },
});

const withStored = (replica: Replica, stored: Partial<Stored>): Replica => ({
  ...replica,
  stored: { ...replica.stored, ...stored },
});

test("nothing is wrong with a quorum that sleeps", () => {
  for (const replica of [leader, follower, other]) {
    expect(replica.state.asleep).toEqual({ epoch: 1, endOffset: 3, sinceMs: 0 });
    expect(replica.stored.sleep).toEqual(replica.state.asleep);
    expect(verdict(replica, replica)).toBe("nothing is wrong");
  }
});

test("a sleep and its end are stored in the step in which they happen", () => {
  const woken = withState(follower, { asleep: null });
  expect(verdict(follower, woken)).toMatch(
    /^a stored sleep is true: replica 102 sleeps at undefined, and has stored 3/,
  );
  const unstored = withStored(follower, { sleep: null });
  expect(verdict(awake[1], unstored)).toMatch(/^a stored sleep is true: replica 102 sleeps at 3/);
});

test("a stored sleep agrees with everything else that is stored", () => {
  const sleep = { epoch: 1, endOffset: 2, sinceMs: 0 };
  const elsewhere = withStored(withState(follower, { asleep: sleep }), { sleep });
  expect(verdict(awake[1], elsewhere)).toMatch(
    /^a stored sleep is true: replica 102 has stored 2@1 beside a log to 3 in 1, committed to 3/,
  );
  const uncommitted = withStored(follower, { highWatermark: 2 });
  expect(verdict(awake[1], uncommitted)).toMatch(/^a stored sleep is true: .* committed to 2$/);
  const election = { epoch: 2, leaderId: null, votedKey: null };
  expect(verdict(awake[1], withStored(follower, { election }))).toMatch(
    /^a stored sleep is true: .* in 2, committed to 3/,
  );
});

function asking(api: "fetch" | "begin-quorum-epoch"): Partial<Replica["state"]> {
  const inFlight = { correlation: 1, api, deadline: 1_000 };
  return { connections: new Map([[103, { inFlight, readyAt: 0, failures: 0 }]]) };
}

test("who sleeps asks nothing, but for a leader whether it leads still", () => {
  expect(verdict(follower, withState(follower, asking("fetch")))).toMatch(
    /^sleepers rest: replica 102 sleeps and has sent fetch/,
  );
  expect(verdict(leader, withState(leader, asking("fetch")))).toMatch(
    /^sleepers rest: replica 101/,
  );
  const reading = withState(leader, asking("begin-quorum-epoch"));
  expect(verdict(leader, reading)).toBe("nothing is wrong");
  expect(verdict(awake[0], reading)).toMatch(
    /^sleepers rest: replica 101 sleeps and has sent begin/,
  );
});

test("who sleeps runs no timer, shields nobody and keeps nobody waiting", () => {
  const [{ state }] = awake;
  if (state.role.kind !== "leader" || leader.state.role.kind !== "leader")
    throw new Error("nobody leads");
  const { parkedVoters, parkedDeadline } = state.role;
  const role = leader.state.role;
  expect(verdict(leader, withState(leader, { role: { ...role, parkedDeadline } }))).toMatch(
    /^sleepers rest: replica 101 sleeps and runs a timer/,
  );
  expect(verdict(leader, withState(leader, { role: { ...role, parkedVoters } }))).toMatch(
    /^sleepers rest: replica 101 sleeps while voters wait at it/,
  );
  if (follower.state.role.kind !== "follower") throw new Error("nobody follows");
  const shielding = withState(follower, { role: { ...follower.state.role, isServed: true } });
  expect(verdict(follower, shielding)).toMatch(/^sleepers rest: replica 102 .* shields 101/);
});

test("where a voter sleeps, all hold what it holds", () => {
  const { log } = follower.stored;
  if (log === null) throw new Error("the log is empty");
  const late = withState(withStored(other, { log: log.before }), { committed: null });
  expect(verdict(awake[0], leader, [leader, follower, late])).toMatch(
    /^sleepers are level: replica 101 sleeps at 3, and 103 ends at \d/,
  );
});

test("where all sleep, they are of one epoch", () => {
  const asleep = { epoch: 2, endOffset: 3, sinceMs: 0 };
  const election = { epoch: 2, leaderId: 103, votedKey: null };
  const later = withStored(withState(other, { asleep, election }), { sleep: asleep, election });
  expect(verdict(awake[1], follower, [leader, follower, later])).toMatch(
    /^nothing is left undone: all sleep, in 1 and 2/,
  );
});

test("where all sleep, they have one log", () => {
  const { log } = other.stored;
  if (log === null) throw new Error("the log is empty");
  const shorter = log.before;
  const endOffset = endOf(shorter);
  const asleep = { epoch: 1, endOffset, sinceMs: 0 };
  const stored = { log: shorter, highWatermark: endOffset, sleep: asleep };
  const early = withStored(withState(other, { asleep, committed: endOffset }), stored);
  const before = withStored(withState(early, { asleep: null }), { sleep: null });
  expect(verdict(before, early)).toMatch(
    /^nothing is left undone: all sleep, and replica 103 ends at 0 of 3 that are committed/,
  );
});

function modelOfSleep(): Course {
  const model = MODELS.find(({ name }) => name === "sleep");
  if (model === undefined) throw new Error("there is no model of sleep");
  return new Course(model, model.short);
}

function follow(from: World | undefined, isMeant: (one: Successor) => boolean): World {
  const next = from === undefined ? undefined : course.successors(from).find(isMeant)?.world;
  if (next === undefined || next === null) throw new Error("nothing of that kind follows");
  return next;
}

function replicasOf(from: World | undefined): readonly [Replica, Replica, Replica] {
  const [one, two, three] = from?.replicas ?? [];
  if (one === undefined || two === undefined || three === undefined)
    throw new Error("there is no quorum of three");
  return [one, two, three];
}

function isCommand(move: Successor["move"], name: string): boolean {
  if (move.kind !== "event" || move.isCutShort) return false;
  return move.event.kind === "command" && move.event.name === name;
}

function isAnswer(move: Successor["move"]): boolean {
  if (move.kind !== "event" || move.isCutShort || move.event.kind !== "delivery") return false;
  return move.event.exchange.stage.kind === "answered";
}
