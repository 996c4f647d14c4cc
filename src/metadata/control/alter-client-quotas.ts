/**
 * AlterClientQuotas (KIP-546, KIP-612): quotas of users, of client ids, of both together, and of addresses are set and
 * removed. An entity is altered wholly or not at all, and the others by themselves. A null name is the default of its
 * type.
 */
import {
  AlterClientQuotas,
  ClientQuotaRecord,
  errorResponse,
  type AlterClientQuotasRequest,
  type AlterClientQuotasResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import {
  quotaEntityKey,
  type ClientQuotasImage,
  type QuotaEntity,
} from "../image/client-quotas-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { EXCESSIVE_BATCH, NO_ERROR, apiError, type ApiError } from "./api-error.ts";
import { isIpAddress } from "../access/ip-address.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";

type Entry = AlterClientQuotasRequest["entries"][number];
type Alteration = Entry["ops"][number];
type QuotaType = "DOUBLE" | "INT" | "LONG";

const OF_CLIENTS: ReadonlyMap<string, QuotaType> = new Map([
  ["producer_byte_rate", "LONG"],
  ["consumer_byte_rate", "LONG"],
  ["request_percentage", "DOUBLE"],
  ["controller_mutation_rate", "DOUBLE"],
]);
const OF_ADDRESSES: ReadonlyMap<string, QuotaType> = new Map([["connection_creation_rate", "INT"]]);

/** By the types of an entity. */
const QUOTAS: ReadonlyMap<string, ReadonlyMap<string, QuotaType>> = new Map([
  ["user", OF_CLIENTS],
  ["client-id", OF_CLIENTS],
  ["ip", OF_ADDRESSES],
]);

/** Above it a whole number of the type is none, as a double says it: Java's largest long is 2^63 then. */
const LARGEST = { INT: ["an INT", 2 ** 31 - 1], LONG: ["a LONG", 2 ** 63] } as const;
/** Less than that beside a whole number is taken for rounding. */
const FRACTION_MAX = 1e-6;

export const alterClientQuotas = operation(AlterClientQuotas, { kind: "write", run });

function run(
  view: MetadataImage,
  request: AlterClientQuotasRequest,
  { apiVersion }: ControlContext,
): ControlResult<AlterClientQuotasResponse> {
  const records: MetadataRecord[] = [];
  const entries: AlterClientQuotasResponse["entries"][number][] = [];
  const byEntity = new Map<string, Entry[]>();
  for (const entry of request.entries) {
    const { entity } = entry;
    const fault = entityFault(entity);
    // What is no entity is not held against others: its names may be of any size and number.
    if (fault !== null) entries.push({ entity, ...invalid(fault) });
    else appendTo(byEntity, quotaEntityKey(entity), entry);
  }
  for (const [key, [first, ...others]] of byEntity) {
    if (first === undefined) continue;
    const { entity } = first;
    const fault = others.length > 0 ? repeated(entity) : quotasFault(first);
    if (fault === null) records.push(...recordsOf(view.clientQuotas, key, first));
    entries.push({ entity, ...(fault ?? NO_ERROR) });
  }
  if (records.length > RECORDS_PER_OPERATION_MAX) {
    const call = { body: request, apiVersion };
    return { records: [], response: errorResponse(AlterClientQuotas, call, EXCESSIVE_BATCH) };
  }
  return {
    records: request.validateOnly ? [] : records,
    response: { throttleTimeMs: 0, entries },
  };
}

function appendTo<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

const invalid = (message: string): ApiError => apiError("INVALID_REQUEST", message);

/** What an entity is refused with that a request names twice, or with a quota named twice. */
function repeated(entity: QuotaEntity): ApiError {
  const parts = entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`);
  return invalid(`Ignoring duplicate entity ClientQuotaEntity(entries={${parts.join(", ")}})`);
}

/** Why an entity cannot have these quotas, in Kafka's words and order; null if it can. */
function quotasFault({ entity, ops }: Entry): ApiError | null {
  if (new Set(ops.map(({ key }) => key)).size !== ops.length) return repeated(entity);
  const quotas = QUOTAS.get(entity[0]?.entityType ?? "");
  for (const each of ops) {
    const message = each.remove ? null : valueFault(each, quotas?.get(each.key));
    if (message !== null) return invalid(message);
  }
  return null;
}

/** As much of a text as a refusal quotes. */
const QUOTED_MAX = 1_000;
const quoted = (text: string): string =>
  text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;

/** Why there is no such entity, in Kafka's words and order; null if there is. */
function entityFault(entity: QuotaEntity): string | null {
  if (entity.length === 0) return "Invalid empty client quota entity";
  const names = new Map<string, string | null>();
  for (const { entityType, entityName } of entity) {
    if (names.has(entityType)) {
      return `Invalid client quota entity, duplicate entity entry ${entityType}`;
    }
    if (!QUOTAS.has(entityType)) return `Unhandled client quota entity type: ${quoted(entityType)}`;
    if (entityName === "") return `Empty ${entityType} not supported`;
    names.set(entityType, entityName);
  }
  const ip = names.get("ip");
  if (ip === undefined) return null;
  if (names.size > 1) {
    // Kafka's own words, letter by letter.
    return "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId";
  }
  return ip === null || isIpAddress(ip)
    ? null
    : `${quoted(ip)} is not a valid IP or resolvable host.`;
}

/** `type` undefined: such an entity has no such quota. */
function valueFault({ key, value }: Alteration, type: QuotaType | undefined): string | null {
  if (type === undefined) return `Invalid configuration key ${quoted(key)}`;
  // Also what is no number at all, which Kafka takes.
  if (!(value > 0)) return `Quota ${key} must be greater than 0`;
  if (type === "DOUBLE") return null;
  const [name, largest] = LARGEST[type];
  if (value > largest) return `Proposed value for ${key} is too large for ${name}.`;
  return value % 1 > FRACTION_MAX ? `${key} cannot be a fractional value.` : null;
}

/** Only what changes is written. */
function* recordsOf(
  quotas: ClientQuotasImage,
  entityKey: string,
  { entity, ops }: Entry,
): Generator<MetadataRecord, void, undefined> {
  const current = quotas.get(entityKey)?.values;
  for (const { key, value, remove } of ops) {
    const before = current?.get(key);
    if (remove ? before === undefined : before === value) continue;
    yield ClientQuotaRecord.of(0, remove ? { entity, key, remove } : { entity, key, value });
  }
}
