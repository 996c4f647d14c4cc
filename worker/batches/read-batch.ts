/** A batch of reads: paths of one cluster that are read from one image, and how fresh that must be or of when. */
import * as v from "valibot";
import { fieldsOf, oneOf, wholeNumber } from "../http/fields.ts";
import { OFFSETS, STALENESS_MS_MAX, WAIT_MS_MAX, type Freshness } from "../observer/freshness.ts";

export const PATHS_MAX = 256;
export const PATH_CHARACTERS_MAX = 2_048;

const PATH = "must be a path below the cluster, without a slash before it, as topics/orders";
const path = v.pipe(
  v.string(PATH),
  v.nonEmpty(PATH),
  v.maxLength(PATH_CHARACTERS_MAX, `must have at most ${PATH_CHARACTERS_MAX} characters`),
);

const PATHS = `must be an array of 1 to ${PATHS_MAX} paths`;
const TIME = "must be a time as milliseconds since 1970, or as ISO 8601 with its zone";

export const BATCH_FIELDS = {
  paths: v.pipe(v.array(path, PATHS), v.minLength(1, PATHS), v.maxLength(PATHS_MAX, PATHS)),
  min_offset: v.optional(wholeNumber({ ...OFFSETS, min: -1 })),
  wait_ms: v.optional(wholeNumber({ min: 0, max: WAIT_MS_MAX })),
  max_staleness_ms: v.optional(wholeNumber({ min: 0, max: STALENESS_MS_MAX })),
  consistency: v.optional(oneOf("linearizable")),
  at_offset: v.optional(wholeNumber(OFFSETS)),
  at_time: v.optional(v.union([v.string(TIME), wholeNumber(OFFSETS)], TIME)),
};

export const READ_BATCH = fieldsOf(BATCH_FIELDS);

export type ReadBatch = v.InferOutput<typeof READ_BATCH>;

/** What the batch demands, of all its paths. */
export const freshnessOf = (batch: Omit<ReadBatch, "paths">): Freshness => ({
  minOffset: batch.min_offset,
  waitMs: batch.wait_ms,
  maxStalenessMs: batch.max_staleness_ms,
  isLinearizable: batch.consistency !== undefined,
  atOffset: batch.at_offset,
  atTime: batch.at_time === undefined ? undefined : String(batch.at_time),
});

/** What stands in the body of a batch, and so in none of its paths. */
export const DEMANDS: readonly string[] = Object.keys(BATCH_FIELDS).filter(
  (name) => name !== "paths",
);
