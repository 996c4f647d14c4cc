/**
 * The arithmetic of moving a partition's replicas (KIP-455): what a reassignment adds and removes, when it is complete,
 * and what giving it up leaves. Lists in, lists out; who decides and what is written is elsewhere.
 *
 * A move that is changed on the way may come to add a replica that it then does not want. That replica is on both
 * lists: it stays until the move is complete, since it may be in sync, and belongs neither to what completing the move
 * leaves nor to what giving it up does. So the replicas that are not on the list of additions are, at any time and
 * however often the move is changed, those from before it began. Kafka replaces the list of additions by those of the
 * last request, or keeps it where that adds none: a cancellation then leaves replicas that were never there, and a move
 * that waits for a replica to be removed never completes.
 */

/** The replica lists of a partition while it is being moved, and after. */
export interface ReassignmentPlan {
  /** The target, and behind it what is still to be removed. */
  readonly replicas: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
}

export interface ReplicasAndIsr {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** The plan that leads from `current`, which may be the plan of an unfinished move, to `target`. */
export function planReassignment(
  current: Pick<ReassignmentPlan, "replicas" | "addingReplicas">,
  target: readonly number[],
): ReassignmentPlan {
  const { replicas, addingReplicas: added } = current;
  const removingReplicas = without(replicas, target).toSorted((a, b) => a - b);
  const addingReplicas = [...added, ...without(target, replicas)].toSorted((a, b) => a - b);
  return { replicas: [...target, ...removingReplicas], removingReplicas, addingReplicas };
}

/**
 * What is left once a reassignment is complete; null while it is not, or when there is none. Every added replica that
 * is still wanted must be in sync; and when fewer are added than removed, so must every one that stays, because the
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
  const wanted = without(addingReplicas, removingReplicas);
  const needed = wanted.length < removingReplicas.length ? replicas : wanted;
  if (!needed.every((brokerId) => remainingIsr.includes(brokerId))) return null;
  return { replicas, isr: remainingIsr };
}

/**
 * What giving up an unfinished reassignment leaves. `isUnclean`: no replica of old is in sync, or eligible to lead
 * (KIP-966, which Kafka does not ask), so the first of them is all there is, and records may be lost. Null where every
 * replica is being added: no move of ours is like that, but a log that Kafka wrote may hold one.
 */
export function revertedReassignment(
  plan: ReassignmentPlan,
  { isr, elr }: { readonly isr: readonly number[]; readonly elr: readonly number[] },
): (ReplicasAndIsr & { readonly isUnclean: boolean }) | null {
  const replicas = without(plan.replicas, plan.addingReplicas);
  if (replicas.length === 0) return null;
  const remainingIsr = without(isr, plan.addingReplicas);
  const isClean = remainingIsr.length > 0 || elr.some((id) => replicas.includes(id));
  if (isClean) return { replicas, isr: remainingIsr, isUnclean: false };
  return { replicas, isr: replicas.slice(0, 1), isUnclean: true };
}

function without(brokers: readonly number[], others: readonly number[]): number[] {
  return brokers.filter((brokerId) => !others.includes(brokerId));
}
