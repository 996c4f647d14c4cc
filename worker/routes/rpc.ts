/**
 * `/rpc/{ApiName}`: any controller API as JSON, in Kafka's own JSON form of the message (`?version=`, the highest
 * by default). The body is read here by the same schema that the wire uses and goes to a controller as a frame, so a
 * malformed request never reaches one. A refusal inside Kafka's response arrives as a 200 with Kafka's code, and headers
 * name it.
 */
import { Hono } from "hono";
import { mayCall } from "../../src/access/index.ts";
import {
  JsonError,
  apiByName,
  apis,
  boundsOf,
  fromJson,
  isApiName,
  toJson,
} from "../../src/protocol/index.ts";
import type { Api, RequestOf } from "../../src/protocol/index.ts";
import { parseJson, readText } from "../http/body.ts";
import type { Scope } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { integerParameter } from "../http/fields.ts";
import { nearestWords } from "../http/nearest-words.ts";
import { callKafka } from "../channel/kafka-calls.ts";
import { refusalHeaders } from "./kafka-refusal.ts";

export const rpc = new Hono<Scope>();

rpc.post("/:api", async (context) => {
  const api = apiAt(context.req.param("api"));
  const { claims, bearer } = context.var.asker;
  if (claims !== null && isApiName(api.name) && !mayCall(claims.role, api.name)) {
    throw new Problem("FORBIDDEN", `a token of role "${claims.role}" may not call ${api.name}`);
  }
  const version = versionAt(api, context.req.query("version"));
  const request = requestOf(api, version, parseJson(await readText(context.req.raw)));
  const call = { api, version, request, bearer };
  const { response, position } = await callKafka(context.env, context.var.entry, call);
  context.set("position", position);
  return context.json(toJson(api.response, version, response), 200, refusalHeaders(response));
});

/** Of a name that is repeated. */
const NAME_LETTERS = 100;
/** What can be called here. */
const CALLABLE: readonly string[] = Object.entries<Api>(apis).flatMap(([name, { framesOnly }]) =>
  framesOnly ? [] : name,
);

function apiAt(name: string): Api {
  const api = apiByName(name);
  if (api === undefined) {
    const shown = name.slice(0, NAME_LETTERS);
    const near = nearestWords(shown, CALLABLE);
    const hint = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
    throw new Problem("UNKNOWN_API", `${shown} is not an API of a controller${hint}`);
  }
  if (api.framesOnly) {
    throw new Problem(
      "UNKNOWN_API",
      `${api.name} is spoken in frames alone; see /controllers/{id}/frames`,
    );
  }
  return api;
}

function versionAt(api: Api, text: string | undefined): number {
  const { low, high } = boundsOf(api.request.valid);
  const version = integerParameter(text, "version", { min: 0, max: 0x7fff }) ?? high;
  if (!api.request.supports(version)) {
    throw new Problem(
      "UNSUPPORTED_VERSION",
      `${api.name} has versions ${low} to ${high}, not ${version}`,
    );
  }
  return version;
}

/** The request that `json` says; what is not that version of the API's request is refused with the field's path. */
function requestOf(api: Api, version: number, json: unknown): RequestOf<Api> {
  try {
    return fromJson(api.request, version, json);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const place = error.path === "" ? "the body" : error.path;
    throw new Problem("INVALID_REQUEST", `${api.name} v${version}: ${place}: ${error.reason}`, {
      cause: error,
    });
  }
}
