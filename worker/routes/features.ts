/** `/features`: what levels of Kafka's features a cluster is at (KIP-584), and which ones its controllers understand. */
import { Hono } from "hono";
import {
  METADATA_VERSION,
  SUPPORTED_FEATURES,
  finalizedLevel,
  finalizedLevels,
  metadataVersionName,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import type { Scope } from "../env.ts";
import { itemsOf } from "../http/lists.ts";
import { answerListFromImage } from "../observer/metadata-read.ts";

export const features = new Hono<Scope>();

features.get("/features", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaFeatureList",
    items: itemsOf(namesIn(image), (name) => ({
      key: name,
      show: () => featureData(image, name),
    })),
  })),
);

/** Those that are understood, and those that the log is at, though this build may not know them. */
const namesIn = (image: MetadataImage): readonly string[] => {
  const known = [...SUPPORTED_FEATURES, ...finalizedLevels(image.features)];
  return [...new Set(known.map(({ name }) => name))].toSorted();
};

function featureData(image: MetadataImage, name: string) {
  const supported = SUPPORTED_FEATURES.find((each) => each.name === name);
  const level = finalizedLevel(image.features, name);
  return {
    name,
    finalized_level: level,
    ...(name === METADATA_VERSION ? { finalized_release: metadataVersionName(level) } : {}),
    min_supported_level: supported?.minVersion ?? null,
    max_supported_level: supported?.maxVersion ?? null,
  };
}
