/**
 * One range of the committed log, read from a controller and verified once, here. Any controller will do, since each
 * serves only what it knows to be committed; the one that was active last is asked first, because it knows most.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { causesIn, type KnownCauses } from "../../durable-objects/cause-contract.ts";
import {
  HEADERS,
  STATUS,
  integerHeader,
  readRefusal,
  type LogQuery,
} from "../../durable-objects/contract.ts";
import { recordBatches, type BatchInRow } from "../../src/protocol/index.ts";
import { likelyActive, rememberActive } from "../channel/active.ts";
import { callController, clusterKey, nodeIdsOf, reasonOf } from "../channel/controller-calls.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { noteCommitted } from "./known-end.ts";

export interface CommittedRange {
  /** Whole record batches, end to end. The first may begin before the offset that was asked for. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same, one by one: lengths, checksums and the order of offsets are verified. */
  readonly batches: readonly BatchInRow[];
  /** The offset after the last batch. */
  readonly end: number;
  readonly logStart: number;
  /** Exclusive end of what is committed, as far as this controller knows. */
  readonly highWatermark: number;
  /**
   * Everything that was committed before this moment of the isolate's own time lies below `highWatermark`; undefined
   * where the controller cannot tell.
   */
  readonly confirmedMs: number | undefined;
  /** Who caused the records; null or absent where nobody has said. */
  readonly causes?: KnownCauses | null;
}

export interface RangeRequest {
  readonly fromOffset: number;
  /** The epoch of the record before: a log in which that is another one refuses, with a `Problem` LOG_DIVERGED. */
  readonly fromEpoch?: number | undefined;
  readonly maxBytes: number;
  /** How long the controller may hold the answer while there is nothing past `fromOffset`. */
  readonly waitMs: number;
  /** Who caused the records is to be told, where the controller knows. */
  readonly withCauses?: boolean;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A controller that has just started knows its log but not yet what of it is committed: an election's worth of time.
 */
const SEARCH_MS = 5_000;
/** The observer of a cluster that others run knows nothing until a gateway comes, which may be never. */
const OBSERVER_SEARCH_MS = 500;
const PAUSE_MS = 50;

/** Why a controller did not serve a range; `isGone` when its log begins above it. */
interface Unserved {
  readonly reason: string;
  readonly isGone: boolean;
}

/**
 * Reads a range. A controller that does not answer, or does not know yet what is committed, is passed over; when
 * all are, they are asked again for a while. If none has served it then, that is a `Problem`. So it is when the log of
 * one begins above it and no other has more: each cuts its own.
 */
export async function readCommitted(
  env: Bindings,
  entry: ClusterEntry,
  request: RangeRequest,
): Promise<CommittedRange> {
  const first = likelyActive(clusterKey(entry), nodeIdsOf(entry));
  const order = [first, ...nodeIdsOf(entry).filter((nodeId) => nodeId !== first)];
  const deadline = Date.now() + (entry.observed === true ? OBSERVER_SEARCH_MS : SEARCH_MS);
  for (;;) {
    const reasons: string[] = [];
    let gone: string | undefined;
    for (const nodeId of order) {
      const range = await readFrom(env, entry, { nodeId, request });
      if ("batches" in range) return range;
      request.signal?.throwIfAborted();
      reasons.push(`${nodeId}: ${range.reason}`);
      if (range.isGone) gone ??= range.reason;
    }
    if (gone !== undefined) throw new Problem("OFFSET_BELOW_LOG_START", gone);
    if (Date.now() >= deadline) {
      throw new Problem(
        "CONTROLLER_UNREACHABLE",
        `no controller served the log: ${reasons.join("; ")}`,
      );
    }
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** The range, or why this controller did not serve it. */
async function readFrom(
  env: Bindings,
  entry: ClusterEntry,
  { nodeId, request }: { readonly nodeId: number; readonly request: RangeRequest },
): Promise<CommittedRange | Unserved> {
  const { fromOffset, fromEpoch, maxBytes, waitMs, signal } = request;
  const sentMs = Date.now();
  const query: LogQuery = {
    from_offset: fromOffset,
    max_bytes: maxBytes,
    wait_ms: waitMs,
    ...(fromEpoch === undefined ? {} : { from_epoch: fromEpoch }),
    ...(request.withCauses === true ? { causes: 1 } : {}),
  };
  let response: Response;
  try {
    response = await callController(env, entry, {
      nodeId,
      route: "log",
      query,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (error instanceof Problem) throw error;
    return { reason: reasonOf(error), isGone: false };
  }
  if (response.status === STATUS.conflict)
    throw new Problem("LOG_DIVERGED", await readRefusal(response));
  if (!response.ok) {
    // The controller's own sentence: of a log that was cut it names where that begins.
    return { reason: await readRefusal(response), isGone: response.status === STATUS.gone };
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const range = rangeOf(response.headers, bytes, sentMs);
  assertLeadsOn(request, range.batches[0]);
  const leaderId = integerHeader(response.headers, HEADERS.leaderId);
  // Who caused the next records, the leader knows.
  if (leaderId !== undefined) rememberActive(clusterKey(entry), leaderId);
  noteCommitted(clusterKey(entry), range.highWatermark);
  if (range.highWatermark >= 0) return range;
  return { reason: "does not know yet what is committed", isGone: false };
}

/**
 * Throws a `Problem` where a range does not continue what was read before: epochs never go back, and a batch has one.
 * A controller knows only whether its own log has that epoch so far.
 */
function assertLeadsOn(
  { fromOffset, fromEpoch }: RangeRequest,
  first: BatchInRow | undefined,
): void {
  if (fromEpoch === undefined || first === undefined) return;
  const { baseOffset, leaderEpoch } = first;
  const leadsOn = baseOffset < fromOffset ? leaderEpoch === fromEpoch : leaderEpoch >= fromEpoch;
  if (leadsOn) return;
  throw new Problem(
    "LOG_DIVERGED",
    `offset ${baseOffset} is of epoch ${leaderEpoch}, and what was read before it of ${fromEpoch}: that was another log`,
  );
}

function rangeOf(headers: Headers, bytes: Uint8Array<ArrayBuffer>, sentMs: number): CommittedRange {
  const ageMs = integerHeader(headers, HEADERS.confirmedAge);
  return {
    bytes,
    batches: [...recordBatches(bytes)],
    end: requiredHeader(headers, HEADERS.nextOffset),
    logStart: requiredHeader(headers, HEADERS.logStartOffset),
    highWatermark: requiredHeader(headers, HEADERS.highWatermark),
    // The controller counts its age later than this was sent: the difference errs towards older, whatever clocks say.
    confirmedMs: ageMs === undefined ? undefined : sentMs - ageMs,
    causes: causesIn(headers),
  };
}

function requiredHeader(headers: Headers, name: string): number {
  const value = integerHeader(headers, name);
  if (value === undefined) throw new Error(`a controller's answer lacks ${name}`);
  return value;
}
