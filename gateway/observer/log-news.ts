/** What the log says of the controllers, as it is pushed: for whoever keeps ports to them. */
import { DecodeError, decodeVerifiedBatch, type BatchInRow } from "../../src/protocol/index.ts";

export type LogNews =
  /** A record that was pushed says who the voters are from there on. */
  | { readonly kind: "voters"; readonly nodeIds: readonly number[] }
  /** A controller names another leader than before. */
  | { readonly kind: "leader"; readonly nodeId: number }
  /** The log goes on from elsewhere: there may have been records that nobody has seen here. */
  | { readonly kind: "gap" };

/** What `batches`, one after the other, say of the voters; null for nothing. */
export function votersNews(batches: readonly BatchInRow[]): LogNews | null {
  let news: LogNews | null = null;
  for (const batch of batches) if (batch.isControl) news = newsIn(batch) ?? news;
  return news;
}

function newsIn(batch: BatchInRow): LogNews | null {
  try {
    const read = decodeVerifiedBatch(batch);
    let news: LogNews | null = null;
    for (const { type, data } of read.isControl ? read.records : [])
      if (type === "KRAFT_VOTERS" || type === "LEADER_CHANGE")
        news = { kind: "voters", nodeIds: data.voters.map(({ voterId }) => voterId) };
    return news;
  } catch (error) {
    // Of a later release, perhaps: it may say anything.
    if (error instanceof DecodeError) return { kind: "gap" };
    throw error;
  }
}
