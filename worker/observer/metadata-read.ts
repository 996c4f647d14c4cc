/**
 * Answering a metadata read: the reader's demands from the query, an image that meets them, the answer with its
 * ETag, or 304 when the reader has it already.
 */
import { stableImage } from "../../src/metadata/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Bindings, ScopedContext } from "../env.ts";
import { integerParameter } from "../http/fields.ts";
import { readCommitted } from "./committed-log.ts";
import { observeWith } from "./observed-image.ts";
import type { Demand, Observation } from "./observed-image.ts";

/** An image of the cluster that meets `demand`. */
export const observe = (env: Bindings, entry: ClusterEntry, demand: Demand): Promise<Observation> =>
  observeWith(clusterKey(entry), demand, (request) => readCommitted(env, entry, request));

/** Answers with what `view` makes of the image, under the image's position. */
export async function answerFromImage(
  context: ScopedContext,
  view: (image: MetadataImage) => object,
): Promise<Response> {
  const { image, position } = await observe(context.env, context.var.entry, demandOf(context));
  const etag = `"${position.epoch}:${position.offset}"`;
  context.set("position", position);
  context.header("ETag", etag);
  // A cache revalidates an answer before using it: a position says nothing of what came after.
  context.header("Cache-Control", "no-cache");
  if (context.req.header("If-None-Match") === etag) return context.body(null, 304);
  // What a transaction has not finished is not shown (KIP-868).
  return context.json(view(stableImage(image)));
}

function demandOf(context: ScopedContext): Demand {
  const offsets = { min: -1, max: Number.MAX_SAFE_INTEGER };
  const durations = { min: 0, max: 3_600_000 };
  const waits = { min: 0, max: 30_000 };
  return {
    minOffset: integerParameter(context.req.query("min_offset"), "min_offset", offsets),
    waitMs: integerParameter(context.req.query("wait_ms"), "wait_ms", waits),
    maxStalenessMs: integerParameter(
      context.req.query("max_staleness_ms"),
      "max_staleness_ms",
      durations,
    ),
  };
}
