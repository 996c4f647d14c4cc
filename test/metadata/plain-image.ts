/**
 * An image as plain data, for comparing two of them by what they say: maps as sorted entries, every row unpacked.
 * Where the image stands in the log is left out, and so are the slots of replicas, which are of no meaning.
 */
import type { MetadataContents, MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import { allPartitions, type TopicsImage } from "../../src/metadata/image/topics-image.ts";

export function plain(image: MetadataImage): unknown {
  const { beforeTransaction } = image;
  return {
    ...plainContents(image),
    beforeTransaction: beforeTransaction === null ? null : plainContents(beforeTransaction),
  };
}

export function plainContents(contents: MetadataContents): object {
  return {
    features: {
      metadataVersion: contents.features.metadataVersion,
      levels: entries(contents.features.levels),
    },
    brokers: [...contents.cluster.brokers],
    controllers: [...contents.cluster.controllers],
    topics: plainTopics(contents.topics),
    configs: [...contents.configs].map(([key, configs]) => [key, entries(configs.values)]),
    clientQuotas: [...contents.clientQuotas].map(([key, { entity, values }]) => [
      key,
      entity,
      entries(values),
    ]),
    producerIds: contents.producerIds,
    acls: [...contents.acls.byId],
    aclsByPattern: [...contents.acls.byPattern.values()],
    scram: [...contents.scram],
    delegationTokens: [...contents.delegationTokens],
  };
}

const entries = (map: ReadonlyMap<string, unknown>): unknown =>
  [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));

function plainTopics(topics: TopicsImage): unknown {
  return {
    topics: [...topics.byId.values()].map(({ id, name, partitionCount }) => ({
      id,
      name,
      partitionCount,
    })),
    names: [...topics.idsByName],
    alike: [...topics.alike],
    partitions: [...allPartitions(topics)],
    partitionCount: topics.partitionCount,
  };
}
