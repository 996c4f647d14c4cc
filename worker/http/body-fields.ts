/** The body of a request that is an object, as most are. */
import { parseJson, readText } from "./body.ts";
import { objectAt, type JsonObject } from "./fields.ts";

/** Its fields. A `Problem` for anything else, and for a field outside `known`. */
export const bodyFields = async (request: Request, known: readonly string[]): Promise<JsonObject> =>
  objectAt(parseJson(await readText(request)), "", known);
