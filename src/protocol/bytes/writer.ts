/**
 * A growing buffer. Every number is checked against the range of its type: what would be cut silently is an
 * `EncodeError`, because these bytes go into a log that cannot be corrected afterwards.
 */
import { EncodeError, show } from "./errors.ts";
import { utf8Encode } from "./utf8.ts";
import { uuidInto } from "./uuid.ts";
import { UVARINT_MAX, uvarintSize, zigzag } from "./varint.ts";

const INITIAL_BYTES = 128;

export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #at = 0;

  constructor(capacity: number = INITIAL_BYTES) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes have been written. */
  get at(): number {
    return this.#at;
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) refuse(value, "an int8");
    const at = this.#advance(1);
    this.#view.setInt8(at, value);
  }
  int16(value: number): void {
    if ((value << 16) >> 16 !== value) refuse(value, "an int16");
    const at = this.#advance(2);
    this.#view.setInt16(at, value);
  }
  uint16(value: number): void {
    if ((value & 0xffff) !== value) refuse(value, "a uint16");
    const at = this.#advance(2);
    this.#view.setUint16(at, value);
  }
  int32(value: number): void {
    if ((value | 0) !== value) refuse(value, "an int32");
    const at = this.#advance(4);
    this.#view.setInt32(at, value);
  }
  uint32(value: number): void {
    if (value >>> 0 !== value) refuse(value, "a uint32");
    const at = this.#advance(4);
    this.#view.setUint32(at, value);
  }
  int64(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) refuse(value, "an int64");
    const at = this.#advance(8);
    this.#view.setBigInt64(at, value);
  }
  float64(value: number): void {
    if (typeof value !== "number") refuse(value, "a float64");
    const at = this.#advance(8);
    this.#view.setFloat64(at, value);
  }

  /** A safe integer as an int64: an offset, an epoch, a time. */
  offset(value: number): void {
    if (!Number.isSafeInteger(value)) refuse(value, "an offset");
    const at = this.#advance(8);
    this.#view.setInt32(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 4, value >>> 0);
  }

  uuid(value: string): void {
    const at = this.#advance(16);
    if (typeof value !== "string" || !uuidInto(value, this.#bytes, at)) refuse(value, "a uuid");
  }

  uvarint(value: number): void {
    if (value >>> 0 !== value) refuse(value, `an unsigned varint up to ${UVARINT_MAX}`);
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80);
    this.#byte(rest);
  }

  /** Signed, zigzag. */
  varint(value: number): void {
    if ((value | 0) !== value) refuse(value, "a varint");
    this.uvarint(zigzag(value));
  }

  raw(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) refuse(bytes, "bytes");
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Opens a stretch that is preceded by its own size as an unsigned varint; `end` closes it. */
  begin(): number {
    return this.#advance(1) + 1;
  }

  end(start: number): void {
    const size = this.#at - start;
    const extra = uvarintSize(size) - 1;
    if (extra > 0) {
      this.#advance(extra);
      this.#bytes.copyWithin(start + extra, start, start + size);
    }
    const end = this.#at;
    this.#at = start - 1;
    this.uvarint(size);
    this.#at = end;
  }

  /** Overwrites an int32 written before, such as a length that was not known yet. */
  patchInt32(at: number, value: number): void {
    this.#view.setInt32(at, value);
  }

  /** What has been written, as a view: it is valid until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  /**
   * What has been written, in an array of exactly its size: the buffer itself where that is full. Nothing is written
   * after.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at);
  }

  #byte(value: number): void {
    const at = this.#advance(1);
    this.#view.setUint8(at, value);
  }

  /** May replace the buffer: call it before touching the view. */
  #advance(length: number): number {
    const start = this.#at;
    this.#at = start + length;
    if (this.#at > this.#bytes.length) this.#grow();
    return start;
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The bytes of `text`, or the reason why it has none. */
export function utf8OrRefuse(text: string): Uint8Array {
  const bytes = typeof text === "string" ? utf8Encode(text) : null;
  return bytes ?? refuse(text, "a well-formed string");
}

function refuse(value: unknown, type: string): never {
  throw new EncodeError(`${show(value)} is not ${type}`);
}
