/**
 * How long a quorum does not answer when one thing goes wrong. Quiet worlds: one fault, no other, a writer without
 * pause; what is measured is the longest time between two acknowledgements in a row, from just before the fault on. In
 * virtual time there is no noise to excuse, so the bounds hold for the largest figure and not for the mean.
 */
import { drawSwarm, healed, type Swarm } from "./faults.ts";
import { Chance } from "./chance.ts";
import type { Replica } from "./replica.ts";
import { World } from "./world.ts";

/** What goes wrong, once. */
export type FailoverKind =
  | "leader gone"
  | "leader resigns"
  | "leader hangs"
  | "leader paused"
  | "follower gone"
  | "follower rolled back"
  | "leader overloaded"
  | "follower overloaded";

/** A quiet world in its own terms, in ms. */
interface Terms {
  /** The slowest round trip with a commit. */
  readonly roundTrip: number;
  readonly electionTimeout: number;
  readonly fetchTimeout: number;
}

/** How long the leader or a follower is paused: for less than a fetch time-out, in parts of one. */
const PAUSE = 0.75;

interface Budget {
  readonly strike: (world: World, parts: { leader: Replica; follower: Replica }) => void;
  readonly boundMs: (terms: Terms) => number;
}

/** A row per kind. The bounds are those of voters that wait out their time-outs. */
export const BUDGETS: Readonly<Record<FailoverKind, Budget>> = {
  "leader gone": {
    strike: (_, { leader }) => leader.leave("dead"),
    boundMs: ({ roundTrip: d, electionTimeout: e, fetchTimeout: f }) => f + 4 * e + 12 * d,
  },
  "leader resigns": {
    strike: (_, { leader }) => {
      const { instance } = leader;
      const epoch = instance?.state.election.epoch ?? 0;
      instance?.happen(() => instance.controller.resign(epoch));
    },
    boundMs: ({ roundTrip: d, electionTimeout: e }) => 2 * e + 12 * d,
  },
  "leader hangs": {
    strike: (_, { leader }) => leader.leave("hung"),
    boundMs: ({ roundTrip: d, electionTimeout: e, fetchTimeout: f }) => f + 4 * e + 12 * d,
  },
  "leader paused": {
    strike: (world, { leader }) => leader.pause(PAUSE * fetchTimeoutOf(world.swarm)),
    boundMs: ({ roundTrip: d, electionTimeout: e, fetchTimeout: f }) => PAUSE * f + 4 * e + 12 * d,
  },
  "follower gone": {
    strike: (_, { follower }) => follower.leave("dead"),
    boundMs: ({ roundTrip: d }) => 6 * d,
  },
  "follower rolled back": {
    strike: (world, { follower }) => {
      const backup = follower.disk.backup();
      world.run(world.timeline.now + 500);
      follower.rollBack(backup);
    },
    boundMs: ({ roundTrip: d }) => 6 * d,
  },
  "leader overloaded": {
    strike: (world, { leader }) => {
      leader.overloadedUntil = world.timeline.now + 5_000;
    },
    boundMs: ({ roundTrip: d, electionTimeout: e, fetchTimeout: f }) => 5_000 + f + 4 * e + 12 * d,
  },
  "follower overloaded": {
    strike: (world, { follower }) => {
      follower.overloadedUntil = world.timeline.now + 5_000;
    },
    boundMs: ({ roundTrip: d }) => 6 * d,
  },
};

export const FAILOVER_KINDS = [
  "leader gone",
  "leader resigns",
  "leader hangs",
  "leader paused",
  "follower gone",
  "follower rolled back",
  "leader overloaded",
  "follower overloaded",
] as const satisfies readonly FailoverKind[];

export interface Failover {
  readonly kind: FailoverKind;
  /** The longest silence from the fault on. */
  readonly silenceMs: number;
  readonly boundMs: number;
  /** What is wrong, if anything. */
  readonly complaint: string | null;
}

const WRITE_EVERY_MS = 20;
/** From the fault on, the quorum is watched for at least this long, and at most until it serves again. */
const WATCH_MS = 6_000;
const WATCH_MS_MAX = 20_000;
/** It serves again when so many acknowledgements have come since the fault. */
const SERVES_AGAIN = 10;

