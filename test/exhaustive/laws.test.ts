/**
 * Every law, broken on purpose: in a quorum that is sound, one thing is made untrue.
 */
import { expect, test } from "vitest";
import type { Entry } from "../../src/raft/index.ts";
import { voterOf } from "../raft/node-disk.ts";
import { type Ghost, Ghosts } from "./ghost.ts";
import { type Change, judge, readId } from "./laws.ts";
import { MODELS } from "./models.ts";
import { Course } from "./course.ts";
import { opening } from "./opening.ts";
import type { Replica } from "./replica.ts";
import { Storage, type Stored, endOf } from "./stored.ts";

/** A quorum that follows its first leader, which has committed all that there is. */
function sound(): {
  readonly ghost: Ghost;
  readonly leader: Replica;
  readonly follower: Replica;
  readonly other: Replica;
} {
  const model = MODELS.find(({ name }) => name === "replication");
  const [world] = model === undefined ? [] : opening(new Course(model, model.short));
  const [leader, follower, other] = world?.replicas ?? [];
  if (world === undefined || leader === undefined || follower === undefined || other === undefined)
    throw new Error("there is no quorum of three");
  expect(leader.state.role.kind).toBe("leader");
  return { ghost: world.ghost, leader, follower, other };
}

const { ghost, leader, follower, other } = sound();
const ghosts = new Ghosts();

const withState = (replica: Replica, state: Partial<Replica["state"]>): Replica => ({
  ...replica,
  state: { ...replica.state, ...state },
});

const withStored = (replica: Replica, stored: Partial<Stored>): Replica => ({
  ...replica,
  stored: { ...replica.stored, ...stored },
});

/** What the laws say when `after` has come from `before`, among all that are there then. */
const verdict = (change: Change, known: Ghost = ghost): Ghost | string =>
  judge(change, known, ghosts);

const changed = (before: Replica, after: Replica): Change => ({
  before,
  after,
  replicas: [leader, follower, other].map((one) => (one.node === after.node ? after : one)),
  effects: [],
});

const withRole = (
  replica: Replica,
  role: Partial<Extract<Replica["state"]["role"], { kind: "leader" }>>,
): Replica =>
  replica.state.role.kind === "leader"
    ? withState(replica, { role: { ...replica.state.role, ...role } })
    : replica;

/** The leader with one record more, of which it says that it is committed. */
function ahead(epoch: number, control: Entry["control"] = []): Replica {
  const end = endOf(leader.stored.log);
  const entry = { baseOffset: end, lastOffset: end, epoch, control, payload: null };
  const stored = new Storage().write(leader.stored, {
    kind: "persist",
    election: null,
    snapshot: null,
    chunk: null,
    install: null,
    logStart: null,
    truncateTo: null,
    append: [entry],
    joined: false,
    fence: false,
    sleep: null,
    highWatermark: end,
  });
  const longer = withStored(leader, stored);
  return withRole(withState(longer, { committed: end + 1 }), { highWatermark: end + 1 });
}

/** The leader with one set of voters more. */
const listing = (ids: readonly number[]): Replica =>
  ahead(1, [{ kind: "kraft-voters", voters: ids.map(voterOf) }]);

test("nothing is wrong with a quorum that has done nothing", () => {
  for (const replica of [leader, follower, other]) {
    expect(verdict(changed(replica, replica))).toBe(ghost);
  }
});

test("election safety: an epoch has one leader", () => {
  const { election } = follower.state;
  const after = withState(follower, { election: { ...election, leaderId: 103 } });
  expect(verdict(changed(follower, after))).toMatch(
    /^election safety: epoch 1 is led by 101 and by 103/,
  );
});

test("durability: what a leader takes for committed is held by a majority", () => {
  const after = ahead(1);
  expect(verdict(changed(leader, after))).toMatch(
    /^durability: .* which only 101 of 101, 102, 103 hold/,
  );
  const beyond = withRole(leader, { highWatermark: endOf(leader.stored.log) + 1 });
  expect(verdict(changed(leader, beyond))).toMatch(
    /^durability: .* where no batch of its log ends/,
  );
  const { log } = after.stored;
  const replicas = [after, withStored(follower, { log }), other];
  expect(verdict({ before: leader, after, replicas, effects: [] })).not.toBeTypeOf("string");
});

