/** The features of a cluster, and their levels (KIP-584). */
import type { ClusterCalls, Reading } from "./cluster-calls.ts";

export interface Feature {
  readonly name: string;
  /** 0 where there is none. */
  readonly finalized_level: number;
  /** Of `metadata.version` alone, as `4.3-IV0`. */
  readonly finalized_release?: string;
  /** What the controllers understand, from here to the maximum; null where they do not know it. */
  readonly min_supported_level: number | null;
  readonly max_supported_level: number | null;
}

export interface Features {
  list(reading?: Reading): Promise<readonly Feature[]>;
}

export const featuresOf = ({ list }: ClusterCalls): Features => ({
  list: (reading) => list(["features"], reading),
});
