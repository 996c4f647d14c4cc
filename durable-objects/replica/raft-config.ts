/**
 * The consensus core's configuration for one voter of a cluster: who it is, and the initial voters as bootstrap voters.
 * They count until the log holds a voter set; from then on the core goes by the log (KIP-853). The time-outs are Kafka's defaults, which suit objects of one continent; a spread-out quorum pays with
 * elections, never with data.
 */
import { DEFAULT_TIMEOUTS, type RaftConfig, type Voter } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { ClusterEntry, ControllerEntry } from "../cluster-entry.ts";
import { CONTROLLER_LISTENER } from "./metadata-partition.ts";

/** kraft.version 0 (static voters) has never existed here, but a voter says that it could be read. */
const KRAFT_VERSIONS = { min: 0, max: 1 } as const;

export function raftConfig(cluster: ClusterEntry, nodeId: number): RaftConfig {
  const voters = cluster.initial_voters.map(voterOf);
  const local = voters.find((voter) => voter.key.id === nodeId);
  assert(
    local !== undefined,
    `node ${nodeId} is not an initial voter of cluster ${cluster.cluster_id}`,
  );
  return {
    ...DEFAULT_TIMEOUTS,
    clusterId: cluster.cluster_id,
    local,
    bootstrapVoters: voters,
    bootstrapServers: voters.map((voter) => voter.key.id),
  };
}

function voterOf(controller: ControllerEntry): Voter {
  const { node_id: id, directory_id: directoryId, host, port } = controller;
  return {
    key: { id, directoryId },
    endpoints: [{ name: CONTROLLER_LISTENER, host, port }],
    kraftVersions: KRAFT_VERSIONS,
  };
}
