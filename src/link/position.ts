/**
 * What a gateway says of its copy of the log: where it ends, and where the brokers are that read from it.
 *
 *     u8 0: nothing of the copy, 1: where it ends, 2: that it begins to be followed    int64 end, -1 for an empty copy
 *     int32 epoch of the record before    then for each broker: int32 id, its directory id, int64 where it is
 */
import { LinkError } from "./link-error.ts";
import { offsetAt } from "./push.ts";

export interface Position {
  /**
   * What the gateway has, and by saying so acknowledges; -1 for nothing. Null on a link over which it does not follow
   * the log.
   */
  readonly end: CopyEnd | null;
  readonly brokers: readonly BrokerPosition[];
}

export interface CopyEnd {
  readonly offset: number;
  /** Of the record before. */
  readonly epoch: number;
  /** The log begins to be followed from here: who leads is not known there, and nothing else is under way. */
  readonly begins: boolean;
}

export interface BrokerPosition {
  readonly id: number;
  /** A UUID, 16 bytes. */
  readonly directoryId: Uint8Array;
  /** Everything below is in its log. */
  readonly offset: number;
}

/** Of one envelope. A gateway with more says the rest in another. */
export const POSITION_BROKERS_MAX = 1_024;

const [NOTHING, ENDS, BEGINS] = [0, 1, 2] as const;
const HEAD_BYTES = 13;
const DIRECTORY_BYTES = 16;
const BROKER_BYTES = 28;

export function positionBytes({ end, brokers }: Position) {
  const bytes = new Uint8Array(HEAD_BYTES + BROKER_BYTES * brokers.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, end === null ? NOTHING : end.begins ? BEGINS : ENDS);
  view.setBigInt64(1, BigInt(end?.offset ?? -1));
  view.setInt32(9, end?.epoch ?? 0);
  for (const [at, { id, directoryId, offset }] of brokers.entries()) {
    const begin = HEAD_BYTES + BROKER_BYTES * at;
    view.setInt32(begin, id);
    bytes.set(directoryId.subarray(0, DIRECTORY_BYTES), begin + 4);
    view.setBigInt64(begin + 4 + DIRECTORY_BYTES, BigInt(offset));
  }
  return bytes;
}

/** Throws `LinkError` for what is no position. */
export function positionIn(payload: Uint8Array): Position {
  const rest = payload.byteLength - HEAD_BYTES;
  if (rest < 0 || rest % BROKER_BYTES !== 0)
    throw new LinkError(
      `a position of ${payload.byteLength} bytes holds no whole number of brokers`,
    );
  const count = rest / BROKER_BYTES;
  if (count > POSITION_BROKERS_MAX)
    throw new LinkError(
      `a position of ${count} brokers; at most ${POSITION_BROKERS_MAX} are accepted`,
    );
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const said = view.getUint8(0);
  if (said > BEGINS) throw new LinkError(`a position begins with ${said}, not with 0, 1 or 2`);
  const offset = offsetAt(view, 1) ?? -1;
  const epoch = view.getInt32(9);
  const brokers = Array.from({ length: count }, (_, at): BrokerPosition => {
    const begin = HEAD_BYTES + BROKER_BYTES * at;
    const place = offsetAt(view, begin + 4 + DIRECTORY_BYTES);
    if (place === null) throw new LinkError("a position does not say where a broker is");
    return {
      id: view.getInt32(begin),
      directoryId: payload.subarray(begin + 4, begin + 4 + DIRECTORY_BYTES),
      offset: place,
    };
  });
  const end = said === NOTHING ? null : { offset, epoch, begins: said === BEGINS };
  return { end, brokers };
}
