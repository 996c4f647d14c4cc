/**
 * The models that are explored, and how far. What a bound leaves out is not shown. `short` is exhausted in seconds.
 */
import { ADD, APPEND, PLACE, REMOVE } from "./commands.ts";
import { type Model, OFTEN } from "./model.ts";
import { READS, SLEEPING } from "./sleeping.ts";

/** Three voters, and nobody leads. */
const ELECTION: Model = {
  name: "election",
  nodes: 3,
  voters: 3,
  begins: "without a leader",
  commands: [],
  full: {
    epochsMax: 2,
    allowed: { "timer of role": 2, "timer of pause": OFTEN, crash: 1 },
    demands: {
      states: 1_000_000,
      situations: [
        "a leader of a later epoch",
        "two candidates of one epoch",
        "a candidate restarted in its epoch",
        "a leader restarted as resigned",
        "a leader deposed by a later epoch",
        "a log truncated",
        "a commit in a later epoch",
        "a commit after a crash",
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: { "timer of role": 1, "timer of pause": OFTEN, crash: 1 },
    demands: {
      states: 500_000,
      situations: [
        "a leader of a later epoch",
        "a candidate restarted in its epoch",
        "a leader restarted as resigned",
        "a log truncated",
        "a commit in a later epoch",
        "a commit after a crash",
      ],
    },
  },
};

/** Three voters that follow one of them, and a client. */
const REPLICATION: Model = {
  name: "replication",
  nodes: 3,
  voters: 3,
  begins: "with a leader",
  commands: [APPEND],
  full: {
    epochsMax: 2,
    allowed: { "timer of role": 1, "timer of pause": OFTEN, crash: 1, "command append": 1 },
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
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: { "timer of role": 1, "timer of pause": OFTEN, "command append": 1 },
    demands: {
      states: 150_000,
      situations: [
        "a leader of a later epoch",
        "a log truncated",
        "a commit in a later epoch",
        "a client's record committed",
      ],
    },
  },
};

/** The same, where messages are lost and come twice, and everything is said again. */
const MESSAGES: Model = {
  name: "messages",
  nodes: 3,
  voters: 3,
  begins: "with a leader",
  commands: [APPEND],
  full: {
    epochsMax: 2,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      "timer of announce": 1,
      "timer of parked": 1,
      loss: 1,
      copy: 1,
      "command append": 2,
    },
    demands: {
      states: 1_000_000,
      situations: [
        "a leader of a later epoch",
        "a log truncated",
        "a commit in a later epoch",
        "a client's record committed",
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: {
      "timer of pause": OFTEN,
      "timer of announce": 1,
      "timer of parked": 1,
      loss: 1,
      copy: 1,
      "command append": 1,
    },
    demands: { states: 80_000, situations: ["a client's record committed"] },
  },
};

/** Two voters and an observer that becomes one, while any of them may be removed. */
const MEMBERSHIP: Model = {
  name: "membership",
  nodes: 3,
  voters: 2,
  begins: "with a leader",
  commands: [ADD, REMOVE, PLACE],
  full: {
    epochsMax: 3,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      crash: 1,
      "command add a voter": 1,
      "command remove a voter": 1,
      "command append the voters": OFTEN,
    },
    demands: {
      states: 1_000_000,
      situations: [
        "a leader of a later epoch",
        "a leader restarted as resigned",
        "a log truncated",
        "a commit in a later epoch",
        "a commit after a crash",
        "a voter added",
        "a voter removed",
        "a leader removed itself",
        "a set of voters taken back",
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: {
      "timer of pause": OFTEN,
      loss: 1,
      "command add a voter": 1,
      "command remove a voter": 1,
      "command append the voters": OFTEN,
    },
    demands: {
      states: 80_000,
      situations: [
        "a leader of a later epoch",
        "a commit in a later epoch",
        "a voter added",
        "a voter removed",
        "a leader removed itself",
      ],
    },
  },
};

/** Three voters, one of which is removed and may come back: a set can be in force at some and be taken back. */
const REMOVAL: Model = {
  name: "removal",
  nodes: 3,
  voters: 3,
  begins: "with a leader",
  commands: [ADD, REMOVE, PLACE],
  full: {
    epochsMax: 3,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      crash: 1,
      "command add a voter": 1,
      "command remove a voter": 1,
      "command append the voters": OFTEN,
    },
    demands: {
      states: 1_000_000,
      situations: [
        "a leader of a later epoch",
        "two candidates of one epoch",
        "a candidate restarted in its epoch",
        "a leader restarted as resigned",
        "a commit after a crash",
        "a voter added",
        "a voter removed",
        "a leader removed itself",
        "a set of voters taken back",
      ],
    },
  },
  short: {
    epochsMax: 2,
    allowed: {
      "timer of role": 1,
      "timer of pause": OFTEN,
      "command remove a voter": 1,
      "command append the voters": OFTEN,
    },
    demands: {
      states: 100_000,
      situations: [
        "a leader of a later epoch",
        "two candidates of one epoch",
        "a commit in a later epoch",
        "a voter removed",
        "a leader removed itself",
        "a set of voters taken back",
      ],
    },
  },
};

export const MODELS: readonly Model[] = [
  ELECTION,
  REPLICATION,
  MESSAGES,
  MEMBERSHIP,
  REMOVAL,
  SLEEPING,
  READS,
];
