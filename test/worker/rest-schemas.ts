/**
 * What REST v3 says of routes, requests and answers (`test/fixtures/rest-v3`), as JSON Schemas. Fields that it does not
 * know are ours to add; a word that it does not know is not.
 */
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

export interface RestRoute {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** By status, `5XX` for all of those; absent where it is of the data plane. */
  readonly answers?: Readonly<Record<string, string | null>>;
}

interface Facts {
  readonly shapes: Readonly<
    Record<
      string,
      { readonly required: readonly string[]; readonly fields: Readonly<Record<string, string>> }
    >
  >;
  readonly enums: Readonly<
    Record<string, { readonly closed: boolean; readonly values: readonly string[] }>
  >;
  readonly routes: readonly RestRoute[];
}

const facts: Facts = JSON.parse(readFileSync("test/fixtures/rest-v3/routes.json", "utf8"));

export const REST_ROUTES = facts.routes;

/** Nobody can read an example of it: without a shape it is of the data plane. */
export const isDataPlane = ({ answers }: RestRoute): boolean => answers === undefined;

function schemaOf(type: string): object {
  if (type.endsWith("?")) return { anyOf: [{ type: "null" }, schemaOf(type.slice(0, -1))] };
  if (type.endsWith("[]")) return { type: "array", items: schemaOf(type.slice(0, -2)) };
  if (type.endsWith("{}"))
    return { type: "object", additionalProperties: schemaOf(type.slice(0, -2)) };
  return type in facts.shapes || type in facts.enums ? { $ref: `rest:${type}` } : { type };
}

const ajv = new Ajv({ allErrors: true });
for (const [name, { required, fields }] of Object.entries(facts.shapes)) {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([field, type]) => [field, schemaOf(type)]),
  );
  ajv.addSchema({ $id: `rest:${name}`, type: "object", required, properties });
}
for (const [name, { values }] of Object.entries(facts.enums)) {
  ajv.addSchema({ $id: `rest:${name}`, type: "string", enum: values });
}

/** What is wrong with `value`, which is to be of a type; empty where nothing is. */
export function faultsOf(type: string, value: unknown): string {
  const validate: ValidateFunction | undefined = ajv.getSchema(`rest:${type}`);
  if (validate === undefined) throw new Error(`there is no type ${type}`);
  return validate(value) ? "" : ajv.errorsText(validate.errors);
}
