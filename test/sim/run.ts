/**
 * One run: chaos, then healing, then the demand that the quorum comes together in bounded virtual time with
 * all logs equal. What a run reports is a plain value, the same for the same seed.
 */
import { startChaos } from "./chaos.ts";
import type { Complaint } from "./checkers/checker.ts";
import { World } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  readonly complaint: Complaint | undefined;
  readonly virtualMs: number;
  /** Stands for every step of the run. */
  readonly traceHash: string;
  /** How often everything happened: steps, elections, writes, packets, faults. */
  readonly counts: Readonly<Record<string, number>>;
  /** The last lines before a complaint; empty without one. */
  readonly tail: readonly string[];
}

/** The chaos of one seed lasts this long. */
const CHAOS_MS = 60_000;
/** No request waits for longer, even where a clock was set back and stood still. */
const PATIENCE_MS = 20_000;

export function runSeed(seed: number, watch?: (line: string) => void): Outcome {
  const world = new World(seed, watch);
  world.start();
  startChaos(world);
  world.run(CHAOS_MS);
  if (!world.isOver) world.heal();
  if (!world.isOver) converge(world);
  const { complaint, tally, trace, timeline } = world;
  tally.count("committed records", world.bench.ghost.committed.end);
  return {
    seed,
    complaint,
    virtualMs: timeline.now,
    traceHash: trace.hash,
    counts: tally.toRecord(),
    tail: complaint === undefined ? [] : trace.tail(),
  };
}

/** One leader that all follow, one more write that commits, and all replicas equal. */
function converge(world: World): void {
  const { timeline } = world;
  const boundMs = 30_000 + 10 * world.swarm.electionTimeoutMs + catchUpMs(world);
  const deadline = timeline.now + boundMs;
  const electionsBefore = world.tally.of("elections");
  const led = world.run(deadline, () => isLed(world));
  if (!led) return demand(world, `one leader that all follow within ${boundMs} ms of healing`);
  world.isQuiet = true;
  if (!world.run(deadline, writing(world)))
    return demand(world, `a write committed within ${boundMs} ms of healing`);
  if (!world.run(deadline, () => isEqual(world)))
    return demand(world, `equal logs within ${boundMs} ms of healing`);
  const neglected = [...world.replicas.values()].find(({ instance }) =>
    instance?.waitingSince(timeline.now - PATIENCE_MS),
  );
  if (neglected !== undefined) {
    world.complain(
      "every-request-is-answered",
      `replica ${neglected.name} has kept a request waiting for more than ${PATIENCE_MS} ms`,
    );
  }
  const elections = world.tally.of("elections") - electionsBefore;
  if (elections > 5) demand(world, `at most 5 elections after healing, there were ${elections}`);
}

/** How long the replica furthest behind needs, if every round trip brings one batch. */
function catchUpMs(world: World): number {
  const ends = [
    ...[...world.replicas.values()].map(({ disk }) => disk.end),
    ...world.brokers.map(({ end }) => end),
  ];
  const lag = world.bench.ghost.committed.end - Math.min(...ends);
  return Math.max(0, lag) * 2 * (world.swarm.delayMs[1] + world.swarm.commitMs[1]);
}

/** Writes now and then, until a write that was begun here is acknowledged. */
function writing(world: World): () => boolean {
  const before = world.clients.latestCommitted;
  let nextAt = world.timeline.now;
  return () => {
    if (world.clients.latestCommitted > before) return true;
    if (world.timeline.now >= nextAt) {
      nextAt = world.timeline.now + 500;
      world.clients.write();
    }
    return false;
  };
}

function demand(world: World, what: string): void {
  world.complain("converges", `there should be ${what}: ${standing(world)}`);
}

/** The role, epoch and log of every replica, in a line. */
function standing(world: World): string {
  return [...world.replicas.values()]
    .map(({ name, instance }) => {
      if (instance === undefined) return `${name} away`;
      const { role, election, log, committed } = instance.state;
      return `${name} ${role.kind}@${election.epoch} log ends at ${log.endOffset}, committed ${committed}`;
    })
    .join("; ");
}

function isLed(world: World): boolean {
  const states = [...world.replicas.values()].map(({ instance }) => instance?.state);
  const leaders = states.filter((state) => state?.role.kind === "leader");
  const [leader] = leaders;
  if (leader === undefined || leaders.length > 1) return false;
  return states.every(
    (state) =>
      state === leader ||
      (state?.role.kind === "follower" && state.election.epoch === leader.election.epoch),
  );
}

function isEqual(world: World): boolean {
  const { ghost } = world.bench;
  const { end } = ghost.committed;
  for (const { name, instance } of world.replicas.values()) {
    if (instance?.state.committed !== end || instance.state.log.endOffset !== end) return false;
    if (ghost.log(name).chainAt(end) !== ghost.committed.chainAt(end)) return false;
  }
  return world.brokers.every((broker) => broker.end === end);
}
