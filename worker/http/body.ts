/**
 * Reading what a client sent, within bounds: its type, bytes, levels of nesting, UTF-8 and JSON. What a body means is
 * not known here.
 */
import { joinedBytes } from "../../src/std/joined-bytes.ts";
import { Problem } from "./errors.ts";

/**
 * The largest body or frame: far above any controller request (an explicit assignment of 10,000 partitions is a
 * few hundred KiB), far below what an isolate of 128 MB can hold several of.
 */
export const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** Far above Kafka's messages, which nest five deep. */
const JSON_DEPTH_MAX = 32;

/**
 * How much of a body that is too large is still read, and dropped, before it is refused: many clients read the answer
 * only after they have sent the whole body, and would see a broken connection instead.
 */
const DRAINED_BYTES_MAX = 64 * 1024 * 1024;

/** What the bodies that are being read may hold together: an isolate has 128 MB, and its images want most of that. */
const READING_BYTES_MAX = 48 * 1024 * 1024;

let readingBytes = 0;

/** A frame or JSON. A page of another site can send neither without a preflight, but can send text or a form. */
type BodyType = "application/octet-stream" | "application/json";

/**
 * The whole body. One that is announced or found to be too large is refused, and its bytes are not kept; so is one for
 * which there is no room beside those that are being read, and one that does not say that it is of `type`. Without any
 * bytes it may say nothing.
 */
export async function readBytes(
  request: Request,
  type: BodyType,
): Promise<Uint8Array<ArrayBuffer>> {
  if (request.body === null) return new Uint8Array(0);
  let own = 0;
  try {
    return await readWhole(request.body, { headers: request.headers, type }, (bytes) => {
      own += bytes;
      readingBytes += bytes;
    });
  } finally {
    readingBytes -= own;
  }
}

async function readWhole(
  body: ReadableStream<Uint8Array>,
  { headers, type }: { readonly headers: Headers; readonly type: BodyType },
  hold: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  refuseEncoded(headers.get("Content-Encoding"));
  const announced = Number(headers.get("Content-Length") ?? 0);
  const reader = body.getReader();
  let chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    // Also of an announced length that is no number nothing is kept.
    if (Math.max(size, announced) <= BODY_BYTES_MAX) {
      hold(value.byteLength);
      chunks.push(value);
    } else chunks = [];
    if (readingBytes > READING_BYTES_MAX) {
      await reader.cancel();
      throw new Problem("OVERLOADED", "too many large bodies are being read; nothing was changed");
    }
    if (size > DRAINED_BYTES_MAX) {
      await reader.cancel();
      break;
    }
  }
  if (!(Math.max(size, announced) <= BODY_BYTES_MAX)) {
    throw new Problem("BODY_TOO_LARGE", `a body may have at most ${BODY_BYTES_MAX} bytes`);
  }
  if (size > 0) refuseOtherType(headers.get("Content-Type"), type);
  return joinedBytes(chunks);
}

/** Nothing is unpacked here: how large it would become, nobody has said. */
function refuseEncoded(said: string | null): void {
  if (said === null || said.trim().toLowerCase() === "identity") return;
  throw new Problem(
    "UNSUPPORTED_MEDIA_TYPE",
    `the body says that it is packed with ${said.slice(0, 100)}; send it as it is, without Content-Encoding`,
  );
}

/** Parameters, such as a charset, are not looked at: JSON is UTF-8. */
function refuseOtherType(said: string | null, type: BodyType): void {
  const given = said?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (given === type) return;
  const what = given === "" ? "says no type" : `says that it is ${given.slice(0, 100)}`;
  throw new Problem(
    "UNSUPPORTED_MEDIA_TYPE",
    `the body ${what}; here it must be sent with Content-Type: ${type}`,
  );
}

/** The body as the text of JSON. Bytes that are not UTF-8 are refused, not replaced. */
export async function readText(request: Request): Promise<string> {
  const bytes = await readBytes(request, "application/json");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (error) {
    throw new Problem("MALFORMED_JSON", "the body is not UTF-8", { cause: error });
  }
}

/** Parses JSON of any origin: its depth is checked before the parser runs. */
export function parseJson(text: string): unknown {
  if (nestingOf(text) > JSON_DEPTH_MAX) {
    throw new Problem("MALFORMED_JSON", `the body nests deeper than ${JSON_DEPTH_MAX} levels`);
  }
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const reason = error instanceof Error ? withoutQuote(error.message) : String(error);
    throw new Problem("MALFORMED_JSON", `the body is not JSON: ${reason}`, { cause: error });
  }
}

/** V8 repeats what stands around the fault, which may be a secret of the sender's. */
const withoutQuote = (message: string): string =>
  message.replace(/(?:\.{3})?"[^]*"(?:\.{3})? is not valid JSON$/, "this is not valid JSON");

/** The deepest nesting of arrays and objects, brackets inside strings aside. Of text that is not JSON, any number. */
export function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}
