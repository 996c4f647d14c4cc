/**
 * `/metadata-diff?from=&to=`: what changed between two offsets, thing by thing, with every field that changed as it was
 * and as it is. The two images are of the past (`observer/past-image.ts`); what is different in them is found by
 * `src/metadata/diff`.
 */
import { Hono } from "hono";
import { metadataChanges, type MetadataChange } from "../../src/metadata/index.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { integerParameter, invalid } from "../http/fields.ts";
import { pageRequest } from "../http/pages.ts";
import { pagedList } from "../http/resources.ts";
import { sourceOf } from "../observer/log-source.ts";
import { nextEvent } from "../observer/next-event.ts";
import type { Observation } from "../observer/observation.ts";
import { imageAt, newestOffset } from "../observer/past-image.ts";

const OFFSETS = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
/** Twenty of the largest pages; each page goes through all changes. */
const CHANGES_MAX = 100_000;
/** How many changes are looked at in one event: some milliseconds. */
const SLICE_CHANGES = 2_000;

export const metadataDiff = new Hono<Scope>();

metadataDiff.get("/", async (context) => {
  const { size, after } = pageRequest(
    context.req.query("page_size"),
    context.req.query("page_token"),
  );
  const skipped = numberOf(after);
  const { before, later, to } = await imagesFor(context);
  context.set("position", later.position);
  const { count, page } = await changesOf(before, later, { skipped, size });
  const end = skipped + page.length;
  const last = end < count ? String(end) : undefined;
  const pinned = { to: String(to) };
  return context.json({
    ...pagedList(context, "KafkaMetadataDiff", { data: page.map(shown), last, pinned }),
    cluster_id: context.var.entry.cluster_id,
    from_offset: before.position.offset,
    to_offset: later.position.offset,
    change_count: count,
  });
});

/** The two images, and the offset that was asked for the later one. */
interface Images {
  readonly before: Observation;
  readonly later: Observation;
  readonly to: number;
}

async function imagesFor(context: ScopedContext): Promise<Images> {
  const { req, var: variables } = context;
  const from = integerParameter(req.query("from"), "from", OFFSETS);
  if (from === undefined) throw invalid("from", "the offset to begin at");
  const source = sourceOf(context);
  const to = integerParameter(req.query("to"), "to", OFFSETS) ?? (await newestOffset(source));
  if (to < from) throw invalid("to", `an offset not below from, which is ${from}`);
  const key = clusterKey(variables.entry);
  const before = await imageAt(key, from, source);
  // From the earlier image on, not from a snapshot: what the two share is not looked at.
  const later = await imageAt(key, to, source, before.image);
  return { before, later, to };
}

/** One page of the changes, and how many there are; a `Problem` when they are too many. */
async function changesOf(
  { image }: Observation,
  later: Observation,
  { skipped, size }: { readonly skipped: number; readonly size: number },
): Promise<{ readonly count: number; readonly page: readonly MetadataChange[] }> {
  const page: MetadataChange[] = [];
  let count = 0;
  for (const change of metadataChanges(image, later.image)) {
    if (count >= skipped && page.length < size) page.push(change);
    count += 1;
    if (count > CHANGES_MAX) {
      throw new Problem(
        "RANGE_TOO_LARGE",
        `more than ${CHANGES_MAX} things changed; ask for fewer records at a time`,
      );
    }
    if (count % SLICE_CHANGES === 0) await nextEvent();
  }
  return { count, page };
}

const shown = ({ entity, change, id, fields }: MetadataChange): object => ({
  entity,
  change,
  id,
  fields: Object.fromEntries(fields.map(({ name, from, to }) => [name, { from, to }])),
});

/** What a page's token says: how many changes came before. */
function numberOf(key: string | undefined): number {
  if (key === undefined) return 0;
  if (!/^\d{1,6}$/.test(key)) throw invalid("page_token", "a token that an earlier page gave");
  return Number(key);
}
