/**
 * `/client-quotas`: how much users, client ids and addresses may ask of brokers (KIP-546). Changes are one call of
 * AlterClientQuotas, in the name of who asks.
 */
import { Hono } from "hono";
import { AlterClientQuotas, type AlterClientQuotasRequest } from "../../src/protocol/index.ts";
import { bodyFields } from "../http/body-fields.ts";
import type { Scope } from "../env.ts";
import { arrayAt, booleanAt, invalid, mapAt, objectAt, textAt } from "../http/fields.ts";
import { itemsOf } from "../http/lists.ts";
import { answerListFromImage } from "../observer/metadata-read.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";

const VERSION = 1;

type Alteration = AlterClientQuotasRequest["entries"][number];

export const clientQuotas = new Hono<Scope>();

clientQuotas.get("/client-quotas", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaClientQuotaList",
    items: itemsOf(image.clientQuotas.values(), ({ entity, values }) => ({
      // As the image is sorted.
      key: JSON.stringify(entity.map(({ entityType, entityName }) => [entityType, entityName])),
      show: () => ({
        /** A name that is null stands for all that have no quotas of their own. */
        entity: entity.map(({ entityType, entityName }) => ({
          entity_type: entityType,
          entity_name: entityName,
        })),
        quotas: Object.fromEntries(values),
      }),
    })),
  })),
);

clientQuotas.post("/client-quotas:alter", async (context) => {
  const body = await bodyFields(context.req.raw, ["data", "validate_only"]);
  const entries = arrayAt(body["data"], "data").map((each, at) =>
    alterationAt(each, `data[${at}]`),
  );
  const validateOnly = booleanAt(body["validate_only"] ?? false, "validate_only");
  const request = { entries, validateOnly };
  const answer = await callForAsker(context, { api: AlterClientQuotas, version: VERSION, request });
  for (const [at, entry] of answer.entries.entries()) refuseUnless(entry, `data[${at}]`);
  return context.body(null, 204);
});

function alterationAt(value: unknown, path: string): Alteration {
  const { entity, quotas } = objectAt(value, path, ["entity", "quotas"]);
  return {
    entity: arrayAt(entity, `${path}.entity`).map((part, at) =>
      partAt(part, `${path}.entity[${at}]`),
    ),
    ops: Object.entries(mapAt(quotas, `${path}.quotas`)).map(([key, limit]) =>
      opAt(key, limit, `${path}.quotas.${key.slice(0, 100)}`),
    ),
  };
}

function partAt(value: unknown, path: string): Alteration["entity"][number] {
  const fields = objectAt(value, path, ["entity_type", "entity_name"]);
  const { entity_type: type, entity_name: name } = fields;
  return {
    entityType: textAt(type, `${path}.entity_type`),
    entityName: name === null ? null : textAt(name, `${path}.entity_name`),
  };
}

/** A limit of null takes the quota away. */
function opAt(key: string, limit: unknown, path: string): Alteration["ops"][number] {
  if (limit === null) return { key, value: 0, remove: true };
  if (typeof limit !== "number") throw invalid(path, "a number, or null to remove it");
  return { key, value: limit, remove: false };
}
