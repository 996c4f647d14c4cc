/**
 * Envelope (KIP-590): a client's request as a broker forwards it, with the client's principal and address. The
 * inner request is answered as if it had come itself; only "the controller is elsewhere" is said on the
 * envelope, so that the broker looks for the other controller instead of troubling its client.
 */
import {
  DecodeError,
  Envelope,
  ErrorCode,
  apis,
  decodePrincipal,
  decodeRequestFrame,
  responseFrame,
  type ApiName,
  type EnvelopeRequest,
  type Principal,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import type { Answer } from "./answer.ts";
import { refuse } from "../refusal.ts";

/** What brokers may forward. Not all of it is served here yet; a broker of 4.0 forwards it all the same. */
const FORWARDABLE: ReadonlySet<ApiName> = new Set<ApiName>([
  "AlterClientQuotas",
  "AlterUserScramCredentials",
  "CreateAcls",
  "CreateDelegationToken",
  "DeleteAcls",
  "ExpireDelegationToken",
  "RenewDelegationToken",
  "AlterConfigs",
  "AlterPartitionReassignments",
  "CreatePartitions",
  "CreateTopics",
  "DeleteTopics",
  "DescribeQuorum",
  "ElectLeaders",
  "IncrementalAlterConfigs",
  "ListPartitionReassignments",
  "UnregisterBroker",
  "UpdateFeatures",
]);

/** Answers the inner request by `answerInner`, and wraps what comes back. */
export async function openEnvelope(
  envelope: EnvelopeRequest,
  answerInner: (inner: RequestFrame, principal: Principal) => Promise<Answer | null>,
): Promise<Answer> {
  const { length } = envelope.clientHostAddress;
  if (length !== 4 && length !== 16) return refused(ErrorCode.INVALID_REQUEST);
  const principal = principalOf(envelope);
  if (principal === null) return refused(ErrorCode.PRINCIPAL_DESERIALIZATION_FAILURE);
  const inner = innerOf(envelope);
  if (inner === null) return refused(ErrorCode.UNSUPPORTED_VERSION);
  if (!FORWARDABLE.has(inner.name)) return refused(ErrorCode.INVALID_REQUEST);
  const answer = (await answerInner(inner, principal)) ?? unserved(inner);
  if (answer === null) return refused(ErrorCode.UNSUPPORTED_VERSION);
  if (answer.isNotController)
    return { ...refused(ErrorCode.NOT_CONTROLLER), isNotController: true };
  const responseData = encodeAnswer(inner, answer);
  return { body: Envelope.response.fill({ responseData }), isNotController: false };
}

/** A code in the client's own response reaches it at once; on the envelope it would cut the client off. */
function unserved(inner: RequestFrame): Answer | null {
  const body = refuse(inner.name, inner.body, {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    errorMessage: `${inner.name} is not served by the controllers of this cluster.`,
  });
  return body === null ? null : { body, isNotController: false };
}

const refused = (errorCode: number): Answer => ({
  body: Envelope.response.fill({ errorCode }),
  isNotController: false,
});

function principalOf({ requestPrincipal }: EnvelopeRequest): Principal | null {
  if (requestPrincipal === null) return null;
  try {
    return decodePrincipal(requestPrincipal);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function innerOf({ requestData }: EnvelopeRequest): RequestFrame | null {
  try {
    const frame = decodeRequestFrame(requestData);
    return frame.name === null ? null : frame;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The response frame of an answered request. */
export function encodeAnswer(frame: RequestFrame, answer: Answer): Uint8Array {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an answer's body is the response of the API that was asked
  return responseFrame(apis[frame.name], frame, answer.body as Record<string, unknown>);
}
