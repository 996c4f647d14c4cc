/**
 * Whether a response can be said in the version that was asked. A string holds 32,767 bytes on the wire, and a refusal
 * that quotes what it refuses may be longer; it is cut. What cannot be said even so is a defect of ours, and must be
 * found before anything is committed: an answer that cannot be encoded is never given, and the caller would have to
 * guess what became of its request.
 */
import {
  EncodeError,
  type ApiName,
  type RequestFrame,
  type ResponseBody,
} from "../../src/protocol/index.ts";
import { answered, encodeAnswer } from "./answer.ts";

/** As much as a person reads. Four bytes a character at most, so it fits a string of any version. */
const MESSAGE_CHARACTERS_MAX = 4_000;

/** `body` in a form that the version of `frame` can say; throws an `EncodeError` when there is none. */
export function sayable<Name extends ApiName>(
  frame: RequestFrame<Name>,
  body: ResponseBody<Name>,
): ResponseBody<Name> {
  try {
    encodeAnswer(frame, answered(body));
    return body;
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only texts have become shorter
    const cut = withShortMessages(body) as ResponseBody<Name>;
    encodeAnswer(frame, answered(cut));
    return cut;
  }
}

function withShortMessages(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withShortMessages);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]: [string, unknown]) => [
      name,
      name === "errorMessage" && typeof field === "string"
        ? shortened(field)
        : withShortMessages(field),
    ]),
  );
}

function shortened(message: string): string {
  const left = message.length - MESSAGE_CHARACTERS_MAX;
  if (left <= 0) return message;
  return `${message.slice(0, MESSAGE_CHARACTERS_MAX)}… (${left} more characters)`;
}
