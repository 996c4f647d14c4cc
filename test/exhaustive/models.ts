/**
 * The models that are explored, and how far. What a bound leaves out is not shown: each is as wide as one machine can
 * exhaust in minutes, `short` in seconds.
 */
import type { Command, Model } from "./model.ts";
import { endOf } from "./stored.ts";

/** A client's record, at whoever leads. The office waits until the leader has committed; the core need not. */
const APPEND: Command = {
  name: "append",
  input: ({ state, stored }, before) => {
    if (state.role.kind !== "leader") return null;
    return {
      kind: "append",
      now: 0,
      epoch: state.election.epoch,
      baseOffset: endOf(stored.log),
      count: 1,
      payload: new Uint8Array([before + 1]),
    };
  },
};

/** A pause may be over at any time, or a replica that was refused would never ask again. */
const OFTEN = Number.POSITIVE_INFINITY;

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
    epochsMax: 3,
    allowed: {
      "timer of role": 2,
      "timer of pause": OFTEN,
      "timer of announce": 1,
      "timer of parked": 1,
      crash: 1,
      loss: 1,
      copy: 1,
      "command append": 2,
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

export const MODELS: readonly Model[] = [ELECTION, REPLICATION];
