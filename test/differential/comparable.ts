/**
 * What of a response, an image or a batch is compared. Lists are multisets, as Kafka leaves their order to hash
 * tables, but for those whose order means something. What each side draws for itself is left out: the ids of new
 * topics, of new ACLs, and where new replicas are placed; of a placement its shape is compared.
 */
import { isActiveBroker } from "../../src/metadata/image/cluster-image.ts";
import type { MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import type { Partition } from "../../src/metadata/image/partition.ts";
import { allPartitions, topicById, topicByName } from "../../src/metadata/image/topics-image.ts";
import { UNASSIGNED_DIRECTORY, type MetadataRecord, type Uuid } from "../../src/protocol/index.ts";
import { plainContents } from "../metadata/plain-image.ts";

const ORDERED = new Set([
  "replicas",
  "isr",
  "newIsr",
  "addingReplicas",
  "removingReplicas",
  "directories",
  "eligibleLeaderReplicas",
  "lastKnownElr",
]);
/** How long a client is to wait hangs on how fast we ask. */
const PASSED_OVER = new Set(["throttleTimeMs"]);

export const inJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}` : part)) ?? "";

/** A value without the order of its lists, bytes as hexadecimal digits; without the fields of these names. */
export function comparable(value: unknown, passedOver: ReadonlySet<string> = PASSED_OVER): unknown {
  const plainOf = (part: unknown, name: string): unknown => {
    if (part instanceof Uint8Array) return Buffer.from(part).toString("hex");
    if (typeof part === "bigint") return `${part}`;
    if (Array.isArray(part)) {
      const items: readonly unknown[] = part.map((item) => plainOf(item, name));
      return ORDERED.has(name) && items.every((item) => typeof item !== "object")
        ? items
        : inOrder(items);
    }
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(
      Object.entries(part)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([key, inner]) => (passedOver.has(key) ? [] : [[key, plainOf(inner, key)]])),
    );
  };
  return plainOf(value, "");
}

const inOrder = (items: readonly unknown[]): readonly unknown[] =>
  items
    .map((item) => [JSON.stringify(item) ?? "", item] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]) => item);

const DRAWN_IN_RESPONSES = new Set(["throttleTimeMs", "topicId"]);

export const comparableResponse = (name: string, response: unknown): unknown =>
  comparable(response, name === "CreateTopics" ? DRAWN_IN_RESPONSES : PASSED_OVER);

/** Topics by name, so that those that are new on both sides are the same. */
export function comparableImage(
  image: MetadataImage,
  { before, placed }: { before: MetadataImage; placed: ReadonlySet<string> },
): unknown {
  const {
    topics: _,
    acls,
    aclsByPattern: __,
    ...rest
  } = Object.fromEntries(Object.entries(plainContents(image)));
  const nameOf = (id: Uuid): string => topicById(image.topics, id)?.name ?? id;
  const topics = Array.from(image.topics.byId.values(), ({ id, name, partitionCount }) => {
    const isOld = topicByName(before.topics, name)?.id === id;
    return { name, partitionCount, id: isOld ? id : "drawn" };
  });
  const partitions = Array.from(
    allPartitions(image.topics),
    ({ topicId, partitionId, partition }) => {
      const topic = nameOf(topicId);
      const isNew = partitionId >= (topicByName(before.topics, topic)?.partitionCount ?? 0);
      const isPlaced = isNew && placed.has(topic);
      return { topic, partitionId, partition: isPlaced ? shapeOf(image, partition) : partition };
    },
  );
  return comparable({ ...rest, topics, partitions, acls: entriesOf(acls) }, PASSED_OVER);
}

/** Without their ids. */
const entriesOf = (acls: unknown): unknown =>
  Array.isArray(acls)
    ? acls.map((row: unknown) => withoutId(Array.isArray(row) ? row[1] : row))
    : acls;

function withoutId(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "id"));
}

/** What is true of a partition whose replicas were drawn, whatever was drawn. */
function shapeOf(image: MetadataImage, partition: Partition): object {
  const { replicas, isr, leader, directories, ...rest } = partition;
  const isActive = (id: number): boolean => isActiveBroker(image.cluster, id);
  return {
    ...rest,
    factor: replicas.length,
    isDistinct: new Set(replicas).size === replicas.length,
    isInSync: isr.join() === replicas.filter(isActive).join() || isr.length === 1,
    isLed: leader === replicas.find(isActive) || leader === isr[0],
    directories: directories.every((id, at) => {
      const own = image.cluster.brokers.get(replicas[at] ?? -1)?.logDirs ?? [];
      return own.length === 1 ? id === own[0] : id === UNASSIGNED_DIRECTORY;
    }),
  };
}

/** The types of a batch's records with their versions, each named once. */
export const kindsOf = (records: readonly MetadataRecord[]): readonly string[] =>
  [...new Set(records.map(({ type, version }) => `${type} v${version}`))].toSorted();
