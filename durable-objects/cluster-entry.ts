/**
 * A cluster as the directory lists it and as each of its controllers was formed: what identifies it, which never
 * changes, and the voters that it began with. Who votes *now* stands in the log and nowhere else (KIP-853): a
 * controller reads it from raft's voter history.
 *
 * A cluster is listed as a plan first: directory ids are drawn by the nodes together with their storages. When all
 * are known they are fixed, once; the cluster is formed when its first leader has committed its first records.
 */
import type { Revocations } from "../src/access/index.ts";
import { isRevocations } from "./cluster-access.ts";
import {
  isSettingChanges,
  type ClusterSettings,
  type SettingChanges,
  type TopicDefaults,
} from "./cluster-settings.ts";
import { conforms, isInteger, isText, type Check, type Checks } from "./conforms.ts";
import { isJurisdiction, type Jurisdiction } from "./jurisdictions.ts";

/** What never changes while a cluster lives. */
export interface ClusterIdentity {
  /** A Kafka uuid: 22 characters of base64url. */
  readonly cluster_id: string;
  /** The level that the bootstrap records finalize; 0 in a cluster that is observed, which others began. */
  readonly metadata_version: number;
  /** Milliseconds since the Unix epoch. */
  readonly created_ms: number;
  /** As they were chosen or completed by the build that created it: `settingsOf` knows what that left out. */
  readonly settings?: Partial<ClusterSettings>;
  /** The levels of other features that the bootstrap records finalize, where they are not the usual ones. */
  readonly features?: Readonly<Record<string, number>>;
  /** Configs of all brokers that the bootstrap records set. */
  readonly topic_defaults?: TopicDefaults;
  /** Where its objects must stay; part of their ids. Absent where they may be anywhere. */
  readonly jurisdiction?: Jurisdiction;
  /** Absent in a cluster that began with nothing. */
  readonly fork_of?: ForkOrigin;
  /** Others run its quorum, and its one node observes it; `initial_voters` is that node, which votes never. */
  readonly observed?: true;
}

/** Of which cluster, and of which state of it, another one is a fork. */
export interface ForkOrigin {
  readonly cluster_id: string;
  /** Tells it from a later cluster of the same id. */
  readonly created_ms: number;
  /** The last record that the fork begins with: its log goes on from there. */
  readonly offset: number;
  /** That record's epoch. */
  readonly epoch: number;
  /** As it was asked for; null for the newest state. */
  readonly at_offset: number | null;
}

/** A node that is to be an initial voter; `host:port` is its CONTROLLER endpoint (KIP-853). */
export interface PlannedController {
  readonly node_id: number;
  readonly host: string;
  readonly port: number;
  /** Where the platform should place the object: one of its location hints. Counts at first use only. */
  readonly location_hint?: string;
}

/** One initial voter. Its identity is (`node_id`, `directory_id`). */
export interface ControllerEntry extends PlannedController {
  /** A Kafka uuid, drawn by the node together with its storage and never given to another. */
  readonly directory_id: string;
}

/** A node of a cluster as it is now. */
export interface NodeEntry extends PlannedController {
  /** Absent where nobody has heard of it yet: the node is being prepared. */
  readonly directory_id?: string;
}

/** A cluster that is being formed: who is to vote is known, with which storages is not. */
export interface ClusterPlan extends ClusterIdentity {
  /** In the order of their ids. */
  readonly planned_voters: readonly PlannedController[];
}

/** What an active controller is told of its cluster. */
export interface GovernedCluster extends ClusterIdentity {
  /** What was changed of its settings; absent until something is. Never stored with the entry. */
  readonly setting_changes?: SettingChanges;
}

/** A cluster whose initial voters are fixed. */
export interface ClusterEntry extends GovernedCluster {
  /** The voters that formed the quorum, in the order of their ids. */
  readonly initial_voters: readonly ControllerEntry[];
  /**
   * Which nodes it has now; absent while it has those that formed it. As the directory says it, with those that are yet
   * to become voters; as a controller says it, the voters of its log. Never stored with the entry.
   */
  readonly nodes?: readonly NodeEntry[];
  /** Which tokens are revoked here; absent until one is. Never stored with the entry either. */
  readonly access?: Revocations;
}

