/**
 * The arithmetic of moving a partition's replicas (KIP-455): what a reassignment adds and removes, when it is
 * complete, and what giving it up leaves. Lists in, lists out; who decides and what is written is elsewhere.
 */

/** The replica lists of a partition while it is being moved, and after. */
export interface ReassignmentPlan {
  /** The target, and behind it whatever is still to be removed. */
  readonly replicas: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
}

export interface ReplicasAndIsr {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/**
 * The plan that leads from `current` (everything assigned now, an earlier unfinished plan included) to `target`.
 * Both lists of the plan are meant as written, also when empty: nothing of an earlier plan survives.
 */
export function planReassignment(
  current: readonly number[],
  target: readonly number[],
): ReassignmentPlan {
  const removingReplicas = without(current, target).toSorted((a, b) => a - b);
  const addingReplicas = without(target, current).toSorted((a, b) => a - b);
  return { replicas: [...target, ...removingReplicas], removingReplicas, addingReplicas };
}

/**
 * What is left once a reassignment is complete; null while it is not, or when there is none. Every added
 * replica must be in sync; and when fewer are added than removed, so must every one that stays, because the
 * added ones alone would not replace what goes (KAFKA-19975).
 */
export function completedReassignment(
  plan: ReassignmentPlan,
  isr: readonly number[],
): ReplicasAndIsr | null {
  const { removingReplicas, addingReplicas } = plan;
  if (removingReplicas.length === 0 && addingReplicas.length === 0) return null;
  const replicas = without(plan.replicas, removingReplicas);
  const remainingIsr = without(isr, removingReplicas);
  if (replicas.length === 0 || remainingIsr.length === 0) return null;
  const needed = addingReplicas.length < removingReplicas.length ? replicas : addingReplicas;
  if (!needed.every((brokerId) => remainingIsr.includes(brokerId))) return null;
  return { replicas, isr: remainingIsr };
}

/**
 * What giving up an unfinished reassignment leaves. `isUnclean`: no replica of old is in sync, so the first of
 * them is all there is, and records may be lost.
 */
export function revertedReassignment(
  plan: ReassignmentPlan,
  isr: readonly number[],
): ReplicasAndIsr & { readonly isUnclean: boolean } {
  const replicas = without(plan.replicas, plan.addingReplicas);
  const remainingIsr = without(isr, plan.addingReplicas);
  if (remainingIsr.length > 0) return { replicas, isr: remainingIsr, isUnclean: false };
  return { replicas, isr: replicas.slice(0, 1), isUnclean: true };
}

function without(brokers: readonly number[], others: readonly number[]): number[] {
  return brokers.filter((brokerId) => !others.includes(brokerId));
}
