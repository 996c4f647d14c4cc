/**
 * What a run demands after its chaos. First a _core_, a random majority of the voters, is healed in the middle of
 * everything, and only that: it must lead, commit and answer every client by itself, whatever the others are. Where
 * more than one voter set is in force, it is a majority of each. Then everybody is healed, and all must come together.
 */
import { isVoter } from "../../src/raft/index.ts";
import type { Replica } from "./replica.ts";
import type { World } from "./world.ts";

/** No request waits for longer, even where a clock was set back and stood still. */
const PATIENCE_MS = 20_000;

/** As many as a quorum has at most. */
const VOTERS_MAX = 9;

/** What a voter outside of the core may be. */
const FATES = ["dead", "wiped", "hung", "paused", "deaf", "mute", "as it was"] as const;

/** Heals a core, leaves the others to their fate, and demands that the core serves. */
export function demandCore(world: World): void {
  const { timeline, chance, tally } = world;
  const replicas = [...world.replicas.values()];
  const able = chance.shuffled(replicas.filter(({ hasLostStorage }) => !hasLostStorage));
  const led = replicas.find((replica) => replica.leads);
  // A leader that is lost with the chaos is the hardest case, so it is drawn often.
  const ranked = chance.happens(0.5) ? able.toSorted((one) => (one === led ? 1 : -1)) : able;
  const core = world.membership.coreOf(ranked);
  const others = ranked.filter((one) => !core.includes(one));
  const fates = new Map(others.map((one) => [one, fateOf(world, one)]));
  const boundMs = 10_000 + 10 * world.swarm.electionTimeoutMs + catchUpMs(world, core);
  const deadline = timeline.now + boundMs;
  world.healCore([...core, ...others.filter((one) => fates.get(one) === "healed")]);
  for (const [replica, fate] of fates) meet(world, replica, { fate, forMs: boundMs });
  const names = core.map(({ name }) => name).join(" ");
  world.trace.note("core", `[${names}] is healed`);
  const demand = (what: string): void =>
    world.complain(
      "a-majority-serves",
      `the core [${names}] of ${replicas.length} should ${what} within ${boundMs} ms, whatever the others are (${[
        ...fates,
      ]
        .map(([{ name }, fate]) => `${name} ${fate}`)
        .join(", ")}): ${standing(world)}`,
    );
  const isCore = (replica: Replica): boolean => core.includes(replica);
  // A voter outside of the core may lead it, if it is well enough for that.
  const use = using(world, replicas);
  // A dead leader of a quorum that sleeps is found when somebody wants something of it.
  const isLedNow = (): boolean => {
    use();
    return replicas.some((one) => leads(one));
  };
  if (!world.run(deadline, isLedNow)) return world.isOver ? undefined : demand("have a leader");
  const begunBefore = world.clients.latestBegun;
  const readBefore = world.readers.latestBegun;
  const isServed = (): boolean => {
    use();
    return world.clients.latestCommitted > begunBefore;
  };
  if (!world.run(deadline, isServed)) return world.isOver ? undefined : demand("commit a write");
  const isRead = (): boolean => {
    use();
    return world.readers.latestReady > readBefore;
  };
  if (!world.run(deadline, isRead)) return world.isOver ? undefined : demand("serve a read");
  const since = timeline.now;
  const isAnswered = (): boolean => {
    for (const unanswered of [...world.clients.unanswered, ...world.readers.unanswered])
      if (isCore(unanswered.replica) && unanswered.since < since) return false;
    return true;
  };
  if (!world.run(deadline, isAnswered))
    return world.isOver ? undefined : demand("answer every client");
  tally.count("cores that served");
  const fate = led === undefined ? undefined : fates.get(led);
  if (fate !== undefined) tally.count(`situation: a core served while a ${fate} node led before`);
}

type Fate = (typeof FATES)[number] | "healed";

/** One that is no voter yet must not be half well: it could become one, and would then be missed. */
function fateOf(world: World, replica: Replica): Fate {
  const fate = world.chance.pick(FATES) ?? "dead";
  const isListed = world.membership.inForce.some((set) => set.includes(replica.name));
  return fate === "as it was" && !isListed ? "healed" : fate;
}

function meet(
  world: World,
  replica: Replica,
  { fate, forMs }: { readonly fate: Fate; readonly forMs: number },
): void {
  const { network, chance, replicas } = world;
  world.trace.note(replica.name, `is ${fate}`);
  const others = [...replicas.values()].filter((other) => other !== replica);
  switch (fate) {
    case "dead":
    case "wiped":
    case "hung":
      return replica.leave(fate);
    case "paused":
      return replica.pause(Math.round(chance.logUniform(100, 2 * forMs)));
    case "deaf":
      for (const { name } of others) network.cut(name, replica.name, Number.POSITIVE_INFINITY);
      return;
    case "mute":
      for (const { name } of others) network.cut(replica.name, name, Number.POSITIVE_INFINITY);
      return;
    case "as it was":
    case "healed":
  }
}

