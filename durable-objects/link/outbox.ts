/**
 * The answers of one link on their way out. What is ready at the end of an event leaves in one message.
 *
 * A socket here says nothing about who reads it, so the reader says it: a gateway that has taken a mebibyte of answers
 * sends `taken`. What it has not taken is bounded; beyond that answers wait, in the form in which they are shared, and
 * a gateway that takes nothing for half a minute is let go.
 */
import {
  FROM_CONTROLLER,
  LinkError,
  TAKEN_BYTES,
  writeMessages,
  type FromController,
} from "../../src/link/index.ts";

/** Sent and not yet taken, in bytes of frames. */
const UNTAKEN_BYTES_MAX = 16 * 1_048_576;

const PATIENCE_MS = 30_000;

/** Promises of one event settle within a few turns of each other: how many, depends on what answered. */
const QUIET_TURNS = 20;

/** A frame is joined from its parts when it leaves: until then many answers share what they have in common. */
export type Outgoing =
  | Exclude<FromController, { readonly kind: "response" }>
  | {
      readonly kind: "response";
      readonly stream: number;
      readonly correlation: number;
      readonly parts: readonly Uint8Array[];
    };

export class Outbox {
  readonly #send: (message: Uint8Array<ArrayBuffer>) => void;
  #waiting: Outgoing[] = [];
  #untaken = 0;
  #takenAtMs = 0;
  #isArmed = false;

  constructor(send: (message: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send;
  }

  /** It leaves when this event is over, with what else is ready by then. */
  add(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    if (this.#isArmed) return;
    this.#isArmed = true;
    void this.#flushWhenQuiet();
  }

  /** A timer would add a millisecond to every answer. */
  async #flushWhenQuiet(): Promise<void> {
    let ready = 0;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one turn after the other
      await Promise.resolve();
      if (this.#waiting.length !== ready) quiet = 0;
      ready = this.#waiting.length;
    }
    this.flush();
  }

  /** Whether answers wait for a gateway that has taken nothing for too long. */
  isStalled(nowMs: number): boolean {
    return this.#waiting.length > 0 && this.#untaken > 0 && nowMs - this.#takenAtMs > PATIENCE_MS;
  }

  /** So many bytes more were taken. Throws `LinkError` for more than was sent. */
  taken(bytes: number): void {
    if (bytes > this.#untaken)
      throw new LinkError(`${bytes} bytes were taken, and only ${this.#untaken} were sent`);
    this.#untaken -= bytes;
    this.#takenAtMs = Date.now();
    this.flush();
  }

  /** Sends what there is room for. */
  flush(): void {
    this.#isArmed = false;
    const leaving: FromController[] = [];
    if (this.#untaken === 0) this.#takenAtMs = Date.now();
    let next = 0;
    for (const outgoing of this.#waiting) {
      const bytes = outgoing.kind === "response" ? sizeOf(outgoing.parts) : 0;
      if (bytes > 0 && !this.#hasRoomFor(bytes)) break;
      this.#untaken += bytes;
      leaving.push(outgoing.kind === "response" ? joined(outgoing) : outgoing);
      next += 1;
    }
    this.#waiting = this.#waiting.slice(next);
    for (const message of writeMessages(leaving, FROM_CONTROLLER)) this.#send(message);
  }

  /** Up to `TAKEN_BYTES` a gateway may have taken without a word. */
  #hasRoomFor(bytes: number): boolean {
    return this.#untaken + bytes <= UNTAKEN_BYTES_MAX || this.#untaken < TAKEN_BYTES;
  }
}

const sizeOf = (parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, part) => sum + part.byteLength, 0);

function joined({
  parts,
  ...response
}: Extract<Outgoing, { readonly kind: "response" }>): FromController {
  const [first = new Uint8Array()] = parts;
  if (parts.length <= 1) return { ...response, frame: first };
  const frame = new Uint8Array(sizeOf(parts));
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.byteLength;
  }
  return { ...response, frame };
}
