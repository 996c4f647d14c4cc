/**
 * How long a quorum does not answer when one thing goes wrong. Quiet worlds: one fault, no other, a writer without
 * pause; what is measured is the longest time between two acknowledgements in a row, from just before the fault on. In
 * virtual time there is no noise to excuse, so the bounds hold for the largest figure and not for the mean.
 */
import { drawSwarm, healed, type Swarm } from "./faults.ts";
import { Chance } from "./chance.ts";
import type { VoterChangeRequest } from "../../src/raft/index.ts";
import { NO_TURNOVER } from "./membership/turnover.ts";
import type { Replica } from "./replica.ts";
import { World } from "./world.ts";

export const FAILOVER_KINDS = [
  "leader gone",
  "leader resigns",
  "leader hangs",
  "leader hangs, clocks back",
  "leader paused",
  "leader cut off",
  "leader deaf",
  "follower gone",
  "follower rolled back",
  "follower cut off",
  "one call fails",
  "calls fail, others hang",
  "leader overloaded",
  "follower overloaded",
  "voter added",
  "sole voter grows",
  "voter removed",
  "leader removed",
] as const;

/** What goes wrong, once. */
export type FailoverKind = (typeof FAILOVER_KINDS)[number];

/** A quiet world in its own terms, in ms. */
interface Terms {
  /** The slowest round trip with a commit. */
  readonly roundTrip: number;
  readonly electionTimeout: number;
  readonly fetchTimeout: number;
}

interface Parts {
  readonly leader: Replica;
  readonly follower: Replica;
  /** Neither of the two. */
  readonly others: readonly Replica[];
}

/** How long the leader is paused: for less than a fetch time-out, in parts of one. */
const PAUSE = 0.75;
const OVERLOAD_MS = 5_000;
/** Of an overloaded object: it refuses part of what it is asked and is late with the rest, and serves all the same. */
const OVERLOAD_REFUSAL_RATE = 0.3;
const OVERLOAD_LATE_MS = 100;

interface Budget {
  readonly strike: (world: World, parts: Parts) => void;
  readonly boundMs: (terms: Terms) => number;
  /** What half of the worlds must keep, where single ones may take longer. */
  readonly typicalMs?: (terms: Terms) => number;
  /** How many may be held because of it, at most; any number where it does not say. */
  readonly elections?: number;
  /** How many votes and pre-votes may be asked for because of it, at most. */
  readonly ballots?: number;
  /** The leader of before must know, in the end, that it is none. */
  readonly mustRenounce?: boolean;
  /** How many voters and spare nodes there are, where that matters. */
  readonly nodes?: { readonly voters: number; readonly spares: number };
  /** How many voters there must be in the end. */
  readonly voters?: number;
}

/** A leader that does not answer is missed after a fetch time-out, and an election takes its time. */
const missed = ({ roundTrip: d, electionTimeout: e, fetchTimeout: f }: Terms): number =>
  f + e / 2 + 6 * d;

