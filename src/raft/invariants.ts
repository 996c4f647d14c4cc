/**
 * What must hold between any two steps, checked after every one, in production too: each costs a comparison or
 * two. RULES.md lists I-1 to I-18, says which are checked where, and which are left out and why.
 *
 * They are not the proof that consensus is safe: a replica sees itself alone. They catch the mistakes that
 * would make it dangerous to the others (a second vote, a falling epoch, an acknowledgement taken back) before
 * anything is stored or sent. The simulator's checkers judge the same from outside, over all replicas
 * (`test/sim/checkers`).
 */
import { assert, unreachable } from "../std/assert.ts";
import { nextDeadline } from "./deadlines.ts";
import { isFetch } from "./exchange/connections.ts";
import { sameKey } from "./membership/voter-history.ts";
import { READS_MAX } from "./reading/read-requests.ts";
import type { Follower, Leader, State } from "./state.ts";
import { mayStand } from "./state.ts";

/** Everything that must hold of one state. */
export function check(state: State): void {
  checkLog(state);
  checkSnapshots(state);
  checkRole(state);
  checkSleep(state);
  let fetches = 0;
  for (const { inFlight } of state.connections.values()) {
    if (isFetch(inFlight?.api)) fetches += 1;
  }
  assert(fetches <= 1, `I-12: ${fetches} fetches are under way`);
  assert(
    nextDeadline(state) > state.now,
    `Q-5: ${state.role.kind} at ${state.now}, with ${nextDeadline(state)} left undone`,
  );
}

function checkLog({ log, committed, election }: State): void {
  const { startOffset, endOffset, epochs, snapshots } = log;
  assert(
    committed === null || (startOffset <= committed && committed <= endOffset),
    `I-4: committed ${committed} lies outside the log ${startOffset}..${endOffset}`,
  );
  assert(
    startOffset === 0 || snapshots[0]?.endOffset === startOffset,
    `I-9: the log starts at ${startOffset}, where no snapshot ends`,
  );
  const last = epochs.at(-1);
  const previous = epochs.at(-2);
  assert(
    last === undefined || (last.startOffset < endOffset && last.epoch <= election.epoch),
    `I-6: epoch ${last?.epoch} starts at ${last?.startOffset} of ${endOffset} in ${election.epoch}`,
  );
  assert(
    last === undefined ||
      previous === undefined ||
      (previous.epoch < last.epoch && previous.startOffset < last.startOffset),
    `I-16: epoch ${last?.epoch} follows ${previous?.epoch}`,
  );
}

function checkSnapshots({ log, committed, election }: State): void {
  let below = { endOffset: 0, epoch: 1 };
  for (const { endOffset, epoch } of log.snapshots) {
    assert(
      endOffset > below.endOffset && endOffset <= (committed ?? 0),
      `I-9: a snapshot at ${endOffset}, after ${below.endOffset} and committed ${committed}`,
    );
    assert(
      epoch >= below.epoch && epoch <= election.epoch,
      `I-9: a snapshot of epoch ${epoch}, after ${below.epoch} and in ${election.epoch}`,
    );
    below = { endOffset, epoch };
  }
}

function checkRole(state: State): void {
  const { role, election, config } = state;
  const self = config.local.key;
  const votedSelf = election.votedKey !== null && sameKey(election.votedKey, self);
  switch (role.kind) {
    case "unattached":
      return;
    case "prospective":
      assert(mayStand(state), "I-13: a prospective replica may stand");
      assert(role.granted.has(self.id), "a prospective voter grants itself its pre-vote");
      return;
    case "candidate":
      assert(mayStand(state), "I-13: a candidate may stand");
      assert(votedSelf && election.leaderId === null, "a candidate has voted for itself");
      return;
    case "follower":
      assert(
        election.leaderId === role.leaderId,
        "I-3: a follower follows the leader of its epoch",
      );
      assert(role.leaderId !== self.id, "a follower does not follow itself");
      checkInstalling(role);
      return;
    case "resigned":
      assert(election.leaderId === self.id, "only a leader resigns");
      return;
    case "leader":
      assert(votedSelf && election.leaderId === self.id, "a leader has voted for itself");
      checkLeader(state, role);
      return;
    default:
      unreachable(role);
  }
}

