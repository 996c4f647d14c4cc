/**
 * The faults of one world, drawn from its seed: which kinds exist at all (each with probability one half, so
 * that rare pairs meet) and how often each strikes. Rates are drawn log-uniformly. FoundationDB and
 * TigerBeetle call this a swarm: a run that has everything at once finds less.
 */
import type { SnapshotSettings } from "../../durable-objects/cluster-settings.ts";
import type { Chance } from "./chance.ts";
import type { Turnover } from "./membership/turnover.ts";

export interface Swarm {
  readonly voters: number;
  readonly brokers: number;
  /** Whether the log is a cluster's metadata; else it holds bytes that mean nothing. */
  readonly hasMetadata: boolean;
  /** Eligible leader replicas are on from the start (KIP-966), and brokers also stop uncleanly. */
  readonly hasElr: boolean;
  /** Tokens, quotas, users and ACLs come and go as well. */
  readonly hasSecurity: boolean;
  readonly electionTimeoutMs: number;
  readonly delayMs: readonly [number, number];
  /** Probability that a message is late, and how late at most. */
  readonly lateRate: number;
  readonly lateMs: number;
  readonly lossRate: number;
  readonly duplicationRate: number;
  /** Mean time between the beginnings of the fault; 0: never. */
  readonly cutEveryMs: number;
  readonly evictEveryMs: number;
  /** Probability that a call to an object that is away hangs, where it else fails. */
  readonly hangRate: number;
  readonly blackoutEveryMs: number;
  readonly clockJumpEveryMs: number;
  readonly rollBackEveryMs: number;
  readonly copyEveryMs: number;
  /** A replica stays away for long: the log may be cut under it. */
  readonly awayEveryMs: number;
  /** A broker comes back with an empty disk. */
  readonly emptyEveryMs: number;
  readonly pauseEveryMs: number;
  readonly overloadEveryMs: number;
  readonly resignEveryMs: number;
  /** Per transaction. */
  readonly crashBeforeCommitRate: number;
  readonly crashAfterCommitRate: number;
  readonly failedCommitRate: number;
  readonly diskFullRate: number;
  /** Of those that make a snapshot whole, install one or cut the log: it is lost, or the instance ends with it. */
  readonly snapshotCrashRate: number;
  /** Per boot: the replica listens elsewhere from then on, and states the voters anew when it leads. */
  readonly moveRate: number;
  /** How long a commit takes until its outputs may leave. */
  readonly commitMs: readonly [number, number];
  /** Probability that an evicted instance goes on as a zombie. */
  readonly zombieRate: number;
  /** An evicted object comes back when it is called or by its alarm, and not by itself. */
  readonly staysAway: boolean;
  /** After so long without anything to do a quorum sleeps, in ms; 0: never. Then there are lulls, too. */
  readonly quietMs: number;
  /** How late some events are, at most, that should follow at once: the next slice of long work. */
  readonly sliceMs: number;
  readonly lateTimerRate: number;
  readonly lateAlarmRate: number;
  readonly doubleAlarmRate: number;
  readonly droppedAlarmRate: number;
  /** By how much a clock runs faster or slower than time, at most. */
  readonly driftMax: number;
  /** A node has six calls under way at most; the others wait. */
  readonly hasFewConnections: boolean;
  /** Mean time between two writes of a client. */
  readonly writeEveryMs: number;
  readonly clients: number;
  /** Mean time between two linearizable reads; 0: never. */
  readonly readEveryMs: number;
  readonly fetchMaxBytes: number;
  /** When snapshots are made, and when the log is cut: from after every few batches to never. */
  readonly snapshots: SnapshotSettings;
  /** The largest row of a snapshot, in bytes. */
  readonly chunkBytesMax: number;
  /** Whether some replicas are of another build, which writes a snapshot in other bytes. */
  readonly hasTwoBuilds: boolean;
  /** Probability that a range of a snapshot arrives with a byte changed, and that it is stored with one. */
  readonly changedRangeRate: number;
  readonly changedChunkRate: number;
  /** Probability that a leader names its newest snapshot to a voter that could go on with records. */
  readonly needlessSnapshotRate: number;
  /** Changes of the voter set, and what they need; null where there are none. */
  readonly turnover: Turnover | null;
}

const NOTHING_MORE = { elr: false, security: false, quietMs: 0 };

/**
 * `turnover` is what becomes of the voter set: null where it stays as it is. `mayHave`: what is there where the log is
 * metadata.
 */
