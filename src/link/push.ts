/**
 * What a controller pushes to a gateway that follows its log: who leads, how far the log is committed, and batches of
 * it. What is not committed is in no push.
 *
 *     int64 high watermark, -1 unknown    int64 where the log begins    int64 where `batches` begin, -1 where none are
 *     int32 epoch    int32 epoch of the record before the batches    int32 who leads, -1 unknown    int32 its port
 *     u16 length of its host, and the host    batches, as the log has them
 */
import { LinkError } from "./link-error.ts";
import { textBytes, textIn } from "./text.ts";

export interface Push {
  readonly epoch: number;
  /** Where brokers reach the leader; null while none is known. */
  readonly leader: PushedLeader | null;
  /** Null where this controller does not lead, or does not know yet. */
  readonly highWatermark: number | null;
  readonly logStartOffset: number;
  /** Null where nothing is said of the log. */
  readonly records: PushedRecords | null;
}

export interface PushedLeader {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What the log has from `from` on. */
export interface PushedRecords {
  readonly from: number;
  /** The epoch of the record before `from`; 0 where there is none. */
  readonly epochBefore: number;
  /** Whole batches; none where the log is followed from here on. */
  readonly batches: Uint8Array;
}

const HEAD_BYTES = 42;
/** A name of DNS has 253. */
const HOST_BYTES_MAX = 1_024;

/** What comes before the batches. */
export function pushHead({ epoch, leader, highWatermark, logStartOffset, records }: Push) {
  const host = textBytes(leader?.host ?? "");
  const head = new Uint8Array(HEAD_BYTES + host.byteLength);
  const view = new DataView(head.buffer);
  view.setBigInt64(0, BigInt(highWatermark ?? -1));
  view.setBigInt64(8, BigInt(logStartOffset));
  view.setBigInt64(16, BigInt(records?.from ?? -1));
  view.setInt32(24, epoch);
  view.setInt32(28, records?.epochBefore ?? 0);
  view.setInt32(32, leader?.id ?? -1);
  view.setInt32(36, leader?.port ?? 0);
  view.setUint16(40, host.byteLength);
  head.set(host, HEAD_BYTES);
  return head;
}

/** Throws `LinkError` for what is no push. */
export function pushIn(payload: Uint8Array): Push {
  if (payload.byteLength < HEAD_BYTES)
    throw new LinkError(`a push of ${payload.byteLength} bytes; its head has ${HEAD_BYTES}`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const hostBytes = view.getUint16(40);
  if (hostBytes > HOST_BYTES_MAX || HEAD_BYTES + hostBytes > payload.byteLength)
    throw new LinkError(`a push names a host of ${hostBytes} bytes`);
  const host = textIn(payload.subarray(HEAD_BYTES, HEAD_BYTES + hostBytes));
  if (host === null) throw new LinkError("the host of a push is no UTF-8");
  const batches = payload.subarray(HEAD_BYTES + hostBytes);
  const [highWatermark, from] = [offsetAt(view, 0), offsetAt(view, 16)];
  const leaderId = view.getInt32(32);
  if (from === null && batches.byteLength > 0)
    throw new LinkError("a push has batches, and does not say where they begin");
  return {
    epoch: view.getInt32(24),
    leader: leaderId < 0 ? null : { id: leaderId, host, port: view.getInt32(36) },
    highWatermark,
    logStartOffset: offsetAt(view, 8) ?? 0,
    records: from === null ? null : { from, epochBefore: view.getInt32(28), batches },
  };
}

/** Null for -1. */
export function offsetAt(view: DataView, at: number): number | null {
  const offset = view.getBigInt64(at);
  if (offset < -1n || offset > BigInt(Number.MAX_SAFE_INTEGER))
    throw new LinkError(`${offset} is no offset`);
  return offset === -1n ? null : Number(offset);
}
