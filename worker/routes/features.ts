/**
 * `/features`: what levels of Kafka's features a cluster is at (KIP-584), and which ones its controllers understand.
 * A change is one call of UpdateFeatures in the name of who asks: all of it, or nothing.
 */
import { Hono } from "hono";
import * as v from "valibot";
import {
  METADATA_VERSION,
  SUPPORTED_FEATURES,
  finalizedLevel,
  finalizedLevels,
  metadataVersionName,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import { UpdateFeatures } from "../../src/protocol/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { bodyOf } from "../http/body-fields.ts";
import { Problem } from "../http/errors.ts";
import { fieldsOf, listOf, oneOf, text, truth, wholeNumber } from "../http/fields.ts";
import { itemsOf } from "../http/lists.ts";
import { resource } from "../http/resources.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { callForAsker, refuseUnless, TIMEOUT_MS } from "./asker-calls.ts";

const VERSION = 2;
/** Kafka's `FeatureUpdate.UpgradeType`. */
const UPGRADE_TYPES = { UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const;

/** A level of 0 is that of a feature which the cluster has not. */
export const FEATURE_ALTERATION = fieldsOf({
  data: listOf(
    fieldsOf({
      name: text,
      level: wholeNumber({ min: 0, max: 0x7fff }),
      upgrade_type: v.nullish(oneOf("UPGRADE", "SAFE_DOWNGRADE", "UNSAFE_DOWNGRADE"), "UPGRADE"),
    }),
  ),
  validate_only: v.nullish(truth, false),
});

export const features = new Hono<Scope>();

features.get("/features", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaFeatureList",
    items: itemsOf(namesIn(image), (name) => ({
      key: name,
      show: () => featureData(context, image, name),
    })),
  })),
);

features.get("/features/:name", (context) =>
  answerFromImage(context, (image) => {
    const name = context.req.param("name");
    if (namesIn(image).includes(name)) return featureData(context, image, name);
    throw new Problem("UNKNOWN_FEATURE", `there is no feature ${name.slice(0, 250)}`);
  }),
);

features.post("/features:alter", async (context) => {
  const { data, validate_only: validateOnly } = await bodyOf(context.req.raw, FEATURE_ALTERATION);
  const featureUpdates = data.map(({ name, level, upgrade_type: type }) => ({
    feature: name,
    maxVersionLevel: level,
    upgradeType: UPGRADE_TYPES[type],
  }));
  const request = UpdateFeatures.request.fill({
    timeoutMs: TIMEOUT_MS,
    featureUpdates,
    validateOnly,
  });
  const answer = await callForAsker(context, { api: UpdateFeatures, version: VERSION, request });
  refuseUnless(answer, data.map(({ name }) => name).join(", "));
  return context.body(null, 204);
});

/** Those that are understood, and those that the log is at, though this build may not know them. */
const namesIn = (image: MetadataImage): readonly string[] => {
  const known = [...SUPPORTED_FEATURES, ...finalizedLevels(image.features)];
  return [...new Set(known.map(({ name }) => name))].toSorted();
};

function featureData(context: ScopedContext, image: MetadataImage, name: string) {
  const { cluster_id: clusterId } = context.var.entry;
  const supported = SUPPORTED_FEATURES.find((each) => each.name === name);
  const level = finalizedLevel(image.features, name);
  return {
    ...resource(context, "KafkaFeature", ["clusters", clusterId, "features", name]),
    cluster_id: clusterId,
    name,
    finalized_level: level,
    ...(name === METADATA_VERSION ? { finalized_release: metadataVersionName(level) } : {}),
    min_supported_level: supported?.minVersion ?? null,
    max_supported_level: supported?.maxVersion ?? null,
  };
}
