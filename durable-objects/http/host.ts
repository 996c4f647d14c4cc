/**
 * A controller node as its routes see it: the controller while it takes part, and what an operator may do to the node.
 * `controller-node.ts` implements it.
 */
import type { Revocations } from "../../src/access/index.ts";
import type { Deletion } from "../cluster-deletion.ts";
import type { ClusterEntry } from "../cluster-entry.ts";
import type { SettingChanges } from "../cluster-settings.ts";
import type { FormRequest, JoinRequest } from "../contract.ts";
import type { Controller } from "../controller.ts";
import type { Seeding } from "../snapshots/seeding.ts";

/** By how many gateways a node that observes reaches its quorum, and why by none. */
export interface RelayCount {
  readonly count: number;
  readonly problem: string | null;
}

export interface ControllerHost {
  /** Null until the node is formed, and while it is stopped, deleted or an invariant is tripped. */
  readonly voter: Controller | null;
  readonly cluster: ClusterEntry | null;
  readonly nodeId: number;
  /** The invariant that does not hold, or null. */
  readonly tripped: string | null;
  /** Why an operator took the node out, or null. */
  readonly stopped: string | null;
  /** The deletion of its cluster, or null. */
  readonly deletion: Deletion | null;
  /** Why this build must not touch the storage, or null. */
  readonly refused: string | null;
  /** The directory id, drawn with the storage; null while the storage must not be touched. */
  prepare(): string | null;
  /** Why the node cannot be what it is asked to be, or null. */
  form(request: FormRequest): string | null;
  /** The same of a node that joins a cluster that is formed. */
  join(request: JoinRequest): string | null;
  /** What this node's log is to begin after; null while it cannot be given a seed, for it has a log or no storage. */
  readonly seeding: Seeding | null;
  restart(reason: string): void;
  stop(reason: string): Promise<void>;
  /** What the node was doing when it tripped, or null. */
  readonly flightRecord: object | null;
  /** False when the node has tripped and `confirm` is not what it tripped over. */
  start(confirm: string | null): boolean;
  delete(deletion: Deletion): Promise<void>;
  undelete(deletionId: string): void;
  writeAccess(access: Revocations): void;
  changeSettings(changes: SettingChanges): void;
  wipe(): Promise<void>;
  /** Answers the upgrade of a gateway's link. */
  openLink(headers: Headers): Response;
  /** The same of a relay. */
  openRelay(headers: Headers): Response;
  readonly relays: RelayCount;
}
