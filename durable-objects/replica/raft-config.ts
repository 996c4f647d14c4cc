/**
 * The consensus core's configuration for one voter of a cluster: who it is, and the initial voters as bootstrap voters.
 * They count until the log holds a voter set; from then on the core goes by the log (KIP-853). The time-outs are
 * settings of the cluster; ones that do not suit it cost elections, never data.
 */
import { DEFAULT_TIMEOUTS, type RaftConfig, type Voter } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { ClusterEntry, ControllerEntry } from "../cluster-entry.ts";
import { settingsOf, type QuorumSettings } from "../cluster-settings.ts";
import { CONTROLLER_LISTENER } from "./metadata-partition.ts";

/** kraft.version 0 (static voters) has never existed here, but a voter says that it could be read. */
const KRAFT_VERSIONS = { min: 0, max: 1 } as const;

/** A node that has joined knows no voters before its log says them (KAFKA-16842), only whom to ask. */
export function joinedConfig(
  cluster: ClusterEntry,
  { own, servers }: { readonly own: ControllerEntry; readonly servers: readonly number[] },
): RaftConfig {
  return {
    ...timeouts(settingsOf(cluster)),
    maySleep: true,
    clusterId: cluster.cluster_id,
    local: voterOf(own),
    bootstrapVoters: [],
    bootstrapServers: servers,
  };
}

/** Any server that a gateway was told: ids below zero are those of bootstrap servers in Kafka, too. */
export const ANY_SERVER = -2;

/** The node that observes a cluster which others run. Whom to ask its gateway knows, and then the answers. */
export function observerConfig(cluster: ClusterEntry, nodeId: number): RaftConfig {
  return {
    ...raftConfig(cluster, nodeId),
    bootstrapVoters: [],
    bootstrapServers: [ANY_SERVER],
    observesOnly: true,
  };
}

/** A node that has formed its cluster. */
export function raftConfig(cluster: ClusterEntry, nodeId: number): RaftConfig {
  const voters = initialVoters(cluster);
  const local = voters.find((voter) => voter.key.id === nodeId);
  assert(
    local !== undefined,
    `node ${nodeId} is not an initial voter of cluster ${cluster.cluster_id}`,
  );
  return {
    ...timeouts(settingsOf(cluster)),
    maySleep: true,
    clusterId: cluster.cluster_id,
    local,
    bootstrapVoters: voters,
    bootstrapServers: voters.map((voter) => voter.key.id),
  };
}

/** The voters that the quorum of a cluster begins with. */
export const initialVoters = (cluster: ClusterEntry): readonly Voter[] =>
  cluster.initial_voters.map(voterOf);

/** How long a leader may hold a voter's Fetch: Kafka's 500 ms, where that is well below the time-outs. */
const FETCH_MAX_WAIT_MS = 500;

function timeouts(settings: QuorumSettings) {
  const fetchTimeoutMs = settings["controller.quorum.fetch.timeout.ms"];
  const requestTimeoutMs = settings["controller.quorum.request.timeout.ms"];
  return {
    ...DEFAULT_TIMEOUTS,
    electionTimeoutMs: settings["controller.quorum.election.timeout.ms"],
    electionBackoffMaxMs: settings["controller.quorum.election.backoff.max.ms"],
    fetchTimeoutMs,
    fetchMaxWaitMs: Math.min(
      FETCH_MAX_WAIT_MS,
      Math.floor(Math.min(fetchTimeoutMs, requestTimeoutMs) * 0.4),
    ),
    requestTimeoutMs,
    retryBackoffMs: settings["controller.quorum.retry.backoff.ms"],
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