export function drawSwarm(
  chance: Chance,
  turnover: Turnover | null = null,
  mayHave: {
    readonly elr: boolean;
    readonly security: boolean;
    readonly quietMs: number;
  } = NOTHING_MORE,
): Swarm {
  const enabled = (from: number, to: number): number =>
    chance.happens(0.5) ? chance.logUniform(from, to) : 0;
  const every = (from: number, to: number): number => Math.round(enabled(from, to));
  const hasMetadata = chance.happens(0.3);
  const slowest = Math.round(chance.logUniform(2, 120));
  const slowestCommit = chance.happens(0.5) ? Math.round(chance.logUniform(1, 100)) : 0;
  return {
    voters: chance.pick([1, 1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7]) ?? 3,
    brokers: hasMetadata ? chance.between(3, 4) : chance.between(0, 2),
    hasMetadata,
    hasElr: hasMetadata && mayHave.elr,
    hasSecurity: hasMetadata && mayHave.security,
    // An election is two round trips and two commits; a quorum that is never that fast never has a leader.
    electionTimeoutMs: Math.max(
      Math.round(chance.logUniform(150, 1_500)),
      8 * (slowest + slowestCommit),
    ),
    delayMs: [1, slowest],
    lateRate: enabled(0.001, 0.1),
    lateMs: Math.round(chance.logUniform(200, 10_000)),
    lossRate: enabled(0.001, 0.3),
    duplicationRate: enabled(0.01, 0.5),
    cutEveryMs: every(500, 10_000),
    evictEveryMs: every(1_000, 15_000),
    hangRate: 0.5,
    blackoutEveryMs: every(5_000, 30_000),
    clockJumpEveryMs: every(1_000, 20_000),
    rollBackEveryMs: every(1_000, 10_000),
    pauseEveryMs: every(2_000, 20_000),
    overloadEveryMs: every(2_000, 20_000),
    resignEveryMs: every(2_000, 20_000),
    crashBeforeCommitRate: enabled(0.0005, 0.03),
    crashAfterCommitRate: enabled(0.0005, 0.03),
    failedCommitRate: enabled(0.0005, 0.03),
    diskFullRate: enabled(0.0001, 0.01),
    commitMs: [0, slowestCommit],
    zombieRate: chance.happens(0.5) ? chance.logUniform(0.05, 1) : 0,
    staysAway: chance.happens(0.3),
    quietMs: mayHave.quietMs,
    lateTimerRate: enabled(0.001, 0.1),
    lateAlarmRate: enabled(0.05, 1),
    doubleAlarmRate: enabled(0.05, 1),
    droppedAlarmRate: enabled(0.05, 0.5),
    driftMax: chance.happens(0.5) ? 0.1 : 0,
    hasFewConnections: chance.happens(0.5),
    writeEveryMs: Math.round(chance.logUniform(15, 500)),
    clients: chance.between(1, 3),
    fetchMaxBytes: chance.pick([100, 200, 1_000, 1_000_000]) ?? 1_000,
    // Seldom and late: a world that has lost a voter for good meets less of the rest.
    copyEveryMs: chance.happens(0.3) ? Math.round(chance.logUniform(10_000, 60_000)) : 0,
    snapshots: drawSnapshots(chance),
    chunkBytesMax: chance.pick([100, 1_000, 1_048_576]) ?? 1_000,
    changedRangeRate: enabled(0.01, 0.3),
    changedChunkRate: enabled(0.01, 0.3),
    hasTwoBuilds: chance.happens(0.5),
    sliceMs: every(20, 5_000),
    awayEveryMs: every(3_000, 30_000),
    emptyEveryMs: every(2_000, 20_000),
    snapshotCrashRate: enabled(0.01, 0.3),
    moveRate: enabled(0.05, 0.5),
    needlessSnapshotRate: enabled(0.01, 0.5),
    readEveryMs: Math.round(chance.logUniform(10, 500)),
    turnover,
  };
}

/** A quarter of the worlds never make a snapshot for its size, some never cut what they have. */
function drawSnapshots(chance: Chance): SnapshotSettings {
  const NEVER = 2 ** 40;
  const small = Math.round(chance.logUniform(300, 30_000));
  const interval = Math.round(chance.logUniform(1_000, 60_000));
  const some = Math.round(chance.logUniform(1_000, 100_000));
  const age = Math.round(chance.logUniform(1_000, 60_000));
  return {
    "metadata.log.max.record.bytes.between.snapshots": chance.happens(0.75) ? small : NEVER,
    "metadata.log.max.snapshot.interval.ms": chance.happens(0.3) ? interval : 0,
    "metadata.max.retention.bytes": chance.pick([0, 0, some, -1]) ?? 0,
    "metadata.max.retention.ms": chance.happens(0.3) ? age : -1,
  };
}

/** The same world with every fault switched off: what remains after healing. */
export function healed(swarm: Swarm): Swarm {
  return {
    ...swarm,
    lateRate: 0,
    lossRate: 0,
    duplicationRate: 0,
    cutEveryMs: 0,
    evictEveryMs: 0,
    blackoutEveryMs: 0,
    clockJumpEveryMs: 0,
    rollBackEveryMs: 0,
    copyEveryMs: 0,
    awayEveryMs: 0,
    emptyEveryMs: 0,
    pauseEveryMs: 0,
    overloadEveryMs: 0,
    resignEveryMs: 0,
    crashBeforeCommitRate: 0,
    crashAfterCommitRate: 0,
    failedCommitRate: 0,
    diskFullRate: 0,
    snapshotCrashRate: 0,
    moveRate: 0,
    sliceMs: 0,
    zombieRate: 0,
    staysAway: false,
    lateTimerRate: 0,
    lateAlarmRate: 0,
    doubleAlarmRate: 0,
    droppedAlarmRate: 0,
    changedRangeRate: 0,
    changedChunkRate: 0,
    needlessSnapshotRate: 0,
    turnover: null,
  };
}

/** How often each thing happened in a run: a run in which nothing happened proves nothing. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  add(other: Readonly<Record<string, number>>): void {
    for (const [what, times] of Object.entries(other)) this.count(what, times);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Sorted by name, so that it prints the same in every run. */
  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#counts].toSorted(([one], [other]) => (one < other ? -1 : 1)),
    );
  }
}
