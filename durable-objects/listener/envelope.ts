/**
 * Envelope (KIP-590): a client's request as a broker forwards it, with the client's principal and address. The
 * inner request is answered as if it had come by itself; only "the controller is elsewhere" is said on the
 * envelope, so that the broker looks for the other controller instead of troubling its client.
 */
import type { Caller } from "../../src/metadata/index.ts";
import {
  DecodeError,
  Envelope,
  ErrorCode,
  apis,
  decodeHostAddress,
  decodePrincipal,
  decodeRequestFrame,
  type ApiName,
  type EnvelopeRequest,
  type ErrorName,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import { encodeAnswer, refused, type Answer } from "./answer.ts";

/** Answers a request that came in an envelope; null when its API is not served here. */
type AnswerInner = <Name extends ApiName>(
  inner: RequestFrame<Name>,
  caller: Caller,
) => Promise<Answer<Name> | null>;

/** Answers the inner request by `answerInner`, and wraps what comes back. */
export async function openEnvelope(
  envelope: EnvelopeRequest,
  answerInner: AnswerInner,
): Promise<Answer<"Envelope">> {
  const clientAddress = decodedOrNull(() => decodeHostAddress(envelope.clientHostAddress));
  if (clientAddress === null) return refusedAs("INVALID_REQUEST");
  const { requestPrincipal } = envelope;
  const principal =
    requestPrincipal === null ? null : decodedOrNull(() => decodePrincipal(requestPrincipal));
  if (principal === null) return refusedAs("PRINCIPAL_DESERIALIZATION_FAILURE");
  const inner = decodedOrNull(() => decodeRequestFrame(envelope.requestData));
  if (inner === null || inner.name === null) return refusedAs("UNSUPPORTED_VERSION");
  if (!apis[inner.name].forwardable) return refusedAs("INVALID_REQUEST");
  return await answerForwarded(inner, { principal, isForwarded: true, clientAddress }, answerInner);
}

async function answerForwarded<Name extends ApiName>(
  inner: RequestFrame<Name>,
  caller: Caller,
  answerInner: AnswerInner,
): Promise<Answer<"Envelope">> {
  const answer = (await answerInner(inner, caller)) ?? unserved(inner);
  if (answer.isNotController) return { ...refusedAs("NOT_CONTROLLER"), isNotController: true };
  // Kafka does not tell the two apart either: the broker sends it to the next controller.
  if (answer.isOutcomeUnknown) return { ...refusedAs("NOT_CONTROLLER"), isOutcomeUnknown: true };
  const responseData = encodeAnswer(inner, answer);
  return { body: Envelope.response.fill({ responseData }), isNotController: false };
}

/** A code in the client's own response reaches it at once; on the envelope it would cut the client off. */
const unserved = <Name extends ApiName>(inner: RequestFrame<Name>): Answer<Name> =>
  refused(inner, {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    errorMessage: `${inner.name} is not served by the controllers of this cluster.`,
  });

const refusedAs = (error: ErrorName): Answer<"Envelope"> => ({
  body: Envelope.response.fill({ errorCode: ErrorCode[error] }),
  isNotController: false,
});

/** What `decode` gives, or null when the bytes are malformed. */
function decodedOrNull<Value>(decode: () => Value): Value | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
