/** Which level of the kraft.version feature a quorum is of, and who can take part in one. */
import type { Voter } from "../messages.ts";

/** The level of the kraft.version feature that every quorum here has (KIP-853): its voters have directory ids. */
export const KRAFT_VERSION = 1;

/** Whether a replica of these versions can take part. */
export const speaksKraft = ({ min, max }: Voter["kraftVersions"]): boolean =>
  min <= KRAFT_VERSION && KRAFT_VERSION <= max;
