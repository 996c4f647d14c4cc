/** What clients may take (KIP-546). */
import type { Asking, ClusterCalls, Reading } from "./cluster-calls.ts";

/** Whom a quota is of: each part once. */
export type QuotaEntity = readonly {
  readonly entity_type: "user" | "client-id" | "ip";
  /** Null: all that have none of their own. */
  readonly entity_name: string | null;
}[];

export interface ClientQuota {
  readonly entity: QuotaEntity;
  /** By Kafka's names, as `producer_byte_rate`. */
  readonly quotas: Readonly<Record<string, number>>;
}

export interface QuotaChange {
  readonly entity: QuotaEntity;
  /** Null takes a quota away. */
  readonly quotas: Readonly<Record<string, number | null>>;
}

export interface ClientQuotas {
  list(reading?: Reading): Promise<readonly ClientQuota[]>;
  /** Each entity by itself: the first refusal is told, and the others are changed. */
  alter(
    changes: readonly QuotaChange[],
    options?: Asking & { readonly validateOnly?: boolean },
  ): Promise<void>;
}

export const clientQuotasOf = ({ list, write }: ClusterCalls): ClientQuotas => ({
  list: (reading) => list(["client-quotas"], reading),
  alter: async (data, { validateOnly = false, ...asking } = {}) => {
    const body = { data, validate_only: validateOnly };
    await write(["client-quotas"], { tail: ":alter", body, repeatable: true }, asking);
  },
});
