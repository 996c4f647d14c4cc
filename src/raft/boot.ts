/**
 * How an incarnation begins: what storage says this replica was, and which role that allows it to take up
 * again. Memory is a cache here; everything not stored is unknown.
 *
 * Storage holds the epoch, its leader if known, and the vote. That decides (S-1 to S-6): a replica that led
 * starts as Resigned, one that stood as Candidate, one that followed as Follower if it knows where its leader
 * listens, and any other as Unattached. What was known to be committed is stored as well, with whatever else was
 * stored: it is committed still, and the shell is told so at once.
 */
import { assert } from "../std/assert.ts";
import { nextWord, seeded } from "../std/random.ts";
import type { RaftConfig } from "./config.ts";
import { checkConfig } from "./config.ts";
import { settleDeadlines } from "./due.ts";
import type { ElectionState } from "./effects.ts";
import {
  announceRole,
  becomeFollower,
  becomeResigned,
  resumeCandidacy,
} from "./election/transitions.ts";
import { check } from "./invariants.ts";
import { logEnd } from "./log-summary.ts";
import { findVoter, latestVoters, sameKey, voterSet } from "./membership/voter-history.ts";
import type { Incarnation, Milliseconds, Offset } from "./messages.ts";
import { NO_FETCHES } from "./replication/waiting-fetches.ts";
import type { DurableImage, State } from "./state.ts";
import { mayStand } from "./state.ts";
import type { Step, Turn } from "./turn.ts";
import { beginTurn, drawElectionDeadline, endTurn, update } from "./turn.ts";

/** When and as what an incarnation begins. */
export interface BootMoment {
  readonly now: Milliseconds;
  readonly seed: number;
  readonly incarnation: Incarnation;
}

/**
 * Starts an incarnation from what its storage holds. `seed` decides all its later chances. `incarnation` is this
 * boot's own: the shell has stored its counter before. The effects are to be performed as those of a step.
 */
export function boot(image: DurableImage, config: RaftConfig, at: BootMoment): Step {
  checkConfig(config);
  checkSnapshots(image);
  const turn = beginTurn(bootState(image, config, at), image.election, image.sleep ?? null);
  update(turn, {
    role: { kind: "unattached", electionDeadline: drawElectionDeadline(turn) },
  });
  const { committed } = turn.state;
  if (committed !== null) turn.effects.push({ kind: "commit", highWatermark: committed });
  resumeRole(turn);
  resumeSleep(turn);
  settleDeadlines(turn);
  check(turn.state);
  return endTurn(turn);
}

function bootState(image: DurableImage, config: RaftConfig, at: BootMoment): State {
  const bootstrap = voterSet(config.bootstrapVoters);
  assert(bootstrap !== null, "the bootstrap voters have distinct ids");
  const { value, random } = nextWord(seeded(at.seed));
  return {
    config,
    random,
    now: at.now,
    clock: at.now,
    election: bootElection(image),
    role: { kind: "unattached", electionDeadline: at.now },
    log: image.log,
    voters: { bootstrap, records: image.voters },
    committed: bootCommitted(image),
    connections: new Map(),
    // An arbitrary start keeps answers to an earlier incarnation from being mistaken; 30 bits fit the wire.
    nextCorrelation: value >>> 2,
    incarnation: at.incarnation,
    joining: image.joining,
    held: NO_FETCHES,
    levelAt: null,
    asleep: null,
  };
}

/**
 * N-6: a snapshot that is ahead of the log is one whose install was cut in half. Storage makes an install whole or not
 * at all, so there is nothing to repair, as there is in Kafka: such a storage is not to be trusted.
 */
function checkSnapshots({ log }: DurableImage): void {
  const newest = log.snapshots.at(-1);
  assert(
    newest === undefined || newest.endOffset <= log.endOffset,
    `N-6: the snapshot at ${newest?.endOffset} is ahead of a log that ends at ${log.endOffset}`,
  );
}

/**
 * What a snapshot holds was committed, and so was what this replica knew to be when it last stored something: it
 * must not be truncated now for having been forgotten (L-1).
 */
function bootCommitted({ log, highWatermark }: DurableImage): Offset | null {
  const snapshotEnd = log.snapshots.at(-1)?.endOffset ?? null;
  if (highWatermark === null) return snapshotEnd;
  return Math.max(highWatermark, snapshotEnd ?? 0);
}

/**
 * A log that is ahead of the stored epoch proves that its last epoch has existed, and nothing about votes in it
 * (S-6). The two are stored in one transaction here, so only storage that was restored in part shows it.
 */
function bootElection({ election, log }: DurableImage): ElectionState {
  const stored = election ?? { epoch: 0, leaderId: null, votedKey: null };
  const last = logEnd(log).epoch;
  return stored.epoch < last ? { epoch: last, leaderId: null, votedKey: null } : stored;
}

/**
 * SL-5: who was asleep is so still, if that agrees with what else is stored. One that led sleeps as Resigned (S-1): it
 * never leads in this epoch again, and says so when it is woken.
 */
function resumeSleep(turn: Turn): void {
  const { storedSleep: sleep, state } = turn;
  const { role, election, log, committed, config } = state;
  if (sleep === null || config.maySleep !== true) return;
  if (role.kind !== "follower" && role.kind !== "resigned") return;
  const isTrue =
    sleep.epoch === election.epoch &&
    sleep.endOffset === log.endOffset &&
    sleep.endOffset === committed;
  if (isTrue) update(turn, { asleep: sleep });
}

/** What the stored election says this replica was, and may be again. */
function resumeRole(turn: Turn): void {
  const { election, config, voters } = turn.state;
  const self = config.local.key;
  const { leaderId, votedKey, epoch } = election;
  if (leaderId === self.id) {
    // A leader that has removed itself, too: none but its own storage can say that it led.
    becomeResigned(turn, epoch);
  } else if (
    mayStand(turn.state) &&
    leaderId === null &&
    votedKey !== null &&
    sameKey(votedKey, self)
  ) {
    resumeCandidacy(turn);
  } else {
    const leader = leaderId === null ? null : findVoter(latestVoters(voters), leaderId);
    if (leader !== null && leader.endpoints.length > 0 && leader.key.id !== self.id) {
      becomeFollower(turn, epoch, { leaderId: leader.key.id, endpoints: leader.endpoints });
    } else {
      announceRole(turn);
    }
  }
}
