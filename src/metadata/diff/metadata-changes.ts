/**
 * What is different in a later image: one change for each thing that came, went or is not what it was, in the order of
 * a snapshot's areas. It says nothing of how often something changed in between; that is in the log.
 *
 * A generator: a broker that is fenced changes as many partitions as it leads, and the caller decides how many it can
 * take. Where the later image came about from the earlier one, what they share is passed over.
 */
import type { BrokerRegistration, ControllerRegistration } from "../image/cluster-image.ts";
import { CONFIG_RESOURCE, type ResourceConfigs } from "../image/configs-image.ts";
import { finalizedLevels, type FeaturesImage } from "../image/features-image.ts";
import type { MetadataContents } from "../image/metadata-image.ts";
import { changedRows } from "../image/changed-rows.ts";
import { extendsSlots } from "../image/replica-slots.ts";
import type { Topic, TopicsImage } from "../image/topics-image.ts";
import { byUuid } from "../image/uuid-order.ts";
import { byNumber, byText } from "../../std/immutable-map.ts";
import { isSensitive } from "../configs/definitions.ts";
import { changedEntries } from "./changed-entries.ts";
import { changedFields, type FieldChange } from "./changed-fields.ts";

export type ChangedEntity =
  | "FEATURE"
  | "BROKER"
  | "CONTROLLER"
  | "TOPIC"
  | "PARTITION"
  | "CONFIG"
  | "CLIENT_QUOTA"
  | "PRODUCER_IDS"
  | "ACL"
  | "SCRAM_CREDENTIAL"
  | "DELEGATION_TOKEN";

export interface MetadataChange {
  readonly entity: ChangedEntity;
  readonly change: "CREATED" | "CHANGED" | "DELETED";
  /** Which one it is. */
  readonly id: Readonly<Record<string, unknown>>;
  /** What is different in it, under Kafka's names; secrets are told without their values. */
  readonly fields: readonly FieldChange[];
}

type Changes = Generator<MetadataChange, void, undefined>;

/** What `after` has, lacks or says differently. */
export function* metadataChanges(before: MetadataContents, after: MetadataContents): Changes {
  yield* featureChanges(before.features, after.features);
  yield* registrationChanges("BROKER", before.cluster.brokers, after.cluster.brokers);
  yield* registrationChanges("CONTROLLER", before.cluster.controllers, after.cluster.controllers);
  yield* topicChanges(before.topics, after.topics);
  for (const entry of changedEntries(before.configs, after.configs, byText)) {
    yield* configChanges(entry.before, entry.after);
  }
  for (const entry of changedEntries(before.clientQuotas, after.clientQuotas, byText)) {
    const entity = (entry.after ?? entry.before)?.entity ?? [];
    for (const [key, from, to] of changedValues(entry.before?.values, entry.after?.values)) {
      yield* changeOf(
        "CLIENT_QUOTA",
        { entity, key },
        fieldOf("value", from),
        fieldOf("value", to),
      );
    }
  }
  yield* producerIdChanges(before.producerIds.nextProducerId, after.producerIds.nextProducerId);
  for (const { key, ...entry } of changedEntries(before.acls.byId, after.acls.byId, byUuid)) {
    yield* changeOf("ACL", { id: key }, without("id", entry.before), without("id", entry.after));
  }
  for (const entry of changedEntries(before.scram, after.scram, byText)) {
    const { name = "", mechanism = 0 } = entry.after ?? entry.before ?? {};
    yield* withoutValues(
      changeOf("SCRAM_CREDENTIAL", { name, mechanism }, entry.before, entry.after),
    );
  }
  const tokens = [before.delegationTokens, after.delegationTokens] as const;
  for (const { key, ...entry } of changedEntries(...tokens, byText)) {
    const [was, is] = [entry.before, entry.after].map((token) => without("tokenId", token));
    yield* changeOf("DELEGATION_TOKEN", { tokenId: key }, was, is);
  }
}

/** One change, or none where nothing of it is different. */
function* changeOf(
  entity: ChangedEntity,
  id: MetadataChange["id"],
  before: object | undefined,
  after: object | undefined,
): Changes {
  const fields = changedFields(before, after);
  if (before === undefined && after !== undefined) yield { entity, change: "CREATED", id, fields };
  else if (after === undefined && before !== undefined)
    yield { entity, change: "DELETED", id, fields };
  else if (fields.length > 0) yield { entity, change: "CHANGED", id, fields };
}

