/** Quotas as a few words: "user=ann,client-id=*" → a rate. */
import type { ClientQuotaRecord } from "../../../src/protocol/index.ts";
import {
  NO_CLIENT_QUOTAS,
  withClientQuota,
  type ClientQuotasImage,
} from "../../../src/metadata/image/client-quotas-image.ts";
import { quotaOfClient, type ClientQuota } from "../../../src/metadata/quotas/client-quota.ts";

const MUTATION_RATE = "controller_mutation_rate";

export const entityOf = (text: string): ClientQuotaRecord["entity"] =>
  text.split(",").map((part) => {
    const [entityType = "", name = ""] = part.split("=");
    return { entityType, entityName: name === "*" ? null : name };
  });

export function quotaNotation(
  rates: Readonly<Record<string, number>>,
  key = MUTATION_RATE,
  into: ClientQuotasImage = NO_CLIENT_QUOTAS,
): ClientQuotasImage {
  let quotas = into;
  for (const [text, value] of Object.entries(rates)) {
    quotas = withClientQuota(quotas, { entity: entityOf(text), key, value, remove: false });
  }
  return quotas;
}

export const clientQuotaOf = (
  quotas: ClientQuotasImage,
  user: string,
  clientId: string,
): ClientQuota | null => quotaOfClient(quotas, MUTATION_RATE, { user, clientId });