/** A row per kind. */
export const BUDGETS: Readonly<Record<FailoverKind, Budget>> = {
  "leader gone": {
    strike: (_, { leader }) => leader.leave("dead"),
    boundMs: ({ roundTrip: d, electionTimeout: e }) => 6 * d + e / 4,
  },
  "leader resigns": {
    strike: (_, { leader }) => {
      const { instance } = leader;
      const epoch = instance?.state.election.epoch ?? 0;
      instance?.happen(() => instance.controller.resign(epoch));
    },
    // What was under way at the goodbye may leave a later successor with the longer log, and its turn comes after E/2.
    boundMs: ({ roundTrip: d, electionTimeout: e }) => 6 * d + e / 2,
    typicalMs: ({ roundTrip: d }) => 6 * d,
  },
  "leader hangs": {
    strike: (_, { leader }) => leader.leave("hung"),
    boundMs: missed,
  },
  "leader hangs, clocks back": {
    strike: (world, { leader }) => {
      // T-7: a clock that went back by more than anyone waits stops no deadline, and puts none off.
      for (const replica of world.replicas.values()) replica.jumpClock(-120_000);
      leader.leave("hung");
    },
    boundMs: missed,
  },
  "leader paused": {
    strike: (world, { leader }) => leader.pause(PAUSE * fetchTimeoutOf(world.swarm)),
    boundMs: ({ roundTrip: d, fetchTimeout: f }) => PAUSE * f + 6 * d,
    elections: 0,
  },
  "leader cut off": {
    strike: ({ network }, { leader, follower, others }) => {
      for (const { name } of [follower, ...others]) {
        network.cut(leader.name, name, Infinity);
        network.cut(name, leader.name, Infinity);
      }
    },
    boundMs: missed,
    mustRenounce: true,
  },
  "leader deaf": {
    strike: ({ network }, { leader, follower, others }) => {
      for (const { name } of [follower, ...others]) network.cut(name, leader.name, Infinity);
    },
    boundMs: missed,
  },
  "follower gone": {
    strike: (_, { follower }) => follower.leave("dead"),
    boundMs: ({ roundTrip: d }) => 2 * d,
    elections: 0,
  },
  "follower rolled back": {
    strike: (world, { follower }) => {
      const backup = follower.backup();
      world.run(world.timeline.now + 250);
      // An incarnation may be drawn a second time, for its counter goes back with the rest (T-2).
      if (world.chance.happens(0.5)) follower.reset("before it goes back");
      world.run(world.timeline.now + 250);
      follower.rollBack(backup);
    },
    boundMs: ({ roundTrip: d }) => 2 * d,
    elections: 0,
  },
  "follower cut off": {
    strike: ({ network }, { leader, follower }) => {
      network.refuse(follower.name, leader.name, Infinity);
      network.refuse(leader.name, follower.name, Infinity);
    },
    boundMs: ({ roundTrip: d }) => 2 * d,
    elections: 0,
    ballots: 60,
  },
  "one call fails": {
    strike: ({ network }, { leader, follower }) => network.refuse(follower.name, leader.name, 1),
    boundMs: ({ roundTrip: d }) => 3 * d,
    elections: 0,
    ballots: 0,
  },
  "calls fail, others hang": {
    strike: ({ network, replicas }, { leader, follower, others }) => {
      const spare = replicas.size - Math.floor(replicas.size / 2) - 1;
      for (const other of others.slice(0, spare)) other.leave("hung");
      network.refuse(follower.name, leader.name, 2);
    },
    // It asks one that hangs where the leader is, until its turn comes to suspect it: the last of four waits longest.
    boundMs: ({ roundTrip: d, electionTimeout: e }) => 6 * d + (3 / 8) * e,
    elections: 0,
  },
  "leader overloaded": {
    strike: (world, { leader }) => overload(world, leader),
    // No reason for an election. Pauses double with each refusal: six in a row of every follower come to E.
    boundMs: ({ roundTrip: d, electionTimeout: e }) => e + 6 * d,
    elections: 0,
    ballots: 0,
  },
  "follower overloaded": {
    strike: (world, { follower }) => overload(world, follower),
    boundMs: ({ roundTrip: d }) => 2 * d,
    elections: 0,
    ballots: 0,
  },
  "voter added": {
    nodes: { voters: 3, spares: 1 },
    strike: addSpare,
    // The change is a round of its own among those of the writers.
    boundMs: ({ roundTrip: d }) => 3 * d,
    elections: 0,
    // M-1: the newcomer's timers stood still, and must not stand it up against the leader that has added it.
    ballots: 0,
    voters: 4,
  },
  "sole voter grows": {
    nodes: { voters: 1, spares: 1 },
    strike: (world, parts) => {
      // A sole voter needs to hear from nobody. That it has heard from nobody for so long is no reason to give up now.
      world.run(world.timeline.now + 2 * fetchTimeoutOf(world.swarm));
      addSpare(world, parts);
    },
    // Every commit needs the newcomer from now on, so the Fetch that waits at the leader is what the first one needs.
    boundMs: ({ roundTrip: d }) => 3 * d,
    elections: 0,
    ballots: 0,
    voters: 2,
  },
  "voter removed": {
    nodes: { voters: 3, spares: 0 },
    strike: (world, { leader, follower }) => change(world, leader, removalOf(world, follower)),
    boundMs: ({ roundTrip: d }) => 3 * d,
    elections: 0,
    ballots: 0,
    voters: 2,
  },
  "leader removed": {
    nodes: { voters: 3, spares: 0 },
    strike: (world, { leader }) => change(world, leader, removalOf(world, leader)),
    boundMs: ({ roundTrip: d, electionTimeout: e }) => 7 * d + e / 2,
    elections: 1,
    mustRenounce: true,
    voters: 2,
  },
};

