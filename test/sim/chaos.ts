/**
 * The part of the swarm that strikes by the clock: cuts, evictions, blackouts, pauses, overload, clock jumps,
 * standstills, resignations, storage that goes back, is replaced by a copy or comes back empty under another directory
 * id. What strikes within a turn (commits, crashes) is drawn in `instance.ts`, what befalls a packet in `network.ts`.
 */
import { isMajority, type Voters } from "./membership/membership.ts";
import type { Replica } from "./replica.ts";
import { nameOf } from "./observation.ts";
import type { World } from "./world.ts";

/** No deadline is compared with a clock: one may go back by more than anybody ever waits (T-7). */
const BACK_MS_MAX = 120_000;
const FAR_BACK_MS = 2_000;

export function startChaos(world: World): void {
  const { swarm } = world;
  repeat(world, swarm.cutEveryMs, () => cutSomething(world));
  repeat(world, swarm.evictEveryMs, () => evictSomebody(world));
  repeat(world, swarm.blackoutEveryMs, () => evictEverybody(world));
  repeat(world, swarm.clockJumpEveryMs, () => jumpSomeClock(world));
  repeat(world, swarm.rollBackEveryMs, () => rollSomebodyBack(world));
  repeat(world, swarm.copyEveryMs, () => copyOverSomebody(world));
  repeat(world, swarm.awayEveryMs, () => sendSomebodyAway(world));
  repeat(world, swarm.emptyEveryMs, () => world.chance.pick(world.brokers)?.loseDisk());
  repeat(world, swarm.pauseEveryMs, () => pauseSomebody(world));
  repeat(world, swarm.overloadEveryMs, () => overloadSomebody(world));
  repeat(world, swarm.resignEveryMs, () => resignSomebody(world));
  repeat(world, swarm.turnover?.wipeEveryMs ?? 0, () => wipeSomebody(world));
}

/** Lets `strike` happen again and again, at random distances around the mean; never, for a mean of 0. */
function repeat(world: World, meanMs: number, strike: () => void): void {
  if (meanMs === 0) return;
  world.timeline.after(world.chance.between(0, 2 * meanMs), () => {
    if (world.isHealed) return;
    strike();
    repeat(world, meanMs, strike);
  });
}

/** Cuts links in one of the shapes that have broken consensus before. */
function cutSomething(world: World): void {
  const { chance, network } = world;
  const names = [...world.replicas.values()].map(({ name }) => name);
  const everybody = [...names, ...world.brokers.map((broker) => nameOf(broker.id))];
  const until = world.timeline.now + Math.round(chance.logUniform(50, 10_000));
  const victim = chance.pick(names) ?? "";
  const others = everybody.filter((name) => name !== victim);
  const shape = chance.pick(["inbound", "outbound", "both", "pair", "halves"]);
  world.tally.count(`fault: cut ${shape}`);
  world.trace.note(victim, `cut: ${shape}`);
  if (shape === "pair") return network.cut(victim, chance.pick(others) ?? "", until);
  if (shape === "halves") {
    const shuffled = chance.shuffled(everybody);
    const half = chance.between(1, shuffled.length);
    for (const one of shuffled.slice(0, half)) {
      for (const other of shuffled.slice(half)) {
        network.cut(one, other, until);
        network.cut(other, one, until);
      }
    }
    return;
  }
  for (const other of others) {
    if (shape !== "outbound") network.cut(other, victim, until);
    if (shape !== "inbound") network.cut(victim, other, until);
  }
}

function evictSomebody(world: World): void {
  const victim = mostlyTheLeader(world);
  if (victim?.instance === undefined) return;
  world.tally.count("fault: eviction");
  victim.evict();
}

/** A deploy: every object is dropped within moments. */
function evictEverybody(world: World): void {
  world.tally.count("fault: blackout");
  for (const replica of world.replicas.values()) {
    world.timeline.after(world.chance.between(0, 20), () => {
      if (!world.isHealed) replica.evict();
    });
  }
}

function jumpSomeClock(world: World): void {
  const { chance } = world;
  if (chance.happens(0.2)) return standStill(world);
  const forward = chance.happens(0.7);
  world.tally.count(forward ? "fault: clock ahead" : "fault: clock back");
  const byMs = forward ? chance.logUniform(1, 60_000) : -chance.logUniform(1, BACK_MS_MAX);
  if (byMs < -FAR_BACK_MS) world.tally.count("fault: clock far back");
  chance.pick([...world.replicas.values()])?.jumpClock(Math.round(byMs));
}

/** The whole quorum is stopped and goes on later: to itself it is as if all clocks had jumped. */
function standStill(world: World): void {
  world.tally.count("fault: standstill");
  const byMs = Math.round(world.chance.logUniform(100, 60_000));
  for (const replica of world.replicas.values()) replica.jumpClock(byMs);
}

