/** `/topics/{name}/configs` and `/topics/-/configs`: what each topic is set to, and what it has by default. */
import { Hono } from "hono";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import type { ListItem } from "../http/lists.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { alterConfigs, resetConfig, setConfig } from "./config-changes.ts";
import { configAt, configItems, topicOwner, type ConfigOwner } from "./config-data.ts";
import { topicAt } from "./topics.ts";

export const topicConfigs = new Hono<Scope>();

topicConfigs.get("/-/configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaTopicConfigList",
    items: configsOfAll(context, image),
  })),
);

topicConfigs.get("/:topic_name/configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaTopicConfigList",
    items: configItems(context, { image, owner: presentOwner(context, image) }),
  })),
);

topicConfigs.get("/:topic_name/configs/:name", (context) =>
  answerFromImage(context, (image) => {
    const owner = presentOwner(context, image);
    return configAt(context, { image, owner }, context.req.param("name"));
  }),
);

topicConfigs.put("/:topic_name/configs/:name", (context) =>
  setConfig(context, ownerOf(context), context.req.param("name")),
);
topicConfigs.delete("/:topic_name/configs/:name", (context) =>
  resetConfig(context, ownerOf(context), context.req.param("name")),
);
topicConfigs.post("/:topic_name/configs:alter", (context) =>
  alterConfigs(context, ownerOf(context)),
);

const ownerOf = (context: ScopedContext): ConfigOwner =>
  topicOwner(context, context.req.param("topic_name") ?? "");

const presentOwner = (context: ScopedContext, image: MetadataImage): ConfigOwner =>
  topicOwner(context, topicAt(image, context.req.param("topic_name") ?? "").name);

function* configsOfAll(
  context: ScopedContext,
  image: MetadataImage,
): Generator<ListItem | null, void, undefined> {
  for (const name of image.topics.idsByName.keys()) {
    // A blank comes before all letters of a name, so keys sort as names do.
    yield* configItems(context, { image, owner: topicOwner(context, name), prefix: `${name} ` });
  }
}
