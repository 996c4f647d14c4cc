/**
 * The answer to a Fetch that carries much of the log. When a large batch is committed every broker that waits for it is
 * answered at once, and the answers differ in their correlation ids alone: ninety copies of a batch of a megabyte would
 * fill an isolate. What they have in common is encoded once, and each is sent as two parts, its own and the shared one.
 */
import type { ApiName, FetchResponse, RequestFrame } from "../../src/protocol/index.ts";
import { encodeAnswer, type Answer } from "./answer.ts";

/** Below this a copy is cheaper than a stream of two parts. */
const SHARED_BYTES_MIN = 65_536;
/** Every response header begins with the correlation id, and nothing else in a frame depends on the request's own. */
const CORRELATION_BYTES = 4;

/** What was encoded of a range, by version and by what else the response says. It goes with the range itself. */
const encoded = new WeakMap<Uint8Array, Map<string, Uint8Array>>();

/** The frame of `answer`, in parts. What carries `records` is shared while the same bytes are handed in. */
export function frameParts<Name extends ApiName>(
  frame: RequestFrame<Name>,
  answer: Answer<Name>,
): readonly Uint8Array[] {
  const records = frame.name === "Fetch" ? recordsIn(answer.body) : null;
  if (records === null || records.byteLength < SHARED_BYTES_MIN)
    return [encodeAnswer(frame, answer)];
  const own = new Uint8Array(CORRELATION_BYTES);
  new DataView(own.buffer).setInt32(0, frame.correlationId);
  return [own, sharedPart(frame, answer, records)];
}

function sharedPart<Name extends ApiName>(
  frame: RequestFrame<Name>,
  answer: Answer<Name>,
  records: Uint8Array,
): Uint8Array {
  const known = encoded.get(records) ?? new Map<string, Uint8Array>();
  encoded.set(records, known);
  const rest = JSON.stringify(answer.body, (_, value: unknown) =>
    value instanceof Uint8Array
      ? value.byteLength
      : typeof value === "bigint"
        ? `${value}n`
        : value,
  );
  const key = `${frame.apiVersion} ${rest}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const part = encodeAnswer(frame, answer).subarray(CORRELATION_BYTES);
  known.set(key, part);
  return part;
}

/** The records of a response about one partition, which is all that a controller's Fetch is about. */
function recordsIn(body: object): Uint8Array | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Fetch's body is the response of Fetch
  const { responses } = body as FetchResponse;
  return responses[0]?.partitions[0]?.records ?? null;
}

/**
 * The parts one after the other, none of them copied here. `ended` hears when they are taken, or not wanted any more.
 */
export function streamOf(
  parts: readonly Uint8Array[],
  ended: () => void = () => undefined,
): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = left.shift();
        if (part !== undefined) return controller.enqueue(part);
        ended();
        controller.close();
      },
      cancel: ended,
    },
    // Nothing is taken before the reader asks for it.
    { highWaterMark: 0 },
  );
}
