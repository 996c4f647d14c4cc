/**
 * `/client-quotas`: how much users, client ids and addresses may ask of brokers (KIP-546). Changes are one call of
 * AlterClientQuotas, in the name of who asks.
 */
import { Hono } from "hono";
import * as v from "valibot";
import type { EntityQuotas } from "../../src/metadata/index.ts";
import { AlterClientQuotas, type AlterClientQuotasRequest } from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { fieldsOf, finite, listOf, mapOf, text, truth } from "../http/fields.ts";
import { itemsOf } from "../http/lists.ts";
import { resource } from "../http/resources.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";

const VERSION = 1;

type Alteration = AlterClientQuotasRequest["entries"][number];

/** A name of null stands for all that have no quotas of their own; a limit of null takes the quota away. */
const QUOTA_CHANGE = fieldsOf({
  entity: listOf(fieldsOf({ entity_type: text, entity_name: v.nullable(text) })),
  quotas: mapOf(v.string(), v.nullable(finite)),
});

export const QUOTA_ALTERATION = fieldsOf({
  data: listOf(QUOTA_CHANGE),
  validate_only: v.nullish(truth, false),
});

export const clientQuotas = new Hono<Scope>();

clientQuotas.get("/client-quotas", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaClientQuotaList",
    items: itemsOf(image.clientQuotas.values(), (quotas) => ({
      // As the image is sorted.
      key: JSON.stringify(
        quotas.entity.map(({ entityType, entityName }) => [entityType, entityName]),
      ),
      show: () => quotaData(context, quotas),
    })),
  })),
);

clientQuotas.get("/client-quotas/:entity", (context) =>
  answerFromImage(context, (image) => {
    const name = context.req.param("entity");
    for (const quotas of image.clientQuotas.values())
      if (nameOf(quotas) === name) return quotaData(context, quotas);
    throw new Problem("UNKNOWN_QUOTA", `${name.slice(0, 250)} has no quotas of its own`);
  }),
);

clientQuotas.post("/client-quotas:alter", async (context) => {
  const body = await bodyOf(context.req.raw, QUOTA_ALTERATION);
  const request = { entries: body.data.map(alterationOf), validateOnly: body.validate_only };
  const answer = await callForAsker(context, { api: AlterClientQuotas, version: VERSION, request });
  for (const [at, entry] of answer.entries.entries()) refuseUnless(entry, `data[${at}]`);
  return context.body(null, 204);
});

/** `user=ann,client-id=app`, each name encoded as in an address; of all that have no quotas of their own `<default>`. */
const nameOf = ({ entity }: EntityQuotas): string =>
  entity
    .map(({ entityType, entityName }) => {
      const name = entityName === null ? "<default>" : encodeURIComponent(entityName);
      return `${entityType}=${name}`;
    })
    .join(",");

function quotaData(context: ScopedContext, quotas: EntityQuotas): object {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "client-quotas", nameOf(quotas)];
  return {
    ...resource(context, "KafkaClientQuota", path),
    cluster_id: clusterId,
    /** A name that is null stands for all that have no quotas of their own. */
    entity: quotas.entity.map(({ entityType, entityName }) => ({
      entity_type: entityType,
      entity_name: entityName,
    })),
    quotas: Object.fromEntries(quotas.values),
  };
}

const alterationOf = ({ entity, quotas }: v.InferOutput<typeof QUOTA_CHANGE>): Alteration => ({
  entity: entity.map(({ entity_type, entity_name }) => ({
    entityType: entity_type,
    entityName: entity_name,
  })),
  ops: Object.entries(quotas).map(([key, limit]) => ({
    key,
    value: limit ?? 0,
    remove: limit === null,
  })),
});
