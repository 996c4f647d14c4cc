/**
 * Which web pages may read answers (CORS): those of the origins that `KEDGE_ORIGINS` names, `https://a.example,
 * https://b.example`, and by default none. There is no word for all of them, and no answer is for a page's cookies.
 */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { HEADERS } from "../../durable-objects/contract.ts";
import type { Scope } from "../env.ts";
import { Recent } from "../recent.ts";

/** A browser asks again after this many seconds, so an origin that is taken off the list is off it soon. */
const PREFLIGHT_SECONDS = 600;

const SHARED = {
  allowMethods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  allowHeaders: ["Accept", "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"],
  exposeHeaders: [
    ...Object.values(HEADERS),
    "Allow",
    "Content-Disposition",
    "ETag",
    "Kafka-Error",
    "Kafka-Error-Message",
    "Location",
    "Retry-After",
  ],
  maxAge: PREFLIGHT_SECONDS,
};

export const namedOrigins: MiddlewareHandler<Scope> = async (context, next) => {
  const named = originsIn(context.env.KEDGE_ORIGINS ?? "");
  const origin = context.req.header("Origin");
  if (origin !== undefined && named.has(origin)) {
    return await cors({ ...SHARED, origin })(context, next);
  }
  await next();
  // A cache must not hand one origin's answer, which may be read, to another's page, or the reverse.
  if (named.size > 0) context.res.headers.append("Vary", "Origin");
};

/** The list is the deployment's, and is read once. */
const read = new Recent<ReadonlySet<string>>(1);

/** Origins as browsers write them. What is none, such as `*` or `null`, names nobody. */
export function originsIn(list: string): ReadonlySet<string> {
  const known = read.get(list);
  if (known !== undefined) return known;
  const urls = list.split(",").map((each) => URL.parse(each.trim()));
  const origins = new Set(
    urls.flatMap((url) => (url === null || url.origin === "null" ? [] : url.origin)),
  );
  read.set(list, origins);
  return origins;
}