/** The leader is asked to give up; sometimes another replica is, or for an epoch that is over. */
function resignSomebody(world: World): void {
  const { chance } = world;
  const target = leaderOf(world) ?? chance.pick([...world.replicas.values()]);
  const { instance } = target ?? {};
  if (instance === undefined) return;
  world.tally.count("fault: resignation");
  const epoch = instance.state.election.epoch - (chance.happens(0.1) ? 1 : 0);
  instance.happen(() => instance.controller.resign(epoch));
}

/**
 * The storage of a voter goes back, if that can lose nothing: a minority at most is ever struck, its vote and epoch are
 * the same as before, and a majority of those never struck holds everything that the victim had acknowledged. Short of
 * that a quorum may lose more than it can notice, and nobody is to blame for it.
 */
function rollSomebodyBack(world: World): void {
  const { chance, timeline } = world;
  const victim = chance.pick([...world.replicas.values()]);
  if (victim?.instance === undefined) return;
  const backup = victim.backup();
  const voters = world.membership.storedVotersOf(victim);
  timeline.after(Math.round(chance.logUniform(50, 5_000)), () => {
    if (world.isHealed || victim.absence !== null || victim.isPaused) return;
    if (canLose(world, victim, voters) && victim.disk.agreesOnElection(backup.disk))
      victim.rollBack(backup);
  });
}

/** With `voters`, the set by which the victim will go again: it must find no majority of that which knows no better. */
function canLose(world: World, victim: Replica, voters: Voters): boolean {
  if (victim.hasLostStorage || !world.membership.canLose(victim)) return false;
  const { committed } = world.bench.ghost;
  const { end } = committed;
  if (victim.disk.end > end) return false;
  const chain = committed.chainAt(end);
  const holders = [...world.replicas.values()].filter(
    (other) =>
      other !== victim &&
      !other.hasLostStorage &&
      world.bench.ghost.log(other.name).chainAt(end) === chain,
  );
  return world.membership.hasMajorities(holders) && isMajority(voters, holders);
}

/**
 * A copy of one voter's storage takes the place of another's: a restore or a fork into the wrong object. That voter
 * must not run it, and is counted as failed: a minority at most is ever struck.
 */
function copyOverSomebody(world: World): void {
  const [victim, original] = world.chance.shuffled([...world.replicas.values()]);
  if (victim === undefined || original === undefined) return;
  // A copy of a copy could be the victim's own storage of long ago.
  if (victim.hasLostStorage || original.hasLostStorage) return;
  if (world.membership.canLose(victim)) victim.takeCopyOf(original);
}

/**
 * A node loses its storage and comes back with a fresh one under another directory id: a replica that nobody has
 * listed, perhaps with the order to join. So does one that has lost it in another way.
 */
function wipeSomebody(world: World): void {
  const { chance, timeline, swarm } = world;
  const lost = [...world.replicas.values()].filter(({ isLostForGood }) => isLostForGood);
  const victim = chance.pick(lost.length > 0 ? lost : [...world.replicas.values()]);
  if (victim === undefined) return;
  if (!victim.isLostForGood) {
    if (victim.absence !== null || !world.membership.canLose(victim)) return;
    victim.leave("wiped");
  }
  const { renewAfterMs, rejoinRate } = swarm.turnover ?? { renewAfterMs: 0, rejoinRate: 0 };
  timeline.after(chance.between(0, 2 * renewAfterMs), () => {
    const isThere = world.replicas.get(victim.id) === victim;
    if (!world.isHealed && isThere) world.renew(victim.id, chance.happens(rejoinRate));
  });
}

/** A replica is gone for so long that the log may be cut under it. */
function sendSomebodyAway(world: World): void {
  const { chance, timeline, tally } = world;
  const victim = chance.pick([...world.replicas.values()]);
  if (victim === undefined || victim.absence !== null || victim.isPaused) return;
  tally.count("fault: away");
  victim.leave("dead");
  timeline.after(Math.round(chance.logUniform(2_000, 40_000)), () => {
    if (!world.isHealed) victim.comeBack();
  });
}

/** A process is stopped and goes on: what has happened meanwhile comes in one burst. */
function pauseSomebody(world: World): void {
  const victim = mostlyTheLeader(world);
  if (victim === undefined || victim.isPaused) return;
  world.tally.count("fault: pause");
  victim.pause(Math.round(world.chance.logUniform(100, 60_000)));
}

/** An object that is asked too much refuses some of it and is late with the rest. */
function overloadSomebody(world: World): void {
  const victim = mostlyTheLeader(world);
  if (victim === undefined) return;
  world.tally.count("fault: overload");
  const forMs = world.chance.logUniform(100, 20_000);
  victim.overloadedUntil = world.timeline.now + forMs;
}

function mostlyTheLeader(world: World): Replica | undefined {
  const leader = leaderOf(world);
  const { chance, replicas } = world;
  return leader !== undefined && chance.happens(0.4) ? leader : chance.pick([...replicas.values()]);
}

function leaderOf(world: World): Replica | undefined {
  return world.chance.pick([...world.replicas.values()].filter((replica) => replica.leads));
}