/** One leader of the voters' own that all follow, one more write that commits, and all replicas equal. */
export function demandAll(world: World): void {
  const { timeline } = world;
  const everybody = [...world.replicas.values()].filter(({ isLostForGood }) => !isLostForGood);
  const boundMs = 30_000 + 10 * world.swarm.electionTimeoutMs + catchUpMs(world, everybody);
  const deadline = timeline.now + boundMs;
  const electionsBefore = world.tally.of("elections");
  const demand = (what: string): void =>
    world.complain("converges", `there should be ${what}: ${standing(world)}`);
  const use = using(world, everybody);
  const isLedNow = (): boolean => {
    use();
    return isLed(everybody);
  };
  if (!world.run(deadline, isLedNow))
    return demand(`one leader that all follow within ${boundMs} ms of healing`);
  world.isQuiet = true;
  const begunBefore = world.clients.latestBegun;
  const isServed = (): boolean => {
    use();
    return world.clients.latestCommitted > begunBefore;
  };
  if (!world.run(deadline, isServed))
    return demand(`a write committed within ${boundMs} ms of healing`);
  if (!world.run(deadline, () => isEqual(world, everybody)))
    return demand(`equal logs within ${boundMs} ms of healing`);
  if (!world.run(deadline, () => everybody.every((replica) => isWhereItShouldBe(world, replica))))
    return demand(`everybody a voter who was to join, within ${boundMs} ms of healing`);
  if (!world.run(deadline, () => isEqual(world, everybody)))
    return demand(`equal logs again within ${boundMs} ms of healing`);
  if (!world.run(deadline, () => everybody.every(({ disk }) => !disk.hasGarbage)))
    return demand(`nothing left of what was cut within ${boundMs} ms of healing`);
  const neglected = everybody.find(({ instance }) =>
    instance?.waitingSince(timeline.now - PATIENCE_MS),
  );
  if (neglected !== undefined) {
    world.complain(
      "every-request-is-answered",
      `replica ${neglected.name} has kept a request waiting for more than ${PATIENCE_MS} ms`,
    );
  }
  const elections = world.tally.of("elections") - electionsBefore;
  if (elections > 5) demand(`at most 5 elections after healing, there were ${elections}`);
}

/**
 * How long the replica furthest behind needs, if every round trip brings one batch, or one range of the largest
 * snapshot. One that was not sound a moment ago is waited for first, and one that is named may be gone when it is asked
 * for.
 */
function catchUpMs(world: World, replicas: readonly Replica[]): number {
  const { swarm } = world;
  const ends = [...replicas.map(({ disk }) => disk.end), ...world.brokers.map(({ end }) => end)];
  const newest = Math.max(world.bench.ghost.committed.end, ...ends);
  const sizes = replicas.flatMap(({ disk }) => disk.snapshots.list().map(({ size }) => size));
  const ranges = Math.ceil(
    Math.max(0, ...sizes) / Math.min(swarm.fetchMaxBytes, swarm.chunkBytesMax),
  );
  const trips = newest - Math.min(...ends) + 2 * ranges;
  return trips * 2 * (swarm.delayMs[1] + swarm.commitMs[1]) + 2 * swarm.electionTimeoutMs;
}

/** Writes and reads now and then through a leader among `replicas`. */
function using(world: World, replicas: readonly Replica[]): () => void {
  let nextAt = world.timeline.now;
  return () => {
    if (world.timeline.now < nextAt) return;
    nextAt = world.timeline.now + 500;
    const leader = world.chance.pick(replicas.filter((replica) => leads(replica)));
    if (leader === undefined) return knock(world, replicas);
    world.clients.write(leader);
    world.readers.read(leader);
  };
}

/** Whoever finds no leader asks any replica that is there. */
function knock(world: World, replicas: readonly Replica[]): void {
  if (world.swarm.quietMs > 0) world.clients.write(world.chance.pick(replicas));
}

const leads = (replica: Replica): boolean => replica.leads && !replica.isPaused;

/** The role, epoch and log of every replica, in a line. */
export function standing(world: World): string {
  return [...world.replicas.values()]
    .map(({ name, instance }) => {
      if (instance === undefined) return `${name} away`;
      const { role, election, log, committed, asleep } = instance.state;
      const how = asleep === null ? "" : " asleep";
      return `${name} ${role.kind}@${election.epoch}${how} log ends at ${log.endOffset}, committed ${committed}`;
    })
    .join("; ");
}

function isLed(replicas: readonly Replica[]): boolean {
  const states = replicas.map(({ instance }) => instance?.state);
  const leaders = states.filter((state) => state?.role.kind === "leader");
  const [leader] = leaders;
  if (leader === undefined || leaders.length > 1) return false;
  // M-4: a leader that has removed itself leads until that is committed, and no longer.
  if (!isVoter(leader)) return false;
  return states.every(
    (state) =>
      state === leader ||
      (state?.role.kind === "follower" && state.election.epoch === leader.election.epoch),
  );
}

/** M-10: who was to join has joined, unless it counts as failed or the quorum has no room for it. */
function isWhereItShouldBe({ membership }: World, replica: Replica): boolean {
  return (
    !replica.isJoining ||
    replica.hasLostStorage ||
    membership.votersOf(replica).length >= VOTERS_MAX
  );
}

function isEqual(world: World, replicas: readonly Replica[]): boolean {
  const { ghost } = world.bench;
  const { end } = ghost.committed;
  for (const { name, instance } of replicas) {
    if (instance?.state.committed !== end || instance.state.log.endOffset !== end) return false;
    if (ghost.log(name).chainAt(end) !== ghost.committed.chainAt(end)) return false;
  }
  return world.brokers.every((broker) => broker.end === end);
}