test("a leader commits by a record of its own epoch", () => {
  const epoch = 2;
  const after = withState(ahead(1), { election: { ...leader.state.election, epoch } });
  expect(verdict(changed(leader, after))).toMatch(/^commit in the own epoch/);
});

test("state-machine agreement: no replica is ahead of its leader, or takes another log for committed", () => {
  const end = endOf(leader.stored.log);
  const early = withState(follower, { committed: end + 1 });
  expect(verdict(changed(follower, early))).toMatch(
    /^state-machine agreement: .* no leader has gone beyond/,
  );
  const torn = withState(follower, { committed: end - 1 });
  const before = withState(follower, { committed: 0 });
  expect(verdict(changed(before, torn))).toMatch(/^state-machine agreement: .* that is not/);
});

test("log matching: one place, one log", () => {
  const { log } = leader.stored;
  if (log === null) throw new Error("the log is empty");
  const entry = { ...log.entry, control: [] };
  const after = withStored(follower, { log: { ...log, entry } });
  expect(verdict(changed(follower, after))).toMatch(
    /^log matching: replicas 102 and 101 differ below/,
  );
});

test("what was committed is kept", () => {
  const after = withState(withStored(follower, { log: null }), { committed: null });
  const before = withState(follower, { committed: null });
  expect(verdict(changed(before, after))).toMatch(/^committed is kept: replica 102 has removed/);
});

test("the high watermark of a replica does not fall, by a boot neither", () => {
  const after = withState(follower, { committed: 0 });
  expect(verdict(changed(follower, after))).toMatch(/^high watermark: that of replica 102 falls/);
  const stored = withStored(follower, { highWatermark: endOf(follower.stored.log) });
  const booted = withStored(withState(stored, { committed: null }), { boots: 2 });
  expect(verdict(changed(stored, booted))).toMatch(/^high watermark: that of replica 102 falls/);
});

test("leader completeness: a later leader has what was committed", () => {
  const election = { epoch: 2, leaderId: 102, votedKey: null };
  const elected = withState(withStored(follower, { log: null }), {
    election,
    committed: null,
    role: leader.state.role,
  });
  const before = withState(withStored(follower, { log: null }), { committed: null });
  const after = withRole(elected, { highWatermark: null });
  expect(verdict(changed(before, after))).toMatch(
    /^leader completeness: leader 102 of epoch 2 lacks/,
  );
});

test("voter sets: one change at a time", () => {
  const two = withState(listing([101, 104]), { committed: leader.state.committed });
  expect(verdict(changed(leader, withRole(two, { highWatermark: null })))).toMatch(
    /^voter sets: replica 101 holds 101, 102, 103 and then 101, 104/,
  );
  const one = withState(listing([101, 103]), { committed: leader.state.committed });
  expect(verdict(changed(leader, withRole(one, { highWatermark: null })))).toBe(ghost);
});

test("no epoch is resumed: who has led it before a restart leads it no more", () => {
  const { boots } = leader.stored;
  const booted = withStored(leader, { boots: boots + 1, highWatermark: leader.state.committed });
  const before = withStored(leader, { highWatermark: leader.state.committed });
  expect(verdict(changed(before, booted))).toMatch(
    /^no epoch is resumed: replica 101 leads 1 again/,
  );
});

test("reads are current: each shows what was committed when it arrived", () => {
  const end = endOf(ghost.committed);
  const shown = (readIndex: number): Change => ({
    ...changed(leader, leader),
    effects: [{ kind: "read-ready", requests: [readId(end)], readIndex }],
  });
  expect(verdict(shown(end - 1))).toMatch(/^reads are current: replica 101 shows 2 .* when 3 was/);
  expect(verdict(shown(end))).toBe(ghost);
});
