/** Tokens: made, and ended before their time, by an admin. */
import { pathOf, type Caller } from "./caller.ts";
import type { Asking } from "./cluster-calls.ts";

export type Role = "admin" | "operator" | "editor" | "viewer" | "metrics" | "broker" | "gateway";

export interface TokenWish {
  readonly role: Role;
  /** `*` for all. */
  readonly cluster_id?: string;
  readonly broker_ids?: readonly number[];
  readonly principal?: string;
  readonly expires_in_s?: number;
}

export interface MadeToken {
  /** Kept nowhere: this answer alone shows it. */
  readonly token: string;
  readonly id: string;
  readonly role: Role;
  readonly cluster_id: string;
  readonly broker_ids: readonly number[];
  readonly principal: string;
  /** ISO 8601. */
  readonly expires_at: string;
}

export type RevocationWish =
  | { readonly token: string }
  | { readonly id: string; readonly cluster_id: string; readonly expires_at?: string | number }
  | { readonly cluster_id: string; readonly not_before: string | number };

export interface Revoked {
  readonly cluster_id: string;
  readonly not_before: string | null;
  readonly revoked: readonly { readonly id: string; readonly expires_at: string }[];
  readonly unconfirmed: readonly {
    readonly cluster_id: string;
    readonly node_id: number;
    readonly reason: string;
  }[];
  readonly clusters_untold: number;
}

export interface Tokens {
  /** A second time makes another token, and harms nobody: but only what is wanted is made. */
  make(wish: TokenWish, asking?: Asking): Promise<MadeToken>;
  /** Never taken back. */
  revoke(wish: RevocationWish, asking?: Asking): Promise<Revoked>;
}

export const tokensOf = ({ json }: Caller): Tokens => ({
  make: async (body, asking) =>
    (await json<MadeToken>({ ...asking, method: "POST", path: pathOf("tokens"), body })).body,
  revoke: async (body, asking) => {
    const path = `${pathOf("tokens")}:revoke`;
    const call = { ...asking, method: "POST", path, body, repeatable: true } as const;
    return (await json<Revoked>(call)).body;
  },
});
