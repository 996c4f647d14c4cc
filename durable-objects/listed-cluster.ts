/**
 * What the directory lists and what its methods answer. They are called over the platform's RPC, so these are plain
 * values; what would be an error there comes as a value too.
 */
import type { Revocations } from "../src/access/index.ts";
import type { BootstrapUser } from "./bootstrap-users.ts";
import type { Deletion } from "./cluster-deletion.ts";
import {
  clusterEntryIn,
  type ClusterEntry,
  type ClusterPlan,
  type PlannedController,
  type StoredClusterEntry,
} from "./cluster-entry.ts";

/** How far the formation of a listed cluster has come. */
export type Formation =
  | { readonly state: "planned"; readonly cluster: ClusterPlan }
  | { readonly state: "forming" | "formed"; readonly cluster: ClusterEntry };

/** A cluster that is deleted keeps the state to which it can be brought back. */
export type ListedCluster = Formation & { readonly deletion?: Deletion };

/** Reads what the directory has stored: an entry of an earlier build is that of a formed cluster. */
export function parseFormation(text: string): Formation {
  const stored: Formation | StoredClusterEntry = JSON.parse(text);
  return "state" in stored ? stored : { state: "formed", cluster: clusterEntryIn(stored) };
}

/** Who asks for a cluster, and how many that one may have, with those that are deleted and not wiped yet. */
export interface ClusterOwner {
  readonly owner: string;
  readonly ownerMax: number;
}

/**
 * What became of the wish for a cluster: it is listed now, its id was taken, or there are `max` of them already. One
 * that is there was listed with these SCRAM users.
 */
export type Creation =
  | {
      readonly outcome: "created" | "present";
      readonly listed: ListedCluster;
      readonly users: readonly BootstrapUser[];
    }
  | { readonly outcome: "full" | "owner-full"; readonly max: number };

/** A node that is to join a cluster, as far as it matters to who asks. */
export interface NodeWish {
  readonly node_id?: number;
  readonly host?: string;
  readonly port?: number;
  readonly location_hint?: string;
  /** Which voter it is to take the place of. */
  readonly replaces?: number;
}

/**
 * What became of such a wish: the node has its place, its id is another's, there is no such node to take the place of,
 * or there are `max` nodes already.
 */
export type Admission =
  | {
      readonly outcome: "admitted";
      readonly node: PlannedController;
      readonly cluster: ClusterEntry;
    }
  | { readonly outcome: "taken" | "unknown" }
  | { readonly outcome: "full"; readonly max: number };

/** A node that has not confirmed yet what it was told. It is told again until it does. */
export interface Unconfirmed {
  readonly node_id: number;
  readonly reason: string;
}

/** A cluster that is deleted, brought back, wiped or set otherwise, and who has not heard of it. */
export interface Told {
  readonly listed: ListedCluster;
  readonly unconfirmed: readonly Unconfirmed[];
}

/** A controller that has not confirmed yet what is revoked in its cluster. */
export interface UnconfirmedIn extends Unconfirmed {
  readonly cluster_id: string;
}

/** What became of a revocation: it holds, or there are `max` tokens revoked already. */
export type Revoked =
  | {
      readonly outcome: "revoked";
      readonly revocations: Revocations;
      readonly unconfirmed: readonly UnconfirmedIn[];
      /** Clusters that nobody has told yet: the alarm does. */
      readonly clusters_untold: number;
    }
  | { readonly outcome: "full"; readonly max: number };
