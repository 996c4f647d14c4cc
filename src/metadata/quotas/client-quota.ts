/**
 * Which quota of a kind holds for a client, and who shares it (KIP-124, KIP-257): the entity that says most about the
 * client decides, and users come before client ids. Kafka: `ClientQuotaManager`, its default callback.
 */
import {
  quotaEntityKey,
  type ClientQuotasImage,
  type QuotaEntity,
} from "../image/client-quotas-image.ts";

/** Who asks: a principal's name without its type, and what the client calls itself; "" where it does not. */
export interface Client {
  readonly user: string;
  readonly clientId: string;
}

export interface ClientQuota {
  readonly limit: number;
  /** The same text for the clients that share what the quota gives; those of one default entity do not. */
  readonly sharedBy: string;
}

/** Null where nothing limits the client. `key`: of the quota, as `controller_mutation_rate`. */
export function quotaOfClient(
  quotas: ClientQuotasImage,
  key: string,
  client: Client,
): ClientQuota | null {
  if (quotas.size === 0) return null;
  for (const { entity, isOfUser, isOfClientId } of levelsOf(client)) {
    const limit = quotas.get(quotaEntityKey(entity))?.values.get(key);
    if (limit === undefined) continue;
    const user = isOfUser ? client.user : "";
    const clientId = isOfClientId ? client.clientId : "";
    const names = [user, clientId].map((name) => name.slice(0, NAME_LETTERS_MAX));
    return { limit, sharedBy: JSON.stringify(names) };
  }
  return null;
}

/** A name may have 32,767 letters, which nobody keeps a thousand times: those that agree in so many share. */
const NAME_LETTERS_MAX = 250;

interface Level {
  readonly entity: QuotaEntity;
  readonly isOfUser: boolean;
  readonly isOfClientId: boolean;
}

/** In the order of Kafka's precedence. A client without an id is of no entity that has one, the default included. */
function* levelsOf({ user, clientId }: Client): Generator<Level, void, undefined> {
  const ids = clientId === "" ? [undefined] : [clientId, null, undefined];
  for (const userName of [user, null]) for (const id of ids) yield level(userName, id);
  for (const id of ids) if (id !== undefined) yield level(undefined, id);
}

function level(user: string | null | undefined, clientId: string | null | undefined): Level {
  const isOfUser = user !== undefined;
  const isOfClientId = clientId !== undefined;
  const entity = [
    ...(isOfUser ? [{ entityType: "user", entityName: user }] : []),
    ...(isOfClientId ? [{ entityType: "client-id", entityName: clientId }] : []),
  ];
  return { entity, isOfUser, isOfClientId };
}
