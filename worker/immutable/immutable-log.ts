/**
 * What never changes of a cluster, for the Worker itself: committed ranges of its log and chunks of its snapshots,
 * without secrets. The platform's cache stands before this and before nothing else, so an answer that may be kept says
 * so, and everything else is a 404 that may not: the caller asks a controller then. It never answers 5xx, which a cache
 * may take for a reason to go on with what is stale. `docs/design/immutable-ranges.md` has the reasons.
 *
 * The tenant comes with the call, from the Worker's own hands; nothing in an address says whose log it is.
 */
import { Hono, type Context } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { operatorLogOf } from "../../durable-objects/operator-log.ts";
import { findCluster } from "../clusters/known-clusters.ts";
import type { Bindings, Tenant } from "../env.ts";
import { isHeld } from "../http/entity-tag.ts";
import { Problem } from "../http/errors.ts";
import {
  CHUNK_PATH,
  NEXT_POSITION,
  RANGE_PATH,
  chunkNamed,
  rangeNamed,
} from "../observer/immutable-addresses.ts";
import { NotServed } from "./not-served.ts";
import { readSnapshotChunk } from "./snapshot-chunk.ts";
import { readWholeRange } from "./whole-range.ts";

interface Called {
  readonly Bindings: Bindings & { readonly TENANT: Tenant };
}

/** A day: for so long a deleted cluster could have been undeleted, and a cache may hold what it had. */
const MAX_AGE_S = 86_400;

export const immutableLog = new Hono<Called>();

immutableLog.onError((error, context) => {
  if (!(error instanceof NotServed || error instanceof Problem)) {
    const log = operatorLogOf({ cluster_id: context.env.TENANT.cluster_id, node_id: null });
    log.error("immutable", `not served: ${error.message}`, error);
  }
  return notServed(context, error.message);
});

immutableLog.notFound((context) => notServed(context, "there is nothing of that name"));

immutableLog.get(RANGE_PATH, async (context) => {
  const range = rangeNamed(context.req.param("range"));
  if (range === undefined) return await context.notFound();
  const entry = await entryOf(context);
  return await answer(context, await readWholeRange(context.env, entry, range));
});

immutableLog.get(CHUNK_PATH, async (context) => {
  const { storage, snapshot, position } = context.req.param();
  const chunk = chunkNamed(storage, snapshot, position);
  if (chunk === undefined) return await context.notFound();
  const { bytes, next } = await readSnapshotChunk(context.env, await entryOf(context), chunk);
  context.header(NEXT_POSITION, String(next));
  return await answer(context, bytes);
});

/** The tenant's cluster, in the life that is asked for. */
async function entryOf({ env }: Context<Called>): Promise<ClusterEntry> {
  const { cluster_id: clusterId, created_ms: createdMs } = env.TENANT;
  const entry = await findCluster(env, clusterId);
  if (entry.created_ms !== createdMs)
    throw new NotServed(`cluster ${clusterId} is another one than that of ${createdMs}`);
  if (entry.observed === true) throw new NotServed("others run that cluster");
  return entry;
}

async function answer(context: Context<Called>, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const etag = `"${hexOf(new Uint8Array(digest, 0, 16))}"`;
  context.header("ETag", etag);
  context.header("Cache-Control", `public, max-age=${MAX_AGE_S}, immutable`);
  if (isHeld(context.req.header("If-None-Match"), etag)) return context.body(null, 304);
  return context.body(bytes, 200, { "Content-Type": "application/octet-stream" });
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const notServed = (context: Context<Called>, reason: string): Response =>
  context.text(reason, 404, { "Cache-Control": "no-store" });
