/**
 * The entry of a cluster as a node says it: what it was formed with, and who votes now by the node's own log. One that
 * has not caught up knows less than the others, and its reader asks on.
 */
import { latestVoters, type Voter } from "../../src/raft/index.ts";
import type { ClusterEntry, NodeEntry } from "../cluster-entry.ts";
import type { ControllerHost } from "./host.ts";

export function entryNow(cluster: ClusterEntry, { voter }: ControllerHost): ClusterEntry {
  // Who votes there is no node of this deployment.
  const voters =
    voter === null || cluster.observed === true ? [] : latestVoters(voter.state.voters);
  const nodes = voters.flatMap((each) => nodeOf(each, cluster) ?? []);
  const isAsFormed =
    nodes.length === cluster.initial_voters.length &&
    nodes.every((node, at) => node === cluster.initial_voters[at]);
  return nodes.length === 0 || isAsFormed ? cluster : { ...cluster, nodes };
}

/**
 * A voter that formed the cluster as its entry says it, with its place. Null without an endpoint: none is written so.
 */
function nodeOf(
  { key, endpoints: [endpoint] }: Voter,
  { initial_voters: founders }: ClusterEntry,
): NodeEntry | null {
  if (endpoint === undefined) return null;
  const { id: nodeId, directoryId } = key;
  const founder = founders.find(({ node_id }) => node_id === nodeId);
  const { host, port } = endpoint;
  const isSame =
    founder?.directory_id === directoryId && founder.host === host && founder.port === port;
  return isSame ? founder : { node_id: nodeId, directory_id: directoryId, host, port };
}
