/** `/topics/{name}/configs` and `/topics/-/configs`: what each topic is set to, and what it has by default. */
import { Hono } from "hono";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import type { ListItem } from "../http/lists.ts";
import { answerListFromImage } from "../observer/metadata-read.ts";
import { configItems, topicOwner, type ConfigOwner } from "./config-data.ts";
import { serveConfigs } from "./config-routes.ts";
import { topicAt } from "./topics.ts";

export const topicConfigs = new Hono<Scope>();

topicConfigs.get("/-/configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaTopicConfigList",
    items: configsOfAll(context, image),
  })),
);

serveConfigs(topicConfigs, "/:topic_name/configs", { named: ownerOf, present: presentOwner });

function ownerOf(context: ScopedContext): ConfigOwner {
  return topicOwner(context, context.req.param("topic_name") ?? "");
}

function presentOwner(context: ScopedContext, image: MetadataImage): ConfigOwner {
  return topicOwner(context, topicAt(image, context.req.param("topic_name") ?? "").name);
}

function* configsOfAll(
  context: ScopedContext,
  image: MetadataImage,
): Generator<ListItem | null, void, undefined> {
  for (const name of image.topics.idsByName.keys()) {
    // A blank comes before all letters of a name, so keys sort as names do.
    yield* configItems(context, { image, owner: topicOwner(context, name), prefix: `${name} ` });
  }
}
