/** Every checker that a world is judged by. */
import { acknowledgedChangesAreCommitted } from "./acknowledged-changes-are-committed.ts";
import { acknowledgedIsCommitted } from "./acknowledged-is-committed.ts";
import { brokersSeeOnlyCommitted } from "./brokers-see-only-committed.ts";
import { changesComeOneAtATime } from "./changes-come-one-at-a-time.ts";
import type { Checker } from "./checker.ts";
import { committedInOwnEpoch } from "./committed-in-own-epoch.ts";
import { committedIsDurable } from "./committed-is-durable.ts";
import { committedIsKept } from "./committed-is-kept.ts";
import { copiesAreNotRun } from "./copies-are-not-run.ts";
import { downloadsAreOfOneLeader } from "./downloads-are-of-one-leader.ts";
import { epochsNeverFall } from "./epochs-never-fall.ts";
import { highWatermarksNeverFall } from "./high-watermarks-never-fall.ts";
import { imagesAgree } from "./images-agree.ts";
import { isrIsTheLeaders } from "./isr-is-the-leaders.ts";
import { logsMatch } from "./logs-match.ts";
import { logsStartAtSnapshots } from "./logs-start-at-snapshots.ts";
import { newcomersHaveCaughtUp } from "./newcomers-have-caught-up.ts";
import { oneLeaderPerEpoch } from "./one-leader-per-epoch.ts";
import { oneVotePerEpoch } from "./one-vote-per-epoch.ts";
import { partitionsAreSound } from "./partitions-are-sound.ts";
import { promisesAreDurable } from "./promises-are-durable.ts";
import { readsAreCurrent } from "./reads-are-current.ts";
import { removedVotersDoNotStand } from "./removed-voters-do-not-stand.ts";
import { sleepersAreLevel } from "./sleepers-are-level.ts";
import { snapshotIsReplay } from "./snapshot-is-replay.ts";
import { voterSetsOverlap } from "./voter-sets-overlap.ts";

export const allCheckers = (): readonly Checker[] => [
  oneVotePerEpoch(),
  oneLeaderPerEpoch(),
  epochsNeverFall(),
  logsMatch(),
  committedIsKept(),
  committedInOwnEpoch(),
  committedIsDurable(),
  highWatermarksNeverFall(),
  promisesAreDurable(),
  acknowledgedIsCommitted(),
  readsAreCurrent(),
  sleepersAreLevel(),
  brokersSeeOnlyCommitted(),
  imagesAgree(),
  partitionsAreSound(),
  isrIsTheLeaders(),
  copiesAreNotRun(),
  snapshotIsReplay(),
  logsStartAtSnapshots(),
  downloadsAreOfOneLeader(),
  voterSetsOverlap(),
  changesComeOneAtATime(),
  newcomersHaveCaughtUp(),
  removedVotersDoNotStand(),
  acknowledgedChangesAreCommitted(),
];
