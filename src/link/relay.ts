/**
 * The words of a relay: a WebSocket that a gateway holds to the observer of a cluster which others run. A link carries
 * what a gateway's clients ask of a controller; over a relay the controller asks, and the gateway carries its frames to
 * the quorum. A message is one envelope: `u8 version, u8 kind, u32 correlation`, and its payload:
 *
 *     hello    from a controller   a greeting, JSON
 *     ask      from a controller   u16 port, u8 length, host, then a Kafka frame without its size; without a host it is
 *                                  for any of the servers that the gateway was told
 *     drop     from a controller   nobody waits for that answer any more
 *     answer   from a gateway      the response frame
 *     failed   from a gateway      the sentence that says why there is none
 */
import { LinkError } from "./link-error.ts";
import { textBytes, textIn } from "./text.ts";

/** The subprotocol of the WebSocket. It changes with `VERSION`, and a message says it again. */
export const RELAY_SUBPROTOCOL = "kedge.relay.1";

const VERSION = 1;
const HEADER_BYTES = 6;
/** Never reused. */
const KINDS = { hello: 1, ask: 2, drop: 3, answer: 4, failed: 5 } as const;

/**
 * A batch of the metadata log has 8 MiB at most (Kafka's `MAX_BATCH_SIZE_BYTES`), and a Fetch is answered with one at
 * least, whatever its size.
 */
export const RELAYED_BYTES_MAX = 8 * 1_048_576 + 65_536;
/** A Fetch has 200 bytes. */
export const ASK_BYTES_MAX = 65_536;
const SENTENCE_BYTES_MAX = 1_024;
/** A name of the DNS has 253. */
export const HOST_BYTES_MAX = 255;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type FromObserver =
  | { readonly kind: "hello"; readonly greeting: string }
  | {
      readonly kind: "ask";
      readonly correlation: number;
      /** Null for any server that the gateway was told. */
      readonly to: Address | null;
      readonly frame: Uint8Array;
    }
  | { readonly kind: "drop"; readonly correlation: number };

export type FromRelay =
  | { readonly kind: "answer"; readonly correlation: number; readonly frame: Uint8Array }
  | { readonly kind: "failed"; readonly correlation: number; readonly sentence: string };

/** Whom a gateway is connected with. */
export interface ObserverGreeting {
  readonly cluster_id: string;
  readonly node_id: number;
}

/** Null for what is no such greeting. */
export function observerGreetingIn(text: string): ObserverGreeting | null {
  try {
    const value: unknown = JSON.parse(text);
    const fields = new Map(
      typeof value === "object" && value !== null ? Object.entries(value) : [],
    );
    const clusterId: unknown = fields.get("cluster_id");
    const nodeId: unknown = fields.get("node_id");
    if (typeof clusterId !== "string" || typeof nodeId !== "number") return null;
    return { cluster_id: clusterId, node_id: nodeId };
  } catch {
    return null;
  }
}

export function relayMessage(envelope: FromObserver | FromRelay): Uint8Array<ArrayBuffer> {
  switch (envelope.kind) {
    case "hello":
      return message(KINDS.hello, 0, [textBytes(envelope.greeting)]);
    case "ask": {
      const { correlation, to, frame } = envelope;
      const host = textBytes(to?.host ?? "");
      const { port = 0 } = to ?? {};
      const head = Uint8Array.of(port >>> 8, port & 0xff, host.byteLength);
      return message(KINDS.ask, correlation, [head, host, frame]);
    }
    case "drop":
      return message(KINDS.drop, envelope.correlation, []);
    case "answer":
      return message(KINDS.answer, envelope.correlation, [envelope.frame]);
    case "failed": {
      // A character has four bytes at most.
      const short = envelope.sentence.slice(0, SENTENCE_BYTES_MAX / 4).toWellFormed();
      return message(KINDS.failed, envelope.correlation, [textBytes(short)]);
    }
  }
}

function message(
  kind: number,
  correlation: number,
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.byteLength, HEADER_BYTES);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, kind);
  view.setUint32(2, correlation);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** What a controller has sent; a frame is a view of it. Throws `LinkError`. */
export function readFromObserver(bytes: Uint8Array): FromObserver {
  const { kind, correlation, payload } = read(bytes, ASK_BYTES_MAX);
  switch (kind) {
    case KINDS.hello:
      return { kind: "hello", greeting: wordsIn(payload, "a hello") };
    case KINDS.ask: {
      const [high = 0, low = 0, length] = payload;
      if (length === undefined || payload.byteLength < 3 + length)
        throw new LinkError("an ask ends within its address");
      const host = wordsIn(payload.subarray(3, 3 + length), "the host of an ask");
      const to = host === "" ? null : { host, port: 256 * high + low };
      return { kind: "ask", correlation, to, frame: payload.subarray(3 + length) };
    }
    case KINDS.drop:
      nothingIn(payload, "a drop");
      return { kind: "drop", correlation };
    default:
      throw new LinkError(`an envelope of kind ${kind} is not for a controller to send`);
  }
}

/** What a gateway has sent; a frame is a view of it. Throws `LinkError`. */
export function readFromRelay(bytes: Uint8Array): FromRelay {
  const { kind, correlation, payload } = read(bytes, RELAYED_BYTES_MAX);
  switch (kind) {
    case KINDS.answer:
      return { kind: "answer", correlation, frame: payload };
    case KINDS.failed:
      if (payload.byteLength > SENTENCE_BYTES_MAX)
        throw new LinkError(`a sentence of ${payload.byteLength} bytes`);
      return { kind: "failed", correlation, sentence: wordsIn(payload, "a sentence") };
    default:
      throw new LinkError(`an envelope of kind ${kind} is not for a gateway to send`);
  }
}

interface Read {
  readonly kind: number;
  readonly correlation: number;
  readonly payload: Uint8Array;
}

function read(bytes: Uint8Array, bytesMax: number): Read {
  const { byteLength: size } = bytes;
  if (size < HEADER_BYTES || size > HEADER_BYTES + bytesMax)
    throw new LinkError(`a message of ${size} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const version = view.getUint8(0);
  if (version !== VERSION)
    throw new LinkError(`a message of version ${version}; this relay speaks ${VERSION}`);
  const payload = bytes.subarray(HEADER_BYTES);
  return { kind: view.getUint8(1), correlation: view.getUint32(2), payload };
}

function nothingIn(payload: Uint8Array, what: string): void {
  if (payload.byteLength > 0) throw new LinkError(`${what} has ${payload.byteLength} bytes more`);
}

function wordsIn(bytes: Uint8Array, what: string): string {
  const found = textIn(bytes);
  if (found === null) throw new LinkError(`${what} is no UTF-8`);
  return found;
}
