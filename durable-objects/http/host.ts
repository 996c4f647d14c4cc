/**
 * A controller node as its routes see it: the controller while it takes part, and what an operator may do to the node.
 * `controller-node.ts` implements it.
 */
import type { ClusterEntry } from "../cluster-entry.ts";
import type { Controller } from "../controller.ts";

export interface ControllerHost {
  /** Null until the node is formed, and while it is stopped or an invariant is tripped. */
  readonly voter: Controller | null;
  readonly cluster: ClusterEntry | null;
  readonly nodeId: number;
  /** The invariant that does not hold, or null. */
  readonly tripped: string | null;
  /** Why an operator took the node out, or null. */
  readonly stopped: string | null;
  form(cluster: ClusterEntry): void;
  restart(reason: string): void;
  stop(reason: string): void;
  start(): void;
  wipe(): Promise<void>;
}
