/**
 * A range of a cluster's committed log as controllers serve it: whole record batches, and how far they reach.
 */

export interface LogRange {
  /** Whole record batches, end to end. The first may begin before the offset that was asked for. */
  readonly batches: Uint8Array<ArrayBuffer>;
  /** The offset after the last batch. */
  readonly end: number;
  readonly logStart: number;
  /** Exclusive end of what is committed, as far as this controller knows. */
  readonly highWatermark: number;
}

export interface LogRequest {
  readonly fromOffset: number;
  readonly maxBytes: number;
  /** How long the controller may hold the answer while there is nothing past `fromOffset`. */
  readonly waitMs: number;
}
