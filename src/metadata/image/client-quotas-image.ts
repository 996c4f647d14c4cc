/**
 * Client quotas by entity (KIP-546). An entity is a set of typed names, whose order says nothing; a null name
 * stands for every entity of that type that has no quota of its own.
 */
import { byText, ImmutableMap } from "../../std/immutable-map.ts";
import type { ClientQuotaRecord } from "../../protocol/index.ts";

export type QuotaEntity = ClientQuotaRecord["entity"];

export interface EntityQuotas {
  /** Sorted by type. */
  readonly entity: QuotaEntity;
  readonly values: ReadonlyMap<string, number>;
}

/** By `quotaEntityKey`; an entity without quotas has no entry. */
export type ClientQuotasImage = ImmutableMap<string, EntityQuotas>;

export const NO_CLIENT_QUOTAS: ClientQuotasImage = ImmutableMap.empty(byText);

const sortedEntity = (entity: QuotaEntity): QuotaEntity =>
  entity.toSorted((a, b) => (a.entityType < b.entityType ? -1 : 1));

/** One text for one entity, however its parts are ordered. */
export const quotaEntityKey = (entity: QuotaEntity): string =>
  JSON.stringify(sortedEntity(entity).map((part) => [part.entityType, part.entityName]));

export function withClientQuota(
  quotas: ClientQuotasImage,
  record: ClientQuotaRecord,
): ClientQuotasImage {
  const key = quotaEntityKey(record.entity);
  const values = new Map(quotas.get(key)?.values);
  if (record.remove) values.delete(record.key);
  else values.set(record.key, record.value);
  if (values.size === 0) return quotas.delete(key);
  return quotas.set(key, { entity: sortedEntity(record.entity), values });
}
