/**
 * All metadata of a cluster as of one offset: an immutable value, equal at equal offsets on every node (promise P14).
 * The leader's view of what is not yet committed is merely a later image. Images come about in one way, by applying
 * records (`../replay/apply-records.ts`), and go back into records in one way (`image-to-records.ts`).
 */
import { NO_ACLS, type AclsImage } from "./acls-image.ts";
import { NO_CLIENT_QUOTAS, type ClientQuotasImage } from "./client-quotas-image.ts";
import { NO_NODES, type ClusterImage } from "./cluster-image.ts";
import { NO_CONFIGS, type ConfigsImage } from "./configs-image.ts";
import { NO_DELEGATION_TOKENS, type DelegationTokensImage } from "./delegation-tokens-image.ts";
import { finalizedLevels, NO_FEATURES, type FeaturesImage } from "./features-image.ts";
import { NO_PRODUCER_IDS, type ProducerIdsImage } from "./producer-ids-image.ts";
import { NO_SCRAM, type ScramImage } from "./scram-image.ts";
import { NO_TOPICS, type TopicsImage } from "./topics-image.ts";

/** Which records an image is made of. */
export interface Provenance {
  /** The offset after the last record: all below it are in the image, none from it on. */
  readonly endOffset: number;
  /** The epoch of the last record; -1 before the first. */
  readonly epoch: number;
  /** When the last record was appended, by its leader's clock; -1 before the first. */
  readonly timestampMs: number;
}

/** What the records say, apart from where they stand in the log. */
export interface MetadataContents {
  readonly features: FeaturesImage;
  readonly cluster: ClusterImage;
  readonly topics: TopicsImage;
  readonly configs: ConfigsImage;
  readonly clientQuotas: ClientQuotasImage;
  readonly producerIds: ProducerIdsImage;
  readonly acls: AclsImage;
  readonly scram: ScramImage;
  readonly delegationTokens: DelegationTokensImage;
}

export interface MetadataImage extends MetadataContents {
  readonly provenance: Provenance;
  /** The end offset of the records that last changed a finalized feature; -1 while none has. */
  readonly featuresEpoch: number;
  /** The contents before the open metadata transaction (KIP-868), to which its abort returns; null if none is open. */
  readonly beforeTransaction: MetadataContents | null;
}

const NOTHING: MetadataContents = {
  features: NO_FEATURES,
  cluster: NO_NODES,
  topics: NO_TOPICS,
  configs: NO_CONFIGS,
  clientQuotas: NO_CLIENT_QUOTAS,
  producerIds: NO_PRODUCER_IDS,
  acls: NO_ACLS,
  scram: NO_SCRAM,
  delegationTokens: NO_DELEGATION_TOKENS,
};

/** The image of no records. */
export const emptyImage: MetadataImage = {
  ...NOTHING,
  provenance: { endOffset: 0, epoch: -1, timestampMs: -1 },
  featuresEpoch: -1,
  beforeTransaction: null,
};

export const contentsOf = (image: MetadataContents): MetadataContents => ({
  features: image.features,
  cluster: image.cluster,
  topics: image.topics,
  configs: image.configs,
  clientQuotas: image.clientQuotas,
  producerIds: image.producerIds,
  acls: image.acls,
  scram: image.scram,
  delegationTokens: image.delegationTokens,
});

/** What readers may see: an open transaction shows nothing of itself until it ends. */
export const stableImage = (image: MetadataImage): MetadataImage =>
  image.beforeTransaction === null
    ? image
    : { ...image, ...image.beforeTransaction, beforeTransaction: null };

/** What ApiVersions tells of finalized features (KIP-584): kraft.version included, level 0 left out. */
export function finalizedFeatures(image: MetadataImage): {
  readonly epoch: number;
  readonly features: readonly { readonly name: string; readonly level: number }[];
} {
  return { epoch: image.featuresEpoch, features: finalizedLevels(image.features) };
}
