/** `/brokers/{id}/configs` and `/brokers/-/configs`: what each broker is set to at run time, and what all of them are. */
import { Hono } from "hono";
import { CONFIG_RESOURCE, configsOf, type MetadataImage } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { numberKey, type ListItem } from "../http/lists.ts";
import { integerParameter } from "../http/fields.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { brokerAt } from "./brokers.ts";
import { alterConfigs, resetConfig, setConfig } from "./config-changes.ts";
import { brokerOwner, configAt, configItems, type ConfigOwner } from "./config-data.ts";

export const brokerConfigs = new Hono<Scope>();

brokerConfigs.get("/-/configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaBrokerConfigList",
    items: configsOfAll(context, image),
  })),
);

brokerConfigs.get("/:broker_id/configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaBrokerConfigList",
    items: configItems(context, { image, owner: presentOwner(context, image) }),
  })),
);

brokerConfigs.get("/:broker_id/configs/:name", (context) =>
  answerFromImage(context, (image) => {
    const owner = presentOwner(context, image);
    return configAt(context, { image, owner }, context.req.param("name"));
  }),
);

brokerConfigs.put("/:broker_id/configs/:name", (context) =>
  setConfig(context, ownerOf(context), context.req.param("name")),
);
brokerConfigs.delete("/:broker_id/configs/:name", (context) =>
  resetConfig(context, ownerOf(context), context.req.param("name")),
);
brokerConfigs.post("/:broker_id/configs:alter", (context) =>
  alterConfigs(context, ownerOf(context)),
);

const IDS = { min: 0, max: 0x7fff_ffff } as const;

const ownerOf = (context: ScopedContext): ConfigOwner =>
  brokerOwner(context, integerParameter(context.req.param("broker_id"), "broker_id", IDS) ?? 0);

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