/** The node to spare becomes a voter. */
function addSpare(world: World, { leader }: Parts): void {
  const listed = world.membership.votersOf(leader);
  const spare = [...world.replicas.values()].find(({ name }) => !listed.includes(name));
  if (spare === undefined) return;
  const { key, endpoints } = spare.config.local;
  const clusterId = world.cluster.cluster_id;
  const voter = { clusterId, voter: key, endpoints, ackWhenCommitted: true };
  change(world, leader, { api: "add-raft-voter", ...voter });
}

const removalOf = ({ cluster }: World, { config }: Replica): VoterChangeRequest => ({
  api: "remove-raft-voter",
  clusterId: cluster.cluster_id,
  voter: config.local.key,
});

function change(world: World, { id }: Replica, body: VoterChangeRequest): void {
  world.call({ from: "admin", to: id, body, answer: forget, fail: forget });
}

const forget = (): void => undefined;

function overload(world: World, replica: Replica): void {
  replica.overloadedUntil = world.timeline.now + OVERLOAD_MS;
  replica.overloadedRefusalRate = OVERLOAD_REFUSAL_RATE;
  replica.overloadedLateMs = OVERLOAD_LATE_MS;
}

export interface Failover {
  readonly kind: FailoverKind;
  /** The longest silence from the fault on. */
  readonly silenceMs: number;
  readonly boundMs: number;
  /** Whether it took longer than half of the worlds may. */
  readonly isAtypical: boolean;
  /** What is wrong, if anything. */
  readonly complaint: string | null;
}

const WRITE_EVERY_MS = 20;
/** The writer may itself be silent for as long. */
const LULL_MS = 2 * WRITE_EVERY_MS;
/** So many records behind is what follows at the pace of the writers. */
const LAG_MAX = 20;
/** From the fault on, the quorum is watched for at least this long, and at most until it serves again. */
const WATCH_MS = 6_000;
const WATCH_MS_MAX = 20_000;
/** It serves again when so many acknowledgements have come since the fault. */
const SERVES_AGAIN = 10;

/** One quiet world with one fault. */
export function measureFailover(
  kind: FailoverKind,
  seed: number,
  watch?: (line: string) => void,
): Failover {
  const budget = BUDGETS[kind];
  const swarm = quiet(seed, budget.nodes);
  const terms = termsOf(swarm);
  const world = new World(seed, watch, { swarm });
  world.isHealed = true;
  world.start();
  const failed = (what: string): Failover => ({
    kind,
    silenceMs: WATCH_MS_MAX,
    boundMs: 0,
    isAtypical: true,
    complaint: `${kind}, seed ${seed}: ${what}`,
  });
  if (!world.run(60_000, () => world.clients.latestCommitted > 20))
    return failed("it never served in the first place");
  world.run(world.timeline.now + world.chance.between(0, 2_000));
  if (!world.run(60_000, () => hasEverybody(world))) return failed("somebody never caught up");
  const parts = partsOf(world);
  if (parts === undefined) return failed("it has no leader any more");
  let last = world.timeline.now;
  let silenceMs = 0;
  let answered = 0;
  world.clients.onCommitted = () => {
    silenceMs = Math.max(silenceMs, world.timeline.now - last);
    last = world.timeline.now;
    answered += 1;
  };
  const struckAt = last;
  const before = countsOf(world);
  budget.strike(world, parts);
  world.run(struckAt + WATCH_MS);
  world.run(struckAt + WATCH_MS_MAX, () => answered >= SERVES_AGAIN);
  world.clients.onCommitted();
  world.judgeClients();
  if (world.complaint !== undefined)
    return failed(`${world.complaint.checker}: ${world.complaint.sentence}`);
  const boundMs = budget.boundMs(terms) + LULL_MS;
  const wrong = wrongWith(world, { budget, parts, before });
  if (wrong !== undefined) return { ...failed(wrong), silenceMs, boundMs };
  const isKept = silenceMs <= boundMs;
  const complaint = isKept
    ? null
    : `${kind}, seed ${seed}: silent for ${silenceMs} ms, ${boundMs} ms are allowed`;
  const isAtypical = silenceMs > (budget.typicalMs ?? budget.boundMs)(terms) + LULL_MS;
  return { kind, silenceMs, boundMs, isAtypical, complaint };
}

