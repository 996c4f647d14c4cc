/** The document of the interface as a client reads it: operations, the requests that they show, and what is answered. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required?: true;
  readonly example?: string | number;
}

interface Content {
  readonly schema?: object;
  readonly example?: unknown;
}

interface OperationObject {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly object[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Content>>; readonly $ref?: string }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
}

export interface Operation extends OperationObject {
  readonly name: string;
  readonly method: string;
  readonly path: string;
}

export const TEXT = readFileSync("worker/openapi.json", "utf8");
const document: Document = JSON.parse(TEXT);

export const OPERATIONS: readonly Operation[] = Object.entries(document.paths).flatMap(
  ([path, item]) =>
    Object.entries(item).map(([verb, operation]) => {
      const method = verb.toUpperCase();
      return { ...operation, method, path, name: `${method} ${path}` };
    }),
);

/** The request that an operation shows. */
export function exampleOf({ path, parameters, requestBody }: Operation): {
  readonly path: string;
  readonly body: unknown;
} {
  const inPath = parameters.filter((each) => each.in === "path");
  const filled = inPath.reduce(
    (whole, { name, example = "" }) => whole.replace(`{${name}}`, encodeURIComponent(example)),
    path,
  );
  const query = new URLSearchParams(
    parameters
      .filter((each) => each.in === "query" && each.example !== undefined)
      .map(({ name, example = "" }): [string, string] => [name, String(example)]),
  ).toString();
  return {
    path: query === "" ? filled : `${filled}?${query}`,
    body: requestBody?.content["application/json"]?.example,
  };
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(document, "kedge");

const pointerOf = (...parts: readonly string[]): string =>
  parts
    .map((part) => `/${encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))}`)
    .join("");

/** What is wrong with a body by what the document says of it; empty where nothing is. */
export function faultsIn(
  { method, path, responses }: Operation,
  status: number,
  body: unknown,
): string {
  const listed = responses[status];
  if (listed === undefined) return `the document knows no ${status}`;
  const at =
    listed.$ref?.slice(1) ??
    pointerOf("paths", path, method.toLowerCase(), "responses", String(status));
  const types =
    listed.$ref === undefined ? Object.keys(listed.content ?? {}) : ["application/json"];
  if (types.length === 0) return body === undefined ? "" : "it has a body";
  if (!types.includes("application/json")) return "";
  if (listed.$ref === undefined && listed.content?.["application/json"]?.schema === undefined)
    return "";
  const schema = `kedge#${at}${pointerOf("content", "application/json", "schema")}`;
  const validate = ajv.getSchema(schema) ?? ajv.compile({ $ref: schema });
  return validate(body) === true ? "" : ajv.errorsText(validate.errors);
}
