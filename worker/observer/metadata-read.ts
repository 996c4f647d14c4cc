/**
 * Answering a metadata read: the reader's demands from the query, an image that meets them, the answer with its
 * ETag, or 304 when the reader has it already.
 */
import { stableImage } from "../../src/metadata/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { Position } from "../../durable-objects/contract.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Bindings, ScopedContext } from "../env.ts";
import { isHeld } from "../http/entity-tag.ts";
import { integerParameter, invalid } from "../http/fields.ts";
import { listText, pageAsked, shownList, type Listing, type Omission } from "../http/lists.ts";
import type { PageRequest } from "../http/pages.ts";
import { withoutLinks } from "../http/resources.ts";
import { OFFSETS, see, STALENESS_MS_MAX, WAIT_MS_MAX, type Freshness } from "./freshness.ts";
import { keepText, textAt } from "./kept-texts.ts";
import { logSource, sourceOf } from "./log-source.ts";
import { nextEvent } from "./next-event.ts";
import type { Observation, Seen } from "./observation.ts";
import { observeWith } from "./observed-image.ts";
import type { Demand } from "./observed-image.ts";

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
): Promise<Response> => answered(context, (image, omits) => JSON.stringify(view(image), omits));

/** The same of a list, which may be long. */
export async function answerListFromImage(
  context: ScopedContext,
  view: (image: MetadataImage) => Listing,
): Promise<Response> {
  const page = pageAsked(context);
  return await answered(context, (image, omits) =>
    textOfList(context, { listing: view(image), page }, omits),
  );
}

/** Answers with that page of a list, or all of it. */
export async function answerList(
  context: ScopedContext,
  listing: Listing,
  page: PageRequest | undefined,
): Promise<Response> {
  return context.body(await textOfList(context, { listing, page }), 200, JSON_HEADERS);
}

async function textOfList(
  context: ScopedContext,
  asked: { readonly listing: Listing; readonly page: PageRequest | undefined },
  omits?: Omission,
): Promise<string> {
  return await listText(await shownList(context, asked, nextEvent), nextEvent, omits);
}

const JSON_HEADERS = { "Content-Type": "application/json" } as const;

async function answered(
  context: ScopedContext,
  textOf: (image: MetadataImage, omits: Omission) => string | Promise<string>,
): Promise<Response> {
  const batched = reads.get(context.req.raw);
  const { image, position, isPast } = batched?.seen ?? (await observationFor(context));
  const etag = etagOf(context, position);
  context.set("position", position);
  context.header("ETag", etag);
  // A cache revalidates an answer before using it: a position says nothing of what came after.
  context.header("Cache-Control", "no-cache");
  if (isHeld(context.req.header("If-None-Match"), etag)) return context.body(null, 304);
  const [key, address] = [clusterKey(context.var.entry), batched?.path ?? context.req.url];
  const known = textAt(key, address, position);
  if (known !== undefined) return context.body(known, 200, JSON_HEADERS);
  // What a transaction has not finished is not shown (KIP-868).
  const omits = batched === undefined ? undefined : withoutLinks;
  const text = await textOf(stableImage(image), omits);
  if (!isPast) keepText(key, address, { text, ...position });
  return context.body(text, 200, JSON_HEADERS);
}

/** The first letters of a build's id are enough: it only has to differ from the one before. */
const BUILD_LETTERS = 8;

/**
 * At one position of one life of a cluster an answer is the same as long as the same build gives it: another one may
 * show other fields.
 */
function etagOf({ env, var: { entry } }: ScopedContext, { epoch, offset }: Position): string {
  const life = entry.created_ms.toString(36);
  const build = env.BUILD === undefined ? [] : [env.BUILD.id.slice(0, BUILD_LETTERS)];
  return `"${[epoch, offset, life, ...build].join(":")}"`;
}

/** A read of a batch. Its text is kept by its path, since it has no addresses. */
export interface BatchedRead {
  readonly seen: Seen;
  readonly path: string;
}

const reads = new WeakMap<Request, BatchedRead>();

/** Has `request` answered as a read of a batch. */
export const readInBatch = (request: Request, read: BatchedRead): void =>
  void reads.set(request, read);

const observationFor = (context: ScopedContext): Promise<Seen> =>
  see(clusterKey(context.var.entry), freshnessIn(context), sourceOf(context));

function freshnessIn(context: ScopedContext): Freshness {
  const offsets = { min: -1, max: Number.MAX_SAFE_INTEGER };
  const durations = { min: 0, max: STALENESS_MS_MAX };
  const waits = { min: 0, max: WAIT_MS_MAX };
  return {
    minOffset: integerParameter(context.req.query("min_offset"), "min_offset", offsets),
    waitMs: integerParameter(context.req.query("wait_ms"), "wait_ms", waits),
    maxStalenessMs: integerParameter(
      context.req.query("max_staleness_ms"),
      "max_staleness_ms",
      durations,
    ),
    isLinearizable: isLinearizable(context.req.query("consistency")),
    atOffset: integerParameter(context.req.query("at_offset"), "at_offset", OFFSETS),
    atTime: context.req.query("at_time"),
  };
}

/** There is one level that has a name; without any, an answer is as new as a controller knows. */
function isLinearizable(text: string | undefined): boolean {
  if (text !== undefined && text !== "linearizable") throw invalid("consistency", "linearizable");
  return text !== undefined;
}
