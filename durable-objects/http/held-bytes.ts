/**
 * What the answers of one controller hold in memory until their readers have taken them. Any number of readers may ask
 * at once, of one isolate's memory.
 */
import type { Controller } from "../controller.ts";
import { streamOf } from "../listener/shared-frame.ts";

/** What all answers under way may hold together. */
const HELD_BYTES_MAX = 16 * 1_048_576;
/** An answer this small is not counted: a row and a few of them are noise beside an isolate. */
export const SMALL_BYTES = 65_536;
/** A reader that has neither taken its answer nor gone by then is not waited for. */
const HELD_MS_MAX = 60_000;

const heldBy = new WeakMap<Controller, number>();

/** How many bytes another answer may hold; less than `SMALL_BYTES` when there is no room for one. */
export const roomFor = (voter: Controller): number => HELD_BYTES_MAX - (heldBy.get(voter) ?? 0);

/** The bytes as a body, counted until they are taken. */
export function heldBody(
  voter: Controller,
  bytes: Uint8Array,
): Uint8Array | ReadableStream<Uint8Array> {
  if (bytes.byteLength <= SMALL_BYTES) return bytes;
  // The stream is garbage of the old generation: what it closes over must not be the bytes.
  const { byteLength } = bytes;
  count(voter, byteLength);
  let isHeld = true;
  const release = (): void => {
    if (isHeld) count(voter, -byteLength);
    isHeld = false;
    clearTimeout(timer);
  };
  const timer = setTimeout(release, HELD_MS_MAX);
  return streamOf([bytes], release);
}

function count(voter: Controller, bytes: number): void {
  heldBy.set(voter, (heldBy.get(voter) ?? 0) + bytes);
}

/** Too much is being read of this node: the caller is to come back. */
export const overloaded = (message: string): Response =>
  Response.json({ error_code: 503, message }, { status: 503, headers: { "retry-after": "1" } });
