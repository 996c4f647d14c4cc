/**
 * Answering a metadata read: the reader's demands from the query, an image that meets them, the answer with its
 * ETag, or 304 when the reader has it already.
 */
import { stableImage } from "../../src/metadata/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Bindings, ScopedContext } from "../env.ts";
import { isHeld } from "../http/entity-tag.ts";
import { Problem } from "../http/errors.ts";
import { integerParameter, invalid, timeParameter } from "../http/fields.ts";
import { listText, pageAsked, shownList, type Listing } from "../http/lists.ts";
import type { PageRequest } from "../http/pages.ts";
import { logSource, sourceOf } from "./log-source.ts";
import { nextEvent } from "./next-event.ts";
import type { Observation } from "./observation.ts";
import { observeWith } from "./observed-image.ts";
import type { Demand } from "./observed-image.ts";
import { offsetAt } from "./offset-at-time.ts";
import { imageAt } from "./past-image.ts";

/** An image of the cluster that meets `demand`. */
export const observe = (
  env: Bindings,
  entry: ClusterEntry,
  demand: Demand,
  signal?: AbortSignal,
): Promise<Observation> => observeWith(clusterKey(entry), demand, logSource(env, entry, signal));

/** The same of the cluster that a request is about, for its client. */
export const observeFor = (context: ScopedContext, demand: Demand): Promise<Observation> =>
  observeWith(clusterKey(context.var.entry), demand, sourceOf(context));

/** Answers with what `view` makes of the image, under the image's position. */
export const answerFromImage = (
  context: ScopedContext,
  view: (image: MetadataImage) => object,
): Promise<Response> => answered(context, (image) => context.json(view(image)));

/** The same of a list, which may be long. */
export async function answerListFromImage(
  context: ScopedContext,
  view: (image: MetadataImage) => Listing,
): Promise<Response> {
  const page = pageAsked(context);
  return await answered(context, (image) => answerList(context, view(image), page));
}

/** Answers with that page of a list, or all of it. */
export async function answerList(
  context: ScopedContext,
  listing: Listing,
  page: PageRequest | undefined,
): Promise<Response> {
  const text = await listText(await shownList(context, { listing, page }, nextEvent), nextEvent);
  return context.body(text, 200, { "Content-Type": "application/json" });
}

async function answered(
  context: ScopedContext,
  answer: (image: MetadataImage) => Response | Promise<Response>,
): Promise<Response> {
  const { image, position } = await observationFor(context);
  const etag = `"${position.epoch}:${position.offset}"`;
  context.set("position", position);
  context.header("ETag", etag);
  // A cache revalidates an answer before using it: a position says nothing of what came after.
  context.header("Cache-Control", "no-cache");
  if (isHeld(context.req.header("If-None-Match"), etag)) return context.body(null, 304);
  // What a transaction has not finished is not shown (KIP-868).
  return await answer(stableImage(image));
}

/** The image that the query asks for: a recent one, or that at an offset or a time of the past. */
async function observationFor(context: ScopedContext): Promise<Observation> {
  const { req, var: variables } = context;
  const atOffset = integerParameter(req.query("at_offset"), "at_offset", OFFSETS);
  const atTime = timeParameter(req.query("at_time"), "at_time", Date.now());
  if (atOffset === undefined && atTime === undefined) return observeFor(context, demandOf(context));
  const asked = atTime === undefined ? "at_offset" : "at_time";
  const others = ["min_offset", "wait_ms", "max_staleness_ms", "consistency", "at_offset"];
  for (const name of others.filter((each) => each !== asked && req.query(each) !== undefined)) {
    throw new Problem("INVALID_REQUEST", `${name}: cannot be asked together with ${asked}`);
  }
  const source = sourceOf(context);
  const offset = atOffset ?? (await offsetAt(atTime ?? 0, source));
  return imageAt(clusterKey(variables.entry), offset, source);
}

const OFFSETS = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;

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
    isLinearizable: isLinearizable(context.req.query("consistency")),
  };
}

/** There is one level that has a name; without any, an answer is as new as a controller knows. */
function isLinearizable(text: string | undefined): boolean {
  if (text !== undefined && text !== "linearizable") throw invalid("consistency", "linearizable");
  return text !== undefined;
}
