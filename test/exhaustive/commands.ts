/**
 * What an application or an operator may ask of the replicas of a model.
 */
import { type Input, type VoterChangeRequest, latestVoters } from "../../src/raft/index.ts";
import { voterOf } from "../raft/node-disk.ts";
import { CLUSTER_ID } from "../raft/quorum-driver.ts";
import { readId } from "./laws.ts";
import type { Command } from "./model.ts";
import { nodeId } from "./relabeling.ts";
import { endOf } from "./stored.ts";

/** A client's record, at whoever leads. The office waits until the leader has committed; the core need not. */
export const APPEND: Command = {
  name: "append",
  inputs: ({ state, stored }, before) => {
    if (state.role.kind !== "leader") return [];
    const { epoch } = state.election;
    const [baseOffset, payload] = [endOf(stored.log), new Uint8Array([before + 1])];
    return [{ kind: "append", now: 0, epoch, baseOffset, count: 1, payload }];
  },
};

/** The application of a leader has nothing to do. That time stands still here is as good as any quiet: none is asked. */
export const SLEEP: Command = {
  name: "sleep",
  inputs: ({ state: { role, election } }) =>
    role.kind === "leader" ? [{ kind: "sleep", now: 0, epoch: election.epoch, quietMs: 0 }] : [],
};

/** Somebody wants something of a sleeper: a gateway that does not reach the leader, an operator. */
export const WAKE: Command = {
  name: "wake",
  inputs: ({ state }) => (state.asleep === null ? [] : [{ kind: "wake", now: 0 }]),
};

/** Somebody wants to read at whoever leads what is certainly current. */
export const READ: Command = {
  name: "read",
  inputs: ({ state }, _, committed) =>
    state.role.kind === "leader" ? [{ kind: "read", now: 0, request: readId(committed) }] : [],
};

/** Whoever is none is to be a voter. */
export const ADD: Command = {
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
export const REMOVE: Command = {
  name: "remove a voter",
  inputs: ({ state }) => {
    if (state.role.kind !== "leader") return [];
    return latestVoters(state.voters).map(({ key: voter }) =>
      asked({ api: "remove-raft-voter", ...OURS, voter }),
    );
  },
};

/** A change that is queued has its turn. Before it others may be appended. */
export const PLACE: Command = {
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
