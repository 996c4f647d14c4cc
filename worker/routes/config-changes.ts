/**
 * Changing configs in REST v3's words: one by `PUT` and `DELETE`, several at once by `configs:alter`. Each is one call
 * of IncrementalAlterConfigs (KIP-339), which changes all that it names or nothing.
 */
import { IncrementalAlterConfigs } from "../../src/protocol/index.ts";
import { bodyFields } from "../http/body-fields.ts";
import type { ScopedContext } from "../env.ts";
import { arrayAt, booleanAt, invalid, objectAt, textAt } from "../http/fields.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";
import type { ConfigOwner } from "./config-data.ts";

const VERSION = 1;
/** Kafka's numbers (`AlterConfigOp`) of what REST v3 has words for. */
const OPERATIONS: ReadonlyMap<string, number> = new Map([
  ["SET", 0],
  ["DELETE", 1],
]);
const SET = 0;
const DELETE = 1;

interface ConfigChange {
  readonly name: string;
  readonly configOperation: number;
  readonly value: string | null;
}

/** `PUT` of one config. A value that is null or left out is Kafka's to refuse. */
export async function setConfig(
  context: ScopedContext,
  owner: ConfigOwner,
  name: string,
): Promise<Response> {
  const { value } = await bodyFields(context.req.raw, ["value"]);
  return alter(context, owner, [{ name, configOperation: SET, value: valueAt(value, "value") }]);
}

/** `DELETE` of one config: what it is set to counts no more. */
export const resetConfig = (
  context: ScopedContext,
  owner: ConfigOwner,
  name: string,
): Promise<Response> => alter(context, owner, [{ name, configOperation: DELETE, value: null }]);

/** `configs:alter`: all of it, or nothing. */
export async function alterConfigs(context: ScopedContext, owner: ConfigOwner): Promise<Response> {
  const body = await bodyFields(context.req.raw, ["data", "validate_only"]);
  const changes = arrayAt(body["data"], "data").map(changeAt);
  return alter(context, owner, changes, booleanAt(body["validate_only"] ?? false, "validate_only"));
}

function changeAt(item: unknown, at: number): ConfigChange {
  const path = `data[${at}]`;
  const { name, value, operation } = objectAt(item, path, ["name", "value", "operation"]);
  const configOperation = OPERATIONS.get(textAt(operation ?? "SET", `${path}.operation`));
  if (configOperation === undefined) throw invalid(`${path}.operation`, "SET or DELETE");
  return {
    name: textAt(name, `${path}.name`),
    configOperation,
    value: valueAt(value, `${path}.value`),
  };
}

const valueAt = (value: unknown, path: string): string | null =>
  value === null || value === undefined ? null : textAt(value, path);

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
