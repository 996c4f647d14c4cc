/**
 * The envelopes of a link, and how each is written: what a message carries any number of. `kind`, `stream` and
 * `correlation` are the same for all; what the payload means depends on the kind:
 *
 *     hello      from both        a greeting, JSON
 *     stream     from a gateway   u8 1: it begins, then the name of its principal, empty for none; u8 0: it ends
 *     request    from a gateway   a Kafka frame without its size
 *     response   from a controller  u8 1, then the frame; u8 0, then the sentence with which the stream ends
 *     goaway     from a controller  int32 who leads, -1 when unknown; then a sentence
 *     taken      from a gateway   u32, so many bytes of answers were read since it said so last
 *     push       from a controller  what is committed, and who leads; a `Push`
 *     position   from a gateway   what it has of that, and where its brokers are; a `Position`
 */
import { unreachable } from "../std/assert.ts";
import { GREETING_BYTES_MAX } from "./greeting.ts";
import { LinkError } from "./link-error.ts";
import { positionBytes, positionIn, type Position } from "./position.ts";
import { pushHead, pushIn, type Push } from "./push.ts";
import { textBytes, textIn } from "./text.ts";

export type FromGateway =
  | { readonly kind: "hello"; readonly greeting: string }
  /** A connection of a client's begins; `principal` names the client where the link's token may name one. */
  | { readonly kind: "begin"; readonly stream: number; readonly principal: string | null }
  | { readonly kind: "end"; readonly stream: number }
  | {
      readonly kind: "request";
      readonly stream: number;
      readonly correlation: number;
      readonly frame: Uint8Array;
    }
  | { readonly kind: "taken"; readonly bytes: number }
  /** `stream` is one whose client may fetch: in its name the log is followed. */
  | { readonly kind: "position"; readonly stream: number; readonly position: Position };

export type FromController =
  | { readonly kind: "hello"; readonly greeting: string }
  | {
      readonly kind: "response";
      readonly stream: number;
      readonly correlation: number;
      readonly frame: Uint8Array;
    }
  /** There is no answer, and the stream has ended. */
  | {
      readonly kind: "refusal";
      readonly stream: number;
      readonly correlation: number;
      readonly sentence: string;
    }
  /** No further request is taken on this link. */
  | { readonly kind: "goaway"; readonly leaderId: number; readonly sentence: string }
  /** Only to a gateway that has said its position. */
  | { readonly kind: "push"; readonly push: Push };

export type Envelope = FromGateway | FromController;

/** Never reused. */
const KINDS = {
  hello: 1,
  stream: 2,
  request: 3,
  response: 4,
  goaway: 5,
  taken: 6,
  push: 7,
  position: 8,
} as const;

/** As long a name as the edge takes by HTTP. */
const PRINCIPAL_BYTES_MAX = 1_024;
const SENTENCE_BYTES_MAX = 4_096;