/** Sleep is about a log that is committed whole, and leaves nothing undone. */
function checkSleep({ asleep, role, election, log, committed }: State): void {
  if (asleep === null) return;
  const { epoch, endOffset } = asleep;
  assert(
    epoch === election.epoch && endOffset === log.endOffset && endOffset === committed,
    `I-18: asleep at ${endOffset}@${epoch}, and committed ${committed} of ${log.endOffset}@${election.epoch}`,
  );
  assert(
    role.kind === "leader" || role.kind === "follower" || role.kind === "resigned",
    `I-18: a ${role.kind} sleeps`,
  );
  if (role.kind !== "leader") return;
  assert(
    role.parkedVoters.size === 0 && role.change === null,
    `I-18: a leader sleeps while ${role.parkedVoters.size} voters wait, or their set changes`,
  );
}

function checkInstalling({ installing }: Follower): void {
  if (installing === null) return;
  const { position, size, phase } = installing;
  const isWhole = size !== null && position === size;
  assert(
    (size === null ? position === 0 : position > 0 && position <= size) &&
      isWhole === (phase === "verifying"),
    `N-7: ${phase} at ${position} of ${size} bytes`,
  );
}

function checkLeader({ log, committed }: State, leader: Leader): void {
  const { highWatermark, epochStartOffset } = leader;
  assert(
    highWatermark === null || (highWatermark > epochStartOffset && highWatermark === committed),
    `I-8: the high watermark ${highWatermark} of an epoch that began at ${epochStartOffset}`,
  );
  checkReads(leader);
  for (const { key, endOffset } of leader.voters.values()) {
    assert(
      endOffset === null || endOffset <= log.endOffset,
      `voter ${key.id} acknowledged ${endOffset} of ${log.endOffset}`,
    );
  }
}

function checkReads({ reads, highWatermark }: Leader): void {
  const { waiting, round } = reads;
  assert(
    waiting.length + (round?.reads.length ?? 0) <= READS_MAX,
    `R-4: ${waiting.length} reads wait, and more in a round`,
  );
  if (round === null) return;
  assert(
    round.reads.length > 0 && round.readIndex <= (highWatermark ?? -1),
    `R-3: a round for ${round.reads.length} reads up to ${round.readIndex} of ${highWatermark}`,
  );
}

/** Everything that must hold from one state to the next. */
export function checkStep(before: State, after: State): void {
  const { election: old } = before;
  const { election } = after;
  assert(
    election.epoch >= old.epoch,
    `I-1: the epoch falls from ${old.epoch} to ${election.epoch}`,
  );
  assert(
    (after.committed ?? -1) >= (before.committed ?? -1),
    `I-4: the high watermark falls from ${before.committed} to ${after.committed}`,
  );
  assert(
    after.log.startOffset >= before.log.startOffset,
    `I-9: the log start falls from ${before.log.startOffset} to ${after.log.startOffset}`,
  );
  if (election.epoch !== old.epoch) return;
  assert(
    old.votedKey === null ||
      (election.votedKey !== null && sameKey(old.votedKey, election.votedKey)),
    `I-2: a second vote in epoch ${old.epoch}`,
  );
  assert(
    old.leaderId === null || old.leaderId === election.leaderId,
    `I-3: epoch ${old.epoch} has two leaders, ${old.leaderId} and ${election.leaderId}`,
  );
  if (before.role.kind !== "leader" || after.role.kind !== "leader") return;
  assert(after.log.endOffset >= before.log.endOffset, "a leader does not truncate");
  checkAcknowledgements(before.role, after.role);
}

function checkAcknowledgements(before: Leader, after: Leader): void {
  if (before.voters === after.voters) return;
  for (const [id, { key, endOffset, incarnation }] of after.voters) {
    const former = before.voters.get(id);
    const acknowledged = former !== undefined && sameKey(former.key, key) ? former.endOffset : null;
    assert(
      incarnation === null || (endOffset ?? -1) >= (acknowledged ?? -1),
      `I-14: voter ${id} takes back ${acknowledged} for ${endOffset}`,
    );
  }
}
