/**
 * Where the image keeps the values that `effective.ts` weighs: on the topic, and on all brokers.
 */
import { assert } from "../../std/assert.ts";
import { CONFIG_RESOURCE, configsOf, type ConfigsImage } from "../image/configs-image.ts";
import { effectiveConfig, type TopicConfigSources } from "./effective.ts";
import { TOPIC_CONFIGS } from "./tables/topic.ts";

/** What is set for all brokers: the BROKER resource with the empty name. */
export function clusterDefaults(configs: ConfigsImage): ReadonlyMap<string, string> {
  return configsOf(configs, CONFIG_RESOURCE.BROKER, "");
}

export function topicConfigSources(configs: ConfigsImage, topicName: string): TopicConfigSources {
  return {
    topic: configsOf(configs, CONFIG_RESOURCE.TOPIC, topicName),
    clusterDefaults: clusterDefaults(configs),
  };
}

/** The effective value of one of Kafka's own topic configs. */
export function effectiveTopicConfig(
  configs: ConfigsImage,
  topicName: string,
  key: string,
): string {
  const definition = TOPIC_CONFIGS.get(key);
  assert(definition !== undefined, `${key} is a topic config`);
  return effectiveConfig(definition, topicConfigSources(configs, topicName)).value;
}
