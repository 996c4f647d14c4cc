/** `/broker-configs`: what is set at run time for all brokers of a cluster. */
import { Hono } from "hono";
import type { Scope } from "../env.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { alterConfigs, resetConfig, setConfig } from "./config-changes.ts";
import { clusterOwner, configAt, configItems } from "./config-data.ts";

export const clusterConfigs = new Hono<Scope>();

clusterConfigs.get("/broker-configs", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaClusterConfigList",
    items: configItems(context, { image, owner: clusterOwner(context) }),
  })),
);

clusterConfigs.get("/broker-configs/:name", (context) =>
  answerFromImage(context, (image) =>
    configAt(context, { image, owner: clusterOwner(context) }, context.req.param("name")),
  ),
);

clusterConfigs.put("/broker-configs/:name", (context) =>
  setConfig(context, clusterOwner(context), context.req.param("name")),
);
clusterConfigs.delete("/broker-configs/:name", (context) =>
  resetConfig(context, clusterOwner(context), context.req.param("name")),
);
clusterConfigs.post("/broker-configs:alter", (context) =>
  alterConfigs(context, clusterOwner(context)),
);
