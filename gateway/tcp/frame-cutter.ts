/**
 * Cuts a byte stream into Kafka frames: an int32 size, big-endian, then that many bytes. It looks at
 * nothing inside. Only what has arrived is held; a size over the limit is refused before a byte of it is kept.
 */

/** A size that no client of Kafka sends: the stream is not Kafka's, or it is an attack. */
export class FrameSizeError extends Error {
  override readonly name = "FrameSizeError";
}

/** What TLS begins with, read as half a size: a handshake record, of version 3. */
const TLS_HELLO = 0x16_03;

/** The length of the size prefix of a frame. */
export const SIZE_BYTES = 4;
/** Every request begins with an api key, an api version and a correlation id. */
const FRAME_BYTES_MIN = 8;

export class FrameCutter {
  #frameBytesMax: number;
  #chunks: Uint8Array[] = [];
  #held = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Accepts longer frames, or only shorter ones, from the next on. */
  accept(frameBytesMax: number): void {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Takes what arrived and returns the frames that are complete now, without their sizes. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#chunks.push(chunk);
    this.#held += chunk.byteLength;
    const frames: Uint8Array[] = [];
    for (let size = this.#nextSize(); size !== null; size = this.#nextSize()) {
      if (this.#held < SIZE_BYTES + size) break;
      frames.push(this.#take(SIZE_BYTES + size).subarray(SIZE_BYTES));
    }
    return frames;
  }

  /** The size of the first frame, or null while it has not arrived. */
  #nextSize(): number | null {
    if (this.#held < SIZE_BYTES) return null;
    const prefix = this.#joined(SIZE_BYTES);
    const size = new DataView(prefix.buffer, prefix.byteOffset).getInt32(0);
    if (size >> 16 === TLS_HELLO)
      throw new FrameSizeError("the client speaks TLS, and this listener does not");
    if (size < FRAME_BYTES_MIN || size > this.#frameBytesMax) {
      throw new FrameSizeError(
        `a frame of ${size} bytes; from ${FRAME_BYTES_MIN} to ${this.#frameBytesMax} are accepted`,
      );
    }
    return size;
  }

  #take(count: number): Uint8Array {
    const all = this.#joined(count);
    this.#chunks =
      all.byteLength > count
        ? [all.subarray(count), ...this.#chunks.slice(1)]
        : this.#chunks.slice(1);
    this.#held -= count;
    return all.subarray(0, count);
  }

  /** Makes the first chunk hold at least `count` bytes, and returns it. */
  #joined(count: number): Uint8Array {
    let [first] = this.#chunks;
    if (first !== undefined && first.byteLength >= count) return first;
    const parts: Uint8Array[] = [];
    let size = 0;
    while (size < count) {
      const next = this.#chunks.shift();
      if (next === undefined) break;
      parts.push(next);
      size += next.byteLength;
    }
    first = Buffer.concat(parts);
    this.#chunks.unshift(first);
    return first;
  }
}

/** The size prefix of a frame. */
export function sizePrefix(frame: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(SIZE_BYTES);
  new DataView(prefix.buffer).setInt32(0, frame.byteLength);
  return prefix;
}

/** A frame behind its size, in one piece. */
export function sized(frame: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(SIZE_BYTES + frame.byteLength);
  whole.writeInt32BE(frame.byteLength, 0);
  whole.set(frame, SIZE_BYTES);
  return whole;
}