/** The nodes that form a cluster, whether their storages are known yet or not. */
export const foundersOf = (cluster: ClusterPlan | ClusterEntry): readonly PlannedController[] =>
  "initial_voters" in cluster ? cluster.initial_voters : cluster.planned_voters;

/** The nodes that a cluster has now. */
export const nodesOf = (cluster: ClusterPlan | ClusterEntry): readonly NodeEntry[] =>
  "initial_voters" in cluster ? (cluster.nodes ?? cluster.initial_voters) : cluster.planned_voters;

/** The plan with the directory ids that its nodes have drawn; null while one is missing. */
export function fixVoters(
  { planned_voters: planned, ...identity }: ClusterPlan,
  directoryIds: ReadonlyMap<number, string>,
): ClusterEntry | null {
  const voters = planned.flatMap(({ node_id: nodeId, ...endpoint }) => {
    const directoryId = directoryIds.get(nodeId);
    return directoryId === undefined
      ? []
      : [{ node_id: nodeId, directory_id: directoryId, ...endpoint }];
  });
  return voters.length === planned.length ? { ...identity, initial_voters: voters } : null;
}

/** The entry as the first builds stored it, under the name that the HTTP interface still shows. */
interface FirstClusterEntry extends ClusterIdentity {
  readonly controllers: readonly ControllerEntry[];
}

/** An entry as some build of this one's past has stored it. */
export type StoredClusterEntry = ClusterEntry | FirstClusterEntry;

/** Reads the entry that a node was formed with, of this build or an earlier one. */
export function parseClusterEntry(text: string): ClusterEntry {
  const stored: StoredClusterEntry = JSON.parse(text);
  return clusterEntryIn(stored);
}

/** The entry in the words of this build. */
export function clusterEntryIn(stored: StoredClusterEntry): ClusterEntry {
  if ("initial_voters" in stored) return stored;
  const { controllers, ...identity } = stored;
  return { ...identity, initial_voters: controllers };
}

const isVoter: Check = (value) =>
  conforms(value, { node_id: isInteger, directory_id: isText, host: isText, port: isInteger });

const isNode: Check = (value) =>
  conforms(value, { node_id: isInteger, host: isText, port: isInteger });

const isAbsentOrObject: Check = (value) =>
  value === undefined || (typeof value === "object" && value !== null);

const CLUSTER_ENTRY = {
  cluster_id: isText,
  metadata_version: isInteger,
  created_ms: isInteger,
  settings: isAbsentOrObject,
  features: isAbsentOrObject,
  topic_defaults: isAbsentOrObject,
  setting_changes: (value) => value === undefined || isSettingChanges(value),
  fork_of: isAbsentOrObject,
  observed: (value) => value === undefined || value === true,
  jurisdiction: (value) =>
    value === undefined || (typeof value === "string" && isJurisdiction(value)),
  nodes: (value) =>
    value === undefined || (Array.isArray(value) && value.length > 0 && value.every(isNode)),
  initial_voters: (value) => Array.isArray(value) && value.length > 0 && value.every(isVoter),
  access: (value) => value === undefined || isRevocations(value),
} satisfies Checks<ClusterEntry>;

/** Whether what a node answered is an entry. */
export const isClusterEntry = (value: unknown): value is ClusterEntry =>
  conforms(value, CLUSTER_ENTRY);

/** The name of a controller's object: it learns its cluster and its id from nowhere else. */
export const controllerName = (clusterId: string, nodeId: number): string =>
  `${clusterId}/${nodeId}`;

/**
 * Whether a node that is to be formed has what its log must begin after: the state that its cluster is a fork of, or
 * nothing. `snapshots` are those that it has whole.
 */
export function isSeededFor(
  { fork_of: origin }: ClusterEntry,
  snapshots: readonly { readonly endOffset: number; readonly epoch: number }[],
): boolean {
  if (origin === undefined) return snapshots.length === 0;
  return (
    snapshots.length === 1 &&
    snapshots[0]?.endOffset === origin.offset + 1 &&
    snapshots[0].epoch === origin.epoch
  );
}
