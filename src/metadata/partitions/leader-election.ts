/**
 * Who leads a partition (KIP-841, KIP-966). One pure choice over lists of broker ids; it neither knows why a
 * broker is acceptable nor writes anything. A clean leader holds every committed record; an unclean one may not,
 * and is taken only where the topic or an operator says so.
 */

/**
 * - `preferred`: the first replica, if it can lead cleanly; else the present leader; else any clean one.
 * - `online`: the present leader, if it still can; else the first clean one.
 * - `unclean`: as `online`, and with no clean one left, the first that is alive at all.
 */
export type Election = "preferred" | "online" | "unclean";

export interface Electorate {
  /** In order of preference. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  /** Eligible leader replicas (KIP-966): clean too, but only heard once the ISR is empty. */
  readonly elr: readonly number[];
  /** The last leader of a partition whose ISR and ELR ran empty; [] where that is not known. */
  readonly lastKnownElr: readonly number[];
  readonly leader: number;
  /** Whether a broker is alive, not leaving, and has the replica's directory online. */
  readonly isAcceptable: (brokerId: number) => boolean;
}

export interface Elected {
  /** -1: nobody can lead. */
  readonly leader: number;
  /** Records that were acknowledged may be missing on this leader. */
  readonly isUnclean: boolean;
}

export function electLeader(electorate: Electorate, election: Election): Elected {
  const { replicas, isr, elr, isAcceptable } = electorate;
  const isClean = (brokerId: number): boolean =>
    isAcceptable(brokerId) &&
    (isr.includes(brokerId) || (isr.length === 0 && elr.includes(brokerId)));

  const preferred = replicas[0];
  if (election === "preferred" && preferred !== undefined && isClean(preferred)) {
    return { leader: preferred, isUnclean: false };
  }
  if (isClean(electorate.leader)) return { leader: electorate.leader, isUnclean: false };
  const clean = replicas.find(isClean);
  if (clean !== undefined) return { leader: clean, isUnclean: false };

  const lastKnown = lastKnownLeader(electorate);
  if (lastKnown !== undefined) return { leader: lastKnown, isUnclean: true };
  const alive = election === "unclean" ? replicas.find(isAcceptable) : undefined;
  if (alive !== undefined) return { leader: alive, isUnclean: true };
  return { leader: -1, isUnclean: false };
}

/** With ISR and ELR empty, the one who led last has lost the least; it must be alive to be asked back. */
function lastKnownLeader(electorate: Electorate): number | undefined {
  const { replicas, isr, elr, lastKnownElr, isAcceptable } = electorate;
  if (isr.length > 0 || elr.length > 0 || lastKnownElr.length !== 1) return undefined;
  return lastKnownElr.find((id) => replicas.includes(id) && isAcceptable(id));
}
