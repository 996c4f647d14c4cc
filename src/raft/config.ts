/**
 * What a replica is told once, at boot: its identity and its time-outs. These carry the names and the defaults of
 * Kafka's `controller.quorum.*`; everything here is constant for an incarnation.
 *
 * How they must relate, at any scale: the longest wait of a Fetch plus a round trip lies below the fetch
 * time-out, or a healthy leader is deposed; a leader announces itself at least twice within a fetch time-out,
 * and resigns after between one and two of them without a majority; and the election time-out is long against a
 * round trip plus a stored vote, or every vote is split.
 */
import { assert } from "../std/assert.ts";
import type { Milliseconds, ReplicaId, Voter } from "./messages.ts";

export interface RaftConfig {
  readonly clusterId: string;
  /** This replica as a voter set would list it, whether or not it is in one. */
  readonly local: Voter;
  /** The voters the quorum was formatted with; empty for a node that shall join later (KAFKA-16842). */
  readonly bootstrapVoters: readonly Voter[];
  /** Nodes to ask for the leader besides the known voters; usually the ids of `bootstrapVoters`. */
  readonly bootstrapServers: readonly ReplicaId[];
  /** It follows a quorum that others run, for ever: it votes never, and doubts what it is told (OB-1, OB-2). */
  readonly observesOnly?: true;
  /** It knows how to sleep, and says so to its leader (SL-2). When to, its application says. */
  readonly maySleep?: true;
  /** A voter without a leader waits a random time in [this, 2 × this) before it stands. */
  readonly electionTimeoutMs: Milliseconds;
  /** A follower gives up its leader when no fetch succeeded for this long. */
  readonly fetchTimeoutMs: Milliseconds;
  /** How long a follower lets the leader hold its fetch. Plus a round trip, well below the fetch timeout. */
  readonly fetchMaxWaitMs: Milliseconds;
  /** How much one fetch asks for, and the most that one answer may hold beyond its first batch. */
  readonly fetchMaxBytes: number;
  /** How long to wait for the answer to any request. */
  readonly requestTimeoutMs: Milliseconds;
  /** The pause after a first failure; it doubles with each further one, at most sixteenfold. */
  readonly retryBackoffMs: Milliseconds;
  /** How long the last preferred successor of a resigned leader waits. */
  readonly electionBackoffMaxMs: Milliseconds;
}

/** Kafka's defaults (QuorumConfig, KafkaRaftClient). */
export const DEFAULT_TIMEOUTS = {
  electionTimeoutMs: 1_000,
  fetchTimeoutMs: 2_000,
  fetchMaxWaitMs: 500,
  fetchMaxBytes: 1_048_576,
  requestTimeoutMs: 2_000,
  retryBackoffMs: 20,
  electionBackoffMaxMs: 1_000,
} as const;

/** A leader that no majority has fetched from for this long resigns: between one and two fetch time-outs. */
export const checkQuorumMs = (config: RaftConfig): Milliseconds =>
  Math.floor(config.fetchTimeoutMs * 1.5);

/** How often a leader makes itself known to voters that do not fetch. */
export const beginQuorumEpochMs = (config: RaftConfig): Milliseconds =>
  Math.max(1, Math.floor(config.fetchTimeoutMs / 2));

/**
 * By how much a voter lets the one before it go first when their leader is gone. It must exceed a round trip and a
 * commit, or the second stands before it can hear of the first.
 */
export const successionStepMs = (config: RaftConfig): Milliseconds =>
  Math.floor(config.electionTimeoutMs / 8);

/** Refuses a configuration under which a healthy quorum could not stay together. */
export function checkConfig(config: RaftConfig): void {
  const { fetchMaxWaitMs, fetchTimeoutMs, requestTimeoutMs } = config;
  assert(config.local.key.id >= 0, `a node id is not negative: ${config.local.key.id}`);
  assert(config.local.endpoints.length > 0, "a leader without an endpoint cannot be followed");
  assert(config.electionTimeoutMs >= 1, "the election timeout is at least 1 ms");
  assert(config.retryBackoffMs >= 1, "the retry back-off is at least 1 ms");
  assert(
    fetchMaxWaitMs >= 1 && fetchMaxWaitMs < fetchTimeoutMs && fetchMaxWaitMs < requestTimeoutMs,
    `a fetch may not wait ${fetchMaxWaitMs} ms: the fetch timeout is ${fetchTimeoutMs} ms, ` +
      `the request timeout ${requestTimeoutMs} ms`,
  );
}
