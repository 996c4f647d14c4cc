/** `/brokers/{id}/configs` and `/brokers/-/configs`: what each broker is set to at run time, and what all of them are. */
import { Hono } from "hono";
import { CONFIG_RESOURCE, configsOf, type MetadataImage } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { numberKey, type ListItem } from "../http/lists.ts";
import { integerParameter, IDS } from "../http/fields.ts";
import { answerListFromImage } from "../observer/metadata-read.ts";
import { brokerAt } from "./brokers.ts";
import { brokerOwner, configItems, type ConfigOwner } from "./config-data.ts";
import { serveConfigs } from "./config-routes.ts";

export const brokerConfigs = new Hono<Scope>();

brokerConfigs.get("/-/configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaBrokerConfigList",
    items: configsOfAll(context, image),
  })),
);

serveConfigs(brokerConfigs, "/:broker_id/configs", { named: ownerOf, present: presentOwner });

function ownerOf(context: ScopedContext): ConfigOwner {
  return brokerOwner(
    context,
    integerParameter(context.req.param("broker_id"), "broker_id", IDS) ?? 0,
  );
}

/** A broker that is gone and has configs still is shown, so that they can be seen to be deleted. */
function presentOwner(context: ScopedContext, image: MetadataImage): ConfigOwner {
  const text = context.req.param("broker_id") ?? "";
  const hasConfigs = configsOf(image.configs, CONFIG_RESOURCE.BROKER, text).size > 0;
  return hasConfigs && text !== ""
    ? ownerOf(context)
    : brokerOwner(context, brokerAt(image, text).id);
}

function* configsOfAll(
  context: ScopedContext,
  image: MetadataImage,
): Generator<ListItem | null, void, undefined> {
  for (const id of image.cluster.brokers.keys()) {
    const owner = brokerOwner(context, id);
    yield* configItems(context, { image, owner, prefix: `${numberKey(id)} ` });
  }
}
