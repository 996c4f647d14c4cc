/**
 * Changing configs in REST v3's words: one by `PUT` and `DELETE`, several at once by `configs:alter`. Each is one call
 * of IncrementalAlterConfigs (KIP-339), which changes all that it names or nothing.
 */
import * as v from "valibot";
import { IncrementalAlterConfigs } from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { ScopedContext } from "../env.ts";
import { fieldsOf, listOf, oneOf, text, truth } from "../http/fields.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";
import type { ConfigOwner } from "./config-data.ts";

const VERSION = 1;
/** Kafka's numbers (`AlterConfigOp`) of what REST v3 has words for. */
const OPERATIONS = { SET: 0, DELETE: 1 } as const;

/** A value that is null or left out is Kafka's to refuse. */
export const CONFIG_VALUE = fieldsOf({ value: v.nullish(text, null) });

export const CONFIG_ALTERATION = fieldsOf({
  data: listOf(
    fieldsOf({
      name: text,
      value: v.nullish(text, null),
      operation: v.nullish(oneOf("SET", "DELETE"), "SET"),
    }),
  ),
  validate_only: v.nullish(truth, false),
});

interface ConfigChange {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

/** `PUT` of one config. */
export async function setConfig(
  context: ScopedContext,
  owner: ConfigOwner,
  name: string,
): Promise<Response> {
  const { value } = await bodyOf(context.req.raw, CONFIG_VALUE);
  return alter(context, owner, [{ name, configOperation: OPERATIONS.SET, value }]);
}

/** `DELETE` of one config: what it is set to counts no more. */
export const resetConfig = (
  context: ScopedContext,
  owner: ConfigOwner,
  name: string,
): Promise<Response> =>
  alter(context, owner, [{ name, configOperation: OPERATIONS.DELETE, value: null }]);

/** `configs:alter`: all of it, or nothing. */
export async function alterConfigs(context: ScopedContext, owner: ConfigOwner): Promise<Response> {
  const body = await bodyOf(context.req.raw, CONFIG_ALTERATION);
  const changes = body.data.map(({ name, value, operation }) => ({
    name,
    configOperation: OPERATIONS[operation],
    value,
  }));
  return alter(context, owner, changes, body.validate_only);
}

async function alter(
  context: ScopedContext,
  { resourceType, resourceName }: ConfigOwner,
  configs: readonly ConfigChange[],
  validateOnly = false,
): Promise<Response> {
  const request = { resources: [{ resourceType, resourceName, configs }], validateOnly };
  const call = { api: IncrementalAlterConfigs, version: VERSION, request };
  const [result] = (await callForAsker(context, call)).responses;
  refuseUnless(result, configs.map(({ name }) => name).join(", "));
  return context.body(null, 204);
}
