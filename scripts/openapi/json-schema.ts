/** JSON Schema, from valibot's schemas: what an answer holds, and what a body may. */
import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What JSON Schema has no word for is said in prose, and is the route's to refuse. */
const UNSAID = ["check"];

/** As a client sends or gets it: what a schema makes of it is no concern of his. */
export function jsonSchemaOf(schema: GenericSchema): JsonSchema {
  const { $schema: _, ...rest } = toJsonSchema(schema, {
    typeMode: "input",
    target: "draft-2020-12",
    ignoreActions: UNSAID,
  });
  return rest;
}
