/** A committed range that ends on a boundary, read from the controllers whole or not at all. */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { BatchInRow } from "../../src/protocol/index.ts";
import type { Bindings } from "../env.ts";
import { readCommitted } from "../observer/committed-log.ts";
import type { WholeRange } from "../observer/immutable-addresses.ts";
import { NotServed } from "./not-served.ts";
import { redactedBatches } from "./redacted-batches.ts";

/** What is larger is read from a controller by whoever needs it: an isolate has 128 MB for everything. */
const RANGE_BYTES_MAX = 8 * 1_048_576;
/** Its checksums are computed in one go: some 10 ms. */
const CALL_BYTES = 2 * 1_048_576;

/** Its batches without secrets, end to end. Throws `NotServed`, or what a call of the controllers throws. */
export async function readWholeRange(
  env: Bindings,
  entry: ClusterEntry,
  { from, to }: WholeRange,
): Promise<Uint8Array<ArrayBuffer>> {
  const batches: BatchInRow[] = [];
  let next = from;
  let bytes = 0;
  while (next < to) {
    const range = await readCommitted(env, entry, {
      fromOffset: next,
      maxBytes: CALL_BYTES,
      waitMs: 0,
    });
    if (range.highWatermark < to)
      throw new NotServed(`what is known here to be committed ends at ${range.highWatermark}`);
    for (const batch of range.batches) {
      if (batch.baseOffset >= to) break;
      if (batch.baseOffset !== next) throw new NotServed(`no batch begins at ${next}`);
      batches.push(batch);
      next = batch.lastOffset + 1;
      bytes += batch.size;
      if (bytes > RANGE_BYTES_MAX) throw new NotServed(`it has more than ${RANGE_BYTES_MAX} bytes`);
    }
    if (range.batches.length === 0) throw new NotServed(`nothing was served from ${next} on`);
  }
  return await redactedBatches(batches);
}