/** As it goes over the wire: a payload of one or two parts, so that a frame is copied once. */
export interface Written {
  readonly kind: number;
  readonly stream: number;
  readonly correlation: number;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

export interface Read extends Pick<Written, "kind" | "stream" | "correlation"> {
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array();
const ENDS = Uint8Array.of(0);
const BEGINS = Uint8Array.of(1);
const REFUSED = ENDS;
const ANSWERED = BEGINS;

export function written(envelope: Envelope): Written {
  const at = { stream: 0, correlation: 0, head: NOTHING, body: NOTHING };
  switch (envelope.kind) {
    case "hello":
      return { ...at, kind: KINDS.hello, body: textBytes(envelope.greeting) };
    case "begin": {
      const body = textBytes(envelope.principal ?? "");
      return { ...at, kind: KINDS.stream, stream: envelope.stream, head: BEGINS, body };
    }
    case "end":
      return { ...at, kind: KINDS.stream, stream: envelope.stream, head: ENDS };
    case "request": {
      const { stream, correlation, frame } = envelope;
      return { kind: KINDS.request, stream, correlation, head: NOTHING, body: frame };
    }
    case "response": {
      const { stream, correlation, frame } = envelope;
      return { kind: KINDS.response, stream, correlation, head: ANSWERED, body: frame };
    }
    case "refusal": {
      const { stream, correlation, sentence } = envelope;
      return { kind: KINDS.response, stream, correlation, head: REFUSED, body: cut(sentence) };
    }
    case "goaway":
      return {
        ...at,
        kind: KINDS.goaway,
        head: word(envelope.leaderId),
        body: cut(envelope.sentence),
      };
    case "taken":
      return { ...at, kind: KINDS.taken, head: word(envelope.bytes) };
    case "push": {
      const body = envelope.push.records?.batches ?? NOTHING;
      return { ...at, kind: KINDS.push, head: pushHead(envelope.push), body };
    }
    case "position": {
      const { stream, position } = envelope;
      return { ...at, kind: KINDS.position, stream, body: positionBytes(position) };
    }
    default:
      return unreachable(envelope);
  }
}

/** What a gateway has sent. Throws `LinkError` for anything else. */
export function fromGateway(read: Read): FromGateway {
  const { kind, stream, correlation, payload } = read;
  switch (kind) {
    case KINDS.hello:
      return { kind: "hello", greeting: greetingIn(payload) };
    case KINDS.stream:
      return streamIn(read);
    case KINDS.request:
      return { kind: "request", stream, correlation, frame: payload };
    case KINDS.taken:
      return { kind: "taken", bytes: wordIn(exactly(payload, 4, "taken")) >>> 0 };
    case KINDS.position:
      return { kind: "position", stream, position: positionIn(payload) };
    default:
      throw unknown(kind, "gateway");
  }
}

/** What a controller has sent. Throws `LinkError` for anything else. */
export function fromController({ kind, stream, correlation, payload }: Read): FromController {
  switch (kind) {
    case KINDS.hello:
      return { kind: "hello", greeting: greetingIn(payload) };
    case KINDS.response: {
      const isAnswered = flagIn(payload, "response");
      const rest = payload.subarray(1);
      if (isAnswered) return { kind: "response", stream, correlation, frame: rest };
      const sentence = shortText(rest, "the sentence of a response", SENTENCE_BYTES_MAX);
      return { kind: "refusal", stream, correlation, sentence };
    }
    case KINDS.goaway: {
      if (payload.byteLength < 4) throw new LinkError("a goaway does not say who leads");
      const sentence = shortText(
        payload.subarray(4),
        "the sentence of a goaway",
        SENTENCE_BYTES_MAX,
      );
      return { kind: "goaway", leaderId: wordIn(payload), sentence };
    }
    case KINDS.push:
      return { kind: "push", push: pushIn(payload) };
    default:
      throw unknown(kind, "controller");
  }
}

function streamIn({ stream, payload }: Read): FromGateway {
  const begins = flagIn(payload, "stream");
  const rest = payload.subarray(1);
  if (!begins) {
    exactly(rest, 0, "the end of a stream");
    return { kind: "end", stream };
  }
  const principal = shortText(rest, "the principal of a stream", PRINCIPAL_BYTES_MAX);
  return { kind: "begin", stream, principal: principal === "" ? null : principal };
}

const unknown = (kind: number, side: "gateway" | "controller"): LinkError =>
  new LinkError(`an envelope of kind ${kind} is not for a ${side} to send`);

const greetingIn = (payload: Uint8Array): string =>
  shortText(payload, "a hello", GREETING_BYTES_MAX);

function flagIn(payload: Uint8Array, what: string): boolean {
  const [flag] = payload;
  if (flag === 0 || flag === 1) return flag === 1;
  throw new LinkError(`a ${what} begins with ${flag ?? "nothing"}, not with 0 or 1`);
}

function exactly(payload: Uint8Array, bytes: number, what: string): Uint8Array {
  if (payload.byteLength === bytes) return payload;
  throw new LinkError(`${what} has ${payload.byteLength} bytes, not ${bytes}`);
}

function shortText(bytes: Uint8Array, what: string, bytesMax: number): string {
  if (bytes.byteLength > bytesMax)
    throw new LinkError(`${what} has ${bytes.byteLength} bytes; at most ${bytesMax} are accepted`);
  const text = textIn(bytes);
  if (text === null) throw new LinkError(`${what} is no UTF-8`);
  return text;
}

/** A sentence may quote what was sent, which may be long. */
function cut(sentence: string): Uint8Array {
  const bytes = textBytes(sentence);
  if (bytes.byteLength <= SENTENCE_BYTES_MAX) return bytes;
  // A character has four bytes at most.
  return textBytes(sentence.slice(0, SENTENCE_BYTES_MAX / 4).toWellFormed());
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}

const wordIn = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(0);
