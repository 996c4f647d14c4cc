/** Users with SCRAM credentials (KIP-554), which are written and never read. */
import type { Asking, ClusterCalls, Reading } from "./cluster-calls.ts";

export type ScramMechanism = "SCRAM-SHA-256" | "SCRAM-SHA-512";

export interface ScramUser {
  readonly user: string;
  readonly credentials: readonly {
    readonly mechanism: ScramMechanism;
    readonly iterations: number;
  }[];
}

export interface ScramChanges {
  readonly upsertions?: readonly {
    readonly user: string;
    readonly mechanism: ScramMechanism;
    readonly iterations: number;
    /** Base64, like the salted password (RFC 5802). */
    readonly salt: string;
    readonly salted_password: string;
  }[];
  readonly deletions?: readonly { readonly user: string; readonly mechanism: ScramMechanism }[];
}

export interface ScramUsers {
  list(reading?: Reading): Promise<readonly ScramUser[]>;
  /** Each user by itself: the first refusal is told, and the others are changed. */
  alter(changes: ScramChanges, asking?: Asking): Promise<void>;
}

export const scramUsersOf = ({ list, write }: ClusterCalls): ScramUsers => ({
  list: (reading) => list(["scram-users"], reading),
  alter: async (body, asking) => {
    // A deletion that was executed is refused the second time.
    const repeatable = (body.deletions ?? []).length === 0;
    await write(["scram-users"], { tail: ":alter", body, repeatable }, asking);
  },
});
