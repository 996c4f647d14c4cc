/** The body of a request, as a schema has it. */
import type { GenericSchema, InferOutput } from "valibot";
import { parseJson, readText } from "./body.ts";
import { valueAt } from "./fields.ts";

/** What the body says; a `Problem` for anything that the schema does not take. */
export const bodyOf = async <const Schema extends GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<InferOutput<Schema>> => valueAt(schema, parseJson(await readText(request)));

/** The same of a body that may be left out: that stands for an object without fields. */
export const bodyOrNothing = async <const Schema extends GenericSchema>(
  request: Request,
  schema: Schema,
): Promise<InferOutput<Schema>> => valueAt(schema, await jsonOrNothing(request));

/** Such a body as it is, before anything is known of its fields. */
export async function jsonOrNothing(request: Request): Promise<unknown> {
  const text = await readText(request);
  return text.trim() === "" ? {} : parseJson(text);
}