/** Whether everybody has begun to follow: a node to spare may begin with a snapshot. */
const hasEverybody = ({ replicas, bench }: World): boolean =>
  [...replicas.values()].every(({ disk }) => disk.end >= bench.ghost.committed.end - LAG_MAX);

function partsOf(world: World): Parts | undefined {
  const leader = leaderOf(world);
  const rest = world.chance.shuffled(
    [...world.replicas.values()].filter((replica) => replica !== leader),
  );
  const [follower, ...others] = rest;
  return leader === undefined || follower === undefined ? undefined : { leader, follower, others };
}

interface Counts {
  readonly elections: number;
  readonly ballots: number;
}

const countsOf = ({ tally }: World): Counts => ({
  elections: tally.of("elections"),
  ballots: tally.of("ballots"),
});

/** What the fault has led to beyond a silence, and may not. */
function wrongWith(
  world: World,
  {
    budget,
    parts,
    before,
  }: { readonly budget: Budget; readonly parts: Parts; readonly before: Counts },
): string | undefined {
  const { leader, follower } = parts;
  const { elections, ballots } = countsOf(world);
  // T-2: within an epoch, a voter that lost what it acknowledged is found out by its leader.
  if (follower.wasRolledBack && world.tally.of("rollbacks noticed") === 0)
    return `nobody noticed that the storage of replica ${follower.name} went back`;
  if (elections - before.elections > (budget.elections ?? Infinity))
    return `${elections - before.elections} elections, ${budget.elections} are allowed`;
  if (ballots - before.ballots > (budget.ballots ?? Infinity))
    return `${ballots - before.ballots} ballots, ${budget.ballots} are allowed`;
  // E-11: a leader that no majority fetches from gives up.
  if (budget.mustRenounce === true && leader.leads)
    return `replica ${leader.name} leads still, and no majority can reach it`;
  const voters = leaderOf(world);
  const count = voters === undefined ? 0 : world.membership.votersOf(voters).length;
  if (budget.voters !== undefined && count !== budget.voters)
    return `there are ${count} voters, there should be ${budget.voters}`;
  return undefined;
}

/** The same quorum in many places: three or five voters, near or far, with Kafka's time-outs. */
function quiet(seed: number, nodes: Budget["nodes"]): Swarm {
  const chance = new Chance(seed ^ 0x51a7e);
  const slowest = Math.round(chance.logUniform(2, 40));
  return {
    ...healed(drawSwarm(chance)),
    voters: nodes?.voters ?? chance.pick([3, 3, 5]) ?? 3,
    turnover: nodes === undefined ? null : { ...NO_TURNOVER, spares: nodes.spares },
    brokers: 0,
    hangRate: 0,
    hasMetadata: false,
    hasSecurity: false,
    electionTimeoutMs: 1_000,
    delayMs: [Math.ceil(slowest / 2), slowest],
    commitMs: [1, 5],
    driftMax: 0,
    hasFewConnections: true,
    clients: 3,
    writeEveryMs: WRITE_EVERY_MS,
    readEveryMs: 0,
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

/** What is wrong with many worlds of one kind. */
export function complaintsAbout(failovers: readonly Failover[]): readonly string[] {
  const single = failovers.flatMap(({ complaint }) => complaint ?? []);
  const slow = failovers.filter(({ isAtypical }) => isAtypical).length;
  if (single.length > 0 || slow <= failovers.length / 2) return single;
  const [kind = ""] = failovers.map((failover) => failover.kind);
  return [`${kind}: ${slow} of ${failovers.length} worlds take longer than half of them may`];
}

/** What many seeds of one kind say, in a line. */
export function describeFailovers(failovers: readonly Failover[]): string {
  const silences = failovers.map(({ silenceMs }) => silenceMs).toSorted((one, two) => one - two);
  const at = (part: number): number =>
    silences[Math.min(silences.length - 1, Math.floor(part * silences.length))] ?? 0;
  const figures = [at(0.5), at(0.99), silences.at(-1) ?? 0].map((ms) => `${ms}`.padStart(6));
  const [kind = ""] = failovers.map((failover) => failover.kind);
  return `  ${kind.padEnd(24)}${figures.join(" ")}`;
}