const fieldOf = (name: string, value: unknown): object | undefined =>
  value === undefined ? undefined : { [name]: value };

function* featureChanges(before: FeaturesImage, after: FeaturesImage): Changes {
  const levels = [before, after].map(
    (features) => new Map(finalizedLevels(features).map(({ name, level }) => [name, level])),
  );
  for (const [name, from, to] of changedValues(levels[0], levels[1])) {
    yield* changeOf(
      "FEATURE",
      { name },
      fieldOf("featureLevel", from),
      fieldOf("featureLevel", to),
    );
  }
}

type Registration = BrokerRegistration | ControllerRegistration;

function* registrationChanges(
  entity: "BROKER" | "CONTROLLER",
  before: Iterable<readonly [number, Registration]>,
  after: Iterable<readonly [number, Registration]>,
): Changes {
  const name = entity === "BROKER" ? "brokerId" : "controllerId";
  for (const { key, ...entry } of changedEntries(before, after, byNumber)) {
    yield* changeOf(
      entity,
      { [name]: key },
      without("id", entry.before),
      without("id", entry.after),
    );
  }
}

/** The fields of a value but the one that says which it is. */
function without(name: string, value: object | undefined): object | undefined {
  if (value === undefined) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([field]) => field !== name));
}

/** A topic that came or went is one change; the partitions of one that stayed are changes of their own. */
function* topicChanges(before: TopicsImage, after: TopicsImage): Changes {
  const hasOneTable = extendsSlots(before.slots, after.slots);
  for (const { key: topicId, before: old, after: now } of changedEntries(
    before.byId,
    after.byId,
    byUuid,
  )) {
    const topic = now ?? old;
    if (topic === undefined) continue;
    yield* changeOf("TOPIC", { topicId, name: topic.name }, countOf(old), countOf(now));
    if (old === undefined || now === undefined) continue;
    const rows = changedRows(
      { rows: old.rows, slots: before.slots },
      { rows: now.rows, slots: after.slots },
      hasOneTable,
    );
    for (const { partitionId, before: was, after: is } of rows) {
      const id = { topicId, name: topic.name, partitionId };
      yield* changeOf("PARTITION", id, was ?? undefined, is ?? undefined);
    }
  }
}

const countOf = (topic: Topic | undefined): object | undefined =>
  topic === undefined ? undefined : { partitionCount: topic.partitionCount };

const RESOURCE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(CONFIG_RESOURCE).map(([name, number]) => [number, name]),
);

/** Secrets, and keys of which it is not known whether they are secret, are told without their values. */
function* configChanges(
  before: ResourceConfigs | undefined,
  after: ResourceConfigs | undefined,
): Changes {
  const { resourceType = 0, resourceName = "" } = after ?? before ?? {};
  for (const [name, from, to] of changedValues(before?.values, after?.values)) {
    const id = {
      resourceType: RESOURCE_NAMES.get(resourceType) ?? resourceType,
      resourceName,
      name,
    };
    const changes = changeOf("CONFIG", id, fieldOf("value", from), fieldOf("value", to));
    yield* isSensitive(resourceType, name) ? withoutValues(changes) : changes;
  }
}

function* producerIdChanges(from: number, to: number): Changes {
  const [before, after] = [from, to].map((next) => (next < 0 ? undefined : next));
  const name = "nextProducerId";
  yield* changeOf("PRODUCER_IDS", {}, fieldOf(name, before), fieldOf(name, after));
}

function* withoutValues(changes: Changes): Changes {
  for (const change of changes) yield { ...change, fields: [] };
}

/** Name, old value and new one of each that differs, by name. */
function changedValues<Value>(
  before: ReadonlyMap<string, Value> = new Map(),
  after: ReadonlyMap<string, Value> = new Map(),
): readonly (readonly [string, Value | undefined, Value | undefined])[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names
    .map((name) => [name, before.get(name), after.get(name)] as const)
    .filter(([, from, to]) => from !== to);
}
