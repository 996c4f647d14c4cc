/**
 * A cursor over bytes that others sent. Every read is checked against what remains before anything is allocated, so a
 * hostile length costs nothing; whatever does not fit is a `DecodeError` with the byte it was found at. It copies
 * nothing: `take` returns a view, and code that keeps the view beyond the frame copies it.
 */
import { DecodeError } from "./errors.ts";
import { utf8Decode } from "./utf8.ts";
import { uuidFromBytes, type Uuid } from "./uuid.ts";
import { INT32_MAX, unzigzag } from "./varint.ts";

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** How many bytes have been read. */
  get at(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  int8(): number {
    return this.#view.getInt8(this.#advance(1));
  }
  int16(): number {
    return this.#view.getInt16(this.#advance(2));
  }
  uint16(): number {
    return this.#view.getUint16(this.#advance(2));
  }
  int32(): number {
    return this.#view.getInt32(this.#advance(4));
  }
  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }
  int64(): bigint {
    return this.#view.getBigInt64(this.#advance(8));
  }
  float64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** An int64 that must be a safe integer: an offset, an epoch, a time. Without a BigInt on the way. */
  offset(): number {
    const at = this.#advance(8);
    const value = this.#nearInt64(at);
    if (!Number.isSafeInteger(value)) {
      throw new DecodeError(`${this.#view.getBigInt64(at)} is beyond 2^53 - 1`, at);
    }
    return value;
  }

  /** An int64 as the safe integer that is nearest to it. */
  timestamp(): number {
    const value = this.#nearInt64(this.#advance(8));
    return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
  }

  /** Exact where it is a safe integer, and no safe integer where it is not. */
  #nearInt64(at: number): number {
    return this.#view.getInt32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4);
  }

  uuid(): Uuid {
    return uuidFromBytes(this.#bytes, this.#advance(16));
  }

  /** Unsigned, at most 32 bits in at most five bytes. */
  uvarint(): number {
    const start = this.#at;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#view.getUint8(this.#advance(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.#view.getUint8(this.#advance(1));
    if (last > 0x0f) throw new DecodeError("a varint is longer than 32 bits", start);
    return (value | (last << 28)) >>> 0;
  }

  /** Signed, zigzag. */
  varint(): number {
    return unzigzag(this.uvarint());
  }

  /** A length that was written one higher, so that 0 can mean null, which is -1 here. */
  compactLength(): number {
    const at = this.#at;
    const length = this.uvarint() - 1;
    if (length > INT32_MAX) throw new DecodeError(`${length} is no length`, at);
    return length;
  }

  /** The next `length` bytes as UTF-8. */
  utf8(length: number): string {
    const start = this.#advance(length);
    const text = utf8Decode(this.#bytes, start, this.#at);
    if (text === null) throw new DecodeError("the bytes are not UTF-8", start);
    return text;
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, this.#at);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** Lets reading go no further than `length` bytes from here; answers what `unfence` needs. */
  fence(length: number): number {
    this.#require(length);
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  /** Ends a fence: all that was inside it must have been read. */
  unfence(outer: number): void {
    this.expectEnd();
    this.#end = outer;
  }

  /** Fails if anything is left. */
  expectEnd(): void {
    if (this.#at !== this.#end) {
      throw new DecodeError(`${this.remaining} bytes are left over`, this.#at);
    }
  }

  #advance(length: number): number {
    this.#require(length);
    const start = this.#at;
    this.#at = start + length;
    return start;
  }

  #require(length: number): void {
    if (length < 0 || length > this.#end - this.#at) {
      throw new DecodeError(`${length} bytes wanted, ${this.remaining} left`, this.#at);
    }
  }
}