/** One quiet world with one fault. */
export function measureFailover(kind: FailoverKind, seed: number): Failover {
  const swarm = quiet(seed);
  const terms = termsOf(swarm);
  const world = new World(seed, undefined, swarm);
  world.isHealed = true;
  world.start();
  const failed = (what: string): Failover => ({
    kind,
    silenceMs: WATCH_MS_MAX,
    boundMs: 0,
    complaint: `${kind}, seed ${seed}: ${what}`,
  });
  if (!world.run(60_000, () => world.clients.latestCommitted > 20))
    return failed("it never served in the first place");
  world.run(world.timeline.now + world.chance.between(0, 2_000));
  const leader = leaderOf(world);
  const follower = world.chance.pick(
    [...world.replicas.values()].filter((replica) => replica !== leader),
  );
  if (leader === undefined || follower === undefined) return failed("it has no leader any more");
  let last = world.timeline.now;
  let silenceMs = 0;
  let answered = 0;
  world.clients.onCommitted = () => {
    silenceMs = Math.max(silenceMs, world.timeline.now - last);
    last = world.timeline.now;
    answered += 1;
  };
  const struckAt = last;
  BUDGETS[kind].strike(world, { leader, follower });
  world.run(struckAt + WATCH_MS);
  world.run(struckAt + WATCH_MS_MAX, () => answered >= SERVES_AGAIN);
  world.clients.onCommitted();
  if (world.complaint !== undefined)
    return failed(`${world.complaint.checker}: ${world.complaint.sentence}`);
  // T-2: within an epoch, a voter that lost what it acknowledged is found out by its leader.
  if (follower.wasRolledBack && world.tally.of("rollbacks noticed") === 0)
    return failed(`nobody noticed that the storage of replica ${follower.name} went back`);
  const boundMs = BUDGETS[kind].boundMs(terms);
  const isKept = silenceMs <= boundMs;
  const complaint = isKept
    ? null
    : `${kind}, seed ${seed}: silent for ${silenceMs} ms, ${boundMs} ms are allowed`;
  return { kind, silenceMs, boundMs, complaint };
}

/** The same quorum in many places: three or five voters, near or far, with Kafka's time-outs. */
function quiet(seed: number): Swarm {
  const chance = new Chance(seed ^ 0x51a7e);
  const slowest = Math.round(chance.logUniform(2, 40));
  return {
    ...healed(drawSwarm(chance)),
    voters: chance.pick([3, 3, 5]) ?? 3,
    brokers: 0,
    hasMetadata: false,
    electionTimeoutMs: 1_000,
    delayMs: [Math.ceil(slowest / 2), slowest],
    commitMs: [1, 5],
    driftMax: 0,
    hasFewConnections: true,
    clients: 3,
    writeEveryMs: WRITE_EVERY_MS,
    fetchMaxBytes: 1_000_000,
  };
}

const termsOf = (swarm: Swarm): Terms => ({
  roundTrip: 2 * swarm.delayMs[1] + 2 * swarm.commitMs[1],
  electionTimeout: swarm.electionTimeoutMs,
  fetchTimeout: fetchTimeoutOf(swarm),
});

/** As a world configures its voters. */
const fetchTimeoutOf = (swarm: Swarm): number => 2 * swarm.electionTimeoutMs;

/** The leader of the latest epoch. */
function leaderOf(world: World): Replica | undefined {
  return [...world.replicas.values()]
    .filter((replica) => replica.leads)
    .toSorted((one, other) => epochOf(other) - epochOf(one))[0];
}

const epochOf = ({ instance }: Replica): number => instance?.state.election.epoch ?? -1;

/** What many seeds of one kind say, in a line. */
export function describeFailovers(failovers: readonly Failover[]): string {
  const silences = failovers.map(({ silenceMs }) => silenceMs).toSorted((one, two) => one - two);
  const at = (part: number): number =>
    silences[Math.min(silences.length - 1, Math.floor(part * silences.length))] ?? 0;
  const figures = [at(0.5), at(0.99), silences.at(-1) ?? 0].map((ms) => `${ms}`.padStart(6));
  const [kind = ""] = failovers.map((failover) => failover.kind);
  return `  ${kind.padEnd(24)}${figures.join(" ")}`;
}
