/**
 * Record batches without their secrets, as batches: what may lie in a cache. One that holds none stays byte for byte
 * what was committed; another is written anew, in the same offsets, epoch and time, with the words that an image has in
 * place of a secret.
 */
import { decodeVerifiedBatch, encodeDataBatch, type BatchInRow } from "../../src/protocol/index.ts";
import { bytesWithoutSecrets } from "../observer/decoding.ts";
import { nextEvent } from "../observer/next-event.ts";

/** Records that are looked at in one event: some milliseconds. */
const SLICE_RECORDS = 2_000;

/** `endOffset` is the end of the snapshot that they are of; of a log, each batch has its own. */
export async function redactedBatches(
  batches: readonly BatchInRow[],
  endOffset?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let looked = 0;
  for (const row of batches) {
    const batch = decodeVerifiedBatch(row);
    const end = endOffset ?? row.lastOffset + 1;
    const values: Uint8Array[] = [];
    let isChanged = false;
    // The records of a control batch describe the log itself.
    for (const value of batch.isControl ? [] : batch.values) {
      const shown = bytesWithoutSecrets(value, end);
      isChanged ||= shown !== value;
      values.push(shown);
      looked += 1;
      if (looked % SLICE_RECORDS === 0) await nextEvent();
    }
    pieces.push(isChanged ? encodeDataBatch(row, values) : row.bytes);
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
