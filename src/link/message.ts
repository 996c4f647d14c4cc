/**
 * A message of a link: `u8 version`, then envelopes, each `u8 kind, u32 length, u32 stream, u32 correlation` and its
 * payload of that length. Numbers are big-endian, as in Kafka's own frames.
 */
import type { MessageBounds } from "./bounds.ts";
import {
  fromController,
  fromGateway,
  written,
  type Envelope,
  type FromController,
  type FromGateway,
  type Read,
  type Written,
} from "./envelope.ts";
import { LinkError } from "./link-error.ts";

/** The subprotocol of the WebSocket. It changes with `VERSION`, and a message says it again. */
export const SUBPROTOCOL = "kedge.link.1";

const VERSION = 1;
const VERSION_BYTES = 1;
const HEADER_BYTES = 13;

/** The messages that `envelopes` make within `bounds`, in their order. */
export function writeMessages(
  envelopes: readonly Envelope[],
  bounds: MessageBounds,
): readonly Uint8Array<ArrayBuffer>[] {
  const messages: Uint8Array<ArrayBuffer>[] = [];
  let together: Written[] = [];
  let size = VERSION_BYTES;
  for (const envelope of envelopes) {
    const each = written(envelope);
    const isFull = together.length >= bounds.envelopesMax || size + sizeOf(each) > bounds.bytesMax;
    if (together.length > 0 && isFull) {
      messages.push(joined(together, size));
      together = [];
      size = VERSION_BYTES;
    }
    together.push(each);
    size += sizeOf(each);
  }
  if (together.length > 0) messages.push(joined(together, size));
  return messages;
}

/** What `envelope` takes in a message. */
export const envelopeBytes = (envelope: Envelope): number => sizeOf(written(envelope));

const sizeOf = ({ head, body }: Written): number =>
  HEADER_BYTES + head.byteLength + body.byteLength;

function joined(envelopes: readonly Written[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  let at = VERSION_BYTES;
  for (const { kind, stream, correlation, head, body } of envelopes) {
    view.setUint8(at, kind);
    view.setUint32(at + 1, head.byteLength + body.byteLength);
    view.setUint32(at + 5, stream);
    view.setUint32(at + 9, correlation);
    bytes.set(head, at + HEADER_BYTES);
    bytes.set(body, at + HEADER_BYTES + head.byteLength);
    at += HEADER_BYTES + head.byteLength + body.byteLength;
  }
  return bytes;
}

/** The envelopes of a gateway's message; frames are views of it. Throws `LinkError`, and then none of them counts. */
export const readFromGateway = (
  message: Uint8Array,
  bounds: MessageBounds,
): readonly FromGateway[] => read(message, bounds).map(fromGateway);

/** The same of a controller's. */
export const readFromController = (
  message: Uint8Array,
  bounds: MessageBounds,
): readonly FromController[] => read(message, bounds).map(fromController);

/** Every length is held against what is there before anything is made of it. */
function read(message: Uint8Array, bounds: MessageBounds): readonly Read[] {
  const { byteLength: size } = message;
  if (size > bounds.loneBytesMax)
    throw new LinkError(`a message of ${size} bytes; at most ${bounds.loneBytesMax} are accepted`);
  const view = new DataView(message.buffer, message.byteOffset, size);
  if (size === 0) throw new LinkError("a message of no bytes");
  const version = view.getUint8(0);
  if (version !== VERSION)
    throw new LinkError(`a message of version ${version}; this link speaks ${VERSION}`);
  const envelopes: Read[] = [];
  let at = VERSION_BYTES;
  while (at < size) {
    if (envelopes.length >= bounds.envelopesMax)
      throw new LinkError(`more than ${bounds.envelopesMax} envelopes in a message`);
    if (size - at < HEADER_BYTES)
      throw new LinkError(`the message ends ${size - at} bytes into the header of an envelope`);
    const begin = at + HEADER_BYTES;
    const length = view.getUint32(at + 1);
    if (length > size - begin)
      throw new LinkError(
        `an envelope says that it has ${length} bytes, and ${size - begin} are there`,
      );
    envelopes.push({
      kind: view.getUint8(at),
      stream: view.getUint32(at + 5),
      correlation: view.getUint32(at + 9),
      payload: message.subarray(begin, begin + length),
    });
    at = begin + length;
  }
  if (envelopes.length === 0) throw new LinkError("a message without an envelope");
  if (envelopes.length > 1 && size > bounds.bytesMax)
    throw new LinkError(
      `a message of ${size} bytes; only one with a single envelope may have more than ${bounds.bytesMax}`,
    );
  return envelopes;
}
