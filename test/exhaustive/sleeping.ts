/**
 * The models of sleep: quorums that stop everything when there is nothing to do (`src/raft/sleep`). They sleep and wake
 * as often as may be, since that leads back to worlds that are known.
 */
import { APPEND, READ, SLEEP, WAKE } from "./commands.ts";
import { type Model, OFTEN } from "./model.ts";

/** Three voters that sleep when there is nothing to do, and are woken. */
export const SLEEPING: Model = {
  name: "sleep",
  nodes: 3,
  voters: 3,
  maySleep: true,
  begins: "with a leader",
  commands: [APPEND, SLEEP, WAKE],
  full: {
    epochsMax: 2,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      crash: 1,
      "command sleep": OFTEN,
      "command wake": OFTEN,
      "command append": 1,
    },
    demands: {
      states: 1_000_000,
      situations: [
        "a leader of a later epoch",
        "a leader restarted as resigned",
        "a leader deposed by a later epoch",
        "a log truncated",
        "a commit in a later epoch",
        "a commit after a crash",
        "a client's record committed",
        "a quorum all asleep",
        "a follower told to sleep on",
        "a sleeping leader woken by an append",
        "a follower woken by its leader",
        "a sleeper restarted asleep",
        "a leader restarted asleep",
        "an election while the former leader sleeps",
        "an election while the former leader sleeps resigned",
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: {
      "timer of pause": OFTEN,
      crash: 1,
      "command sleep": OFTEN,
      "command wake": OFTEN,
      "command append": 1,
    },
    demands: {
      states: 400_000,
      situations: [
        "a leader of a later epoch",
        "a leader restarted as resigned",
        "a log truncated",
        "a commit in a later epoch",
        "a commit after a crash",
        "a client's record committed",
        "a quorum all asleep",
        "a follower told to sleep on",
        "a sleeping leader woken by an append",
        "a follower woken by its leader",
        "a sleeper restarted asleep",
        "a leader restarted asleep",
      ],
    },
  },
};

/** The same, read from; in the long form messages are lost and come twice. */
export const READS: Model = {
  name: "reads",
  nodes: 3,
  voters: 3,
  maySleep: true,
  begins: "with a leader",
  commands: [READ, SLEEP, WAKE],
  full: {
    epochsMax: 2,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      "timer of read": 1,
      loss: 1,
      copy: 1,
      "command sleep": OFTEN,
      "command wake": OFTEN,
      "command read": 1,
    },
    demands: {
      states: 1_000_000,
      situations: [
        "a quorum all asleep",
        "a follower told to sleep on",
        "a leader of a later epoch",
        "a follower woken by its leader",
        "a read answered in its leader's sleep",
        "a leader woken by a read that times out",
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      "command sleep": OFTEN,
      "command read": 1,
    },
    demands: {
      states: 700_000,
      situations: [
        "a leader of a later epoch",
        "a commit in a later epoch",
        "a quorum all asleep",
        "a read answered in its leader's sleep",
        "an election while the former leader sleeps",
      ],
    },
  },
};
