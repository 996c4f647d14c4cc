/**
 * Kafka's APIs as the document shows them: the request and the response of each in Kafka's JSON form, of all versions
 * together. A field that some versions lack may be left out, and is said to be of which; that a version refuses what it
 * has no field for, a schema of all of them cannot say.
 */
import { SERVED_APIS } from "../../durable-objects/listener/served-apis.ts";
import { mayCall, ROLE_NAMES } from "../../src/access/index.ts";
import {
  apis,
  boundsOf,
  versionsOf,
  covers,
  type Api,
  type Fields,
  type Range,
} from "../../src/protocol/index.ts";
import type { JsonSchema } from "./json-schema.ts";

type AnyField = Fields[string];
type Shape = AnyField["shape"];

/** What `/rpc` takes of whom a token lets in: no API that is spoken in frames alone, or by controllers. */
export const RPC_APIS: readonly Api[] = Object.values<Api>(apis).filter(
  ({ name, framesOnly }) =>
    !framesOnly &&
    SERVED_APIS.some(
      (served) => served === name && ROLE_NAMES.some((role) => mayCall(role, served)),
    ),
);

export const requestSchema = ({ request }: Api): JsonSchema =>
  structSchema(request.fields, { valid: request.valid, isRequest: true });
export const responseSchema = ({ request, response }: Api): JsonSchema =>
  structSchema(response.fields, { valid: request.valid, isRequest: false });

/** The least that a request must say: zeros, and nothing in lists. */
export const leastRequest = ({ request }: Api): Readonly<Record<string, unknown>> =>
  leastOf(request.fields, boundsOf(request.valid).high);

interface Setting {
  readonly valid: Range;
  readonly isRequest: boolean;
}

function structSchema(fields: Fields, setting: Setting): JsonSchema {
  const versions = versionsOf(setting.valid);
  const known = Object.entries(fields).filter(([, field]) =>
    versions.some((version) => isIn(field, version)),
  );
  return {
    type: "object",
    properties: Object.fromEntries(
      known.map(([name, field]) => [name, fieldSchema(field, setting)]),
    ),
    required: known
      .filter(([, field]) => versions.every((version) => isIn(field, version)))
      .filter(([, field]) => !isOmittable(field, setting))
      .map(([name]) => name),
    additionalProperties: false,
  };
}

const isIn = ({ traits }: AnyField, version: number): boolean =>
  traits.versions === undefined || covers(traits.versions, version);

/** A response leaves out a tagged field at its default; a request may leave out whatever has a default. */
const isOmittable = ({ traits }: AnyField, { isRequest }: Setting): boolean =>
  traits.tag !== undefined || (isRequest && traits.fallback !== undefined);

function fieldSchema(field: AnyField, setting: Setting): JsonSchema {
  const { versions, nullable } = field.traits;
  const schema = shapeSchema(field.shape, setting);
  const said = versions === undefined ? {} : { description: `Versions ${versions}.` };
  return nullable === undefined
    ? { ...schema, ...said }
    : { anyOf: [schema, { type: "null" }], ...said };
}

function shapeSchema(shape: Shape, setting: Setting): JsonSchema {
  if (shape.kind === "struct") return structSchema(shape.fields, setting);
  if (shape.kind === "array") return { type: "array", items: shapeSchema(shape.element, setting) };
  return SCALARS[shape.kind];
}

const integer = (minimum: number, maximum: number): JsonSchema => ({
  type: "integer",
  minimum,
  maximum,
});

const SCALARS: Readonly<Record<Exclude<Shape["kind"], "struct" | "array">, JsonSchema>> = {
  bool: { type: "boolean" },
  int8: integer(-0x80, 0x7f),
  int16: integer(-0x8000, 0x7fff),
  uint16: integer(0, 0xffff),
  int32: integer(-0x8000_0000, 0x7fff_ffff),
  offset: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  timestamp: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  int64: {
    anyOf: [
      integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      { type: "string", pattern: "^-?[0-9]{1,19}$" },
    ],
  },
  float64: {
    anyOf: [{ type: "number" }, { type: "string", enum: ["NaN", "Infinity", "-Infinity"] }],
  },
  uuid: { type: "string", pattern: "^[A-Za-z0-9_-]{21}[AQgw]$" },
  string: { type: "string" },
  legacyString: { type: "string" },
  bytes: { type: "string", contentEncoding: "base64" },
  records: { type: "string", contentEncoding: "base64" },
};

function leastOf(fields: Fields, version: number): Readonly<Record<string, unknown>> {
  const said = Object.entries(fields).filter(
    ([, field]) =>
      isIn(field, version) && field.traits.tag === undefined && field.traits.fallback === undefined,
  );
  return Object.fromEntries(said.map(([name, { shape }]) => [name, leastValue(shape, version)]));
}

function leastValue(shape: Shape, version: number): unknown {
  if (shape.kind === "struct") return leastOf(shape.fields, version);
  if (shape.kind === "array") return [];
  if (shape.kind === "bool") return false;
  if (shape.kind === "uuid") return "AAAAAAAAAAAAAAAAAAAAAA";
  return ["string", "legacyString", "bytes", "records"].includes(shape.kind) ? "" : 0;
}
