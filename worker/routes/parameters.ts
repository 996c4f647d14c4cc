/**
 * Which query parameters each route knows. One that it does not know is refused: a reader that asks for a state of the
 * past, or for a freshness, and is not understood must not take the answer for what it asked for.
 */
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Scope } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { ACL_FIELDS } from "./acl-words.ts";

const READ = [
  "min_offset",
  "wait_ms",
  "max_staleness_ms",
  "consistency",
  "at_offset",
  "at_time",
] as const;
const PAGE = ["page_size", "page_token"] as const;
const LIST = [...READ, ...PAGE] as const;
const CLUSTER = "/kafka/v3/clusters/{cluster_id}";
const PARTITIONS = `${CLUSTER}/topics/{topic_name}/partitions`;

/** By route, as docs/HTTP.md writes it. A route that is not here knows none. */
export const PARAMETERS: ReadonlyMap<string, readonly string[]> = new Map<
  string,
  readonly string[]
>([
  ["GET /health/ready", ["cluster_id"]],
  ["GET /kafka/v3/clusters", ["deleted"]],
  [`DELETE ${CLUSTER}`, ["purge"]],
  [`POST ${CLUSTER}/rpc/{api}`, ["version"]],
  [`POST ${CLUSTER}/controllers`, ["wait_ms"]],
  [`DELETE ${CLUSTER}/controllers/{node_id}`, ["wait_ms"]],
  [`POST ${CLUSTER}/controllers/{action}`, ["confirm", "wait_ms"]],
  [`GET ${CLUSTER}/controllers/{node_id}/link`, ["gateway_id"]],
  [`GET ${CLUSTER}/controllers/{node_id}/relay`, ["gateway_id"]],
  [`GET ${CLUSTER}/brokers`, LIST],
  [`GET ${CLUSTER}/brokers/{broker_id}`, READ],
  [`GET ${CLUSTER}/brokers/{broker_id}/partition-replicas`, LIST],
  [`GET ${CLUSTER}/brokers/-/configs`, LIST],
  [`GET ${CLUSTER}/brokers/{broker_id}/configs`, LIST],
  [`GET ${CLUSTER}/brokers/{broker_id}/configs/{name}`, READ],
  [`GET ${CLUSTER}/broker-configs`, LIST],
  [`GET ${CLUSTER}/broker-configs/{name}`, READ],
  [`GET ${CLUSTER}/topics`, [...LIST, "includeAuthorizedOperations"]],
  [`GET ${CLUSTER}/topics/{topic_name}`, [...READ, "include_authorized_operations"]],
  [`GET ${CLUSTER}/topics/-/configs`, LIST],
  [`GET ${CLUSTER}/topics/{topic_name}/configs`, LIST],
  [`GET ${CLUSTER}/topics/{topic_name}/configs/{name}`, READ],
  [`GET ${CLUSTER}/topics/-/partitions/-/health`, LIST],
  [`GET ${CLUSTER}/topics/-/partitions/-/reassignment`, LIST],
  [`GET ${PARTITIONS}`, LIST],
  [`GET ${PARTITIONS}/-/reassignment`, LIST],
  [`GET ${PARTITIONS}/{partition_id}`, READ],
  [`GET ${PARTITIONS}/{partition_id}/reassignment`, READ],
  [`GET ${PARTITIONS}/{partition_id}/replicas`, LIST],
  [`GET ${PARTITIONS}/{partition_id}/replicas/{broker_id}`, READ],
  [`GET ${CLUSTER}/acls`, [...ACL_FIELDS, ...PAGE]],
  [`DELETE ${CLUSTER}/acls`, ACL_FIELDS],
  [`GET ${CLUSTER}/features`, LIST],
  [`GET ${CLUSTER}/features/{name}`, READ],
  [`GET ${CLUSTER}/client-quotas`, LIST],
  [`GET ${CLUSTER}/client-quotas/{entity}`, READ],
  [`GET ${CLUSTER}/scram-users`, LIST],
  [`GET ${CLUSTER}/scram-users/{user}`, READ],
  // Whatever is asked, the answer is that a broker is to be asked.
  [`GET ${PARTITIONS}/{partition_id}/offset`, ["offset_type"]],
  [
    `GET ${CLUSTER}/metadata-log`,
    ["from_offset", "from_epoch", "max_bytes", "wait_ms", "types", "topics"],
  ],
  [`GET ${CLUSTER}/metadata-diff`, ["from", "to", ...PAGE]],
]);

/** A path as docs/HTTP.md writes it: `:name{pattern}` is `{name}`. */
export const written = (path: string): string =>
  path.replaceAll(/(?<=\/):(\w+)(?:\{[^/]*\})?/g, "{$1}").replace(/(?<=.)\/$/, "");

export const knownParameters: MiddlewareHandler<Scope> = async (context, next) => {
  if (context.req.url.includes("?")) {
    const route = matchedRoutes(context).findLast(({ method }) => method !== "ALL");
    if (route !== undefined) {
      const known = PARAMETERS.get(`${route.method} ${written(route.path)}`) ?? [];
      refuseUnknown(known, new URL(context.req.url).searchParams);
    }
  }
  await next();
};

/** One that is given twice would be half heard. */
function refuseUnknown(known: readonly string[], given: URLSearchParams): void {
  for (const name of given.keys()) {
    if (given.getAll(name).length > 1)
      throw new Problem("INVALID_REQUEST", `${name.slice(0, 100)}: may be given once`);
    if (known.includes(name)) continue;
    const which = known.length === 0 ? "there are none here" : `known are ${known.join(", ")}`;
    throw new Problem("INVALID_REQUEST", `${name.slice(0, 100)}: unknown parameter; ${which}`);
  }
}
