/**
 * A metadata record: a message with a key of its own, kept in the log. `type` is the name that kafka-dump-log prints.
 *
 * Unlike a request, a record chooses its version: the writer takes the newest that the finalized metadata.version lets
 * all brokers read, and that choice travels with the value, since the image it is replayed on may not know it later.
 * So a record as a value has `type` and `version` beside its data, and a union of records is told apart by `type`.
 */
import type { Decoded, Fields, Partially } from "./field.ts";
import { message, type Message, type MessageHeader } from "./message.ts";

/** One record as a value: what kind, in which version it is or will be written, and what it says. */
export interface Recorded<Type extends string, Data> {
  readonly type: Type;
  readonly version: number;
  readonly data: Data;
}

export interface RecordSchema<
  Type extends string = string,
  F extends Fields = Fields,
> extends Message<F> {
  readonly key: number;
  readonly type: Type;
  /** The record that says `parts` and defaults otherwise, to be written as `version`. */
  of(version: number, parts: Partially<Decoded<F>>): Recorded<Type, Decoded<F>>;
}

/** The record of a schema, as a value. */
export type RecordOf<R extends RecordSchema> = Recorded<R["type"], Decoded<R["fields"]>>;

export interface RecordHeader<Type extends string> extends MessageHeader {
  readonly key: number;
  readonly type: Type;
}

/** Declares a record. */
export function record<const Type extends string, const F extends Fields>(
  header: RecordHeader<Type>,
  fields: F,
): RecordSchema<Type, F> {
  const { key, type } = header;
  const base = message(header, fields);
  return {
    ...base,
    key,
    type,
    of: (version, parts) => ({ type, version, data: base.fill(parts) }),
  };
}
