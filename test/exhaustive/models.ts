/**
 * The models that are explored, and how far. What a bound leaves out is not shown. `short` is exhausted in seconds.
 */
import { type Input, type VoterChangeRequest, latestVoters } from "../../src/raft/index.ts";
import { voterOf } from "../raft/node-disk.ts";
import { CLUSTER_ID } from "../raft/quorum-driver.ts";
import type { Command, Model } from "./model.ts";
import { nodeId } from "./relabeling.ts";
import { endOf } from "./stored.ts";

/** A client's record, at whoever leads. The office waits until the leader has committed; the core need not. */
const APPEND: Command = {
  name: "append",
  inputs: ({ state, stored }, before) => {
    if (state.role.kind !== "leader") return [];
    const { epoch } = state.election;
    const [baseOffset, payload] = [endOf(stored.log), new Uint8Array([before + 1])];
    return [{ kind: "append", now: 0, epoch, baseOffset, count: 1, payload }];
  },
};

/** Whoever is none is to be a voter. */
const ADD: Command = {
  name: "add a voter",
  inputs: ({ state }) => {
    if (state.role.kind !== "leader") return [];
    const voters = latestVoters(state.voters).map(({ key }) => key.id);
    return NODES.filter((id) => !voters.includes(id)).map((id) => {
      const { key: voter, endpoints } = voterOf(id);
      return asked({ api: "add-raft-voter", ...OURS, voter, endpoints, ackWhenCommitted: true });
    });
  },
};

/** Any voter is to go, the leader too. */
const REMOVE: Command = {
  name: "remove a voter",
  inputs: ({ state }) => {
    if (state.role.kind !== "leader") return [];
    return latestVoters(state.voters).map(({ key: voter }) =>
      asked({ api: "remove-raft-voter", ...OURS, voter }),
    );
  },
};

/** A change that is queued has its turn. Before it others may be appended. */
const PLACE: Command = {
  name: "append the voters",
  inputs: ({ state, stored }) => {
    if (state.role.kind !== "leader" || state.role.change?.phase !== "queued") return [];
    const { epoch } = state.election;
    return [{ kind: "append-voters", now: 0, epoch, baseOffset: endOf(stored.log) }];
  },
};

const OURS = { clusterId: CLUSTER_ID };
const NODES = [0, 1, 2].map(nodeId);

/** One operator asks, with one request at a time. */
const asked = (body: VoterChangeRequest): Input => ({
  kind: "request-received",
  now: 0,
  request: 1,
  body,
});

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

export const MODELS: readonly Model[] = [ELECTION, REPLICATION, MESSAGES, MEMBERSHIP, REMOVAL];
