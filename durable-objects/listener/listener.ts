/**
 * The controller listener: a Kafka frame in and a Kafka frame out, over HTTP or a link. A malformed frame gets a
 * sentence with the path of the fault, by HTTP a 400, and has changed nothing.
 */
import {
  ApiVersions,
  DecodeError,
  decodeRequestFrame,
  responseFrame,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import type { Caller } from "../../src/metadata/index.ts";
import { leaderOf } from "../../src/raft/index.ts";
import type { Bearer } from "../bearer.ts";
import {
  OUTCOME_UNKNOWN,
  STATUS,
  notControllerHeader,
  positionHeaders,
  refusal,
} from "../contract.ts";
import { unsupportedApiVersions } from "./api-versions.ts";
import { dispatch } from "./dispatch.ts";
import { refused, type Answer, type Node, type Sender } from "./answer.ts";
import { refusedToBearer } from "./permission.ts";
import { frameParts, streamOf } from "./shared-frame.ts";

const OCTETS = { "content-type": "application/octet-stream" };

/** What becomes of one frame. */
export type Answered =
  /** `answer` is null where none was asked for of the node: the caller is too new. */
  | {
      readonly kind: "frame";
      readonly parts: readonly Uint8Array[];
      readonly answer: Answer | null;
    }
  /** There is no answer in kind: close the connection. */
  | { readonly kind: "unanswerable"; readonly sentence: string };

/** Answers one frame (without size prefix). Whatever it changes is queued within this call. */
export async function answerRequest(
  node: Node,
  frame: Uint8Array,
  sender: Sender,
): Promise<Answered> {
  try {
    const request = decodeRequestFrame(frame);
    if (request.name === null) return unsupported(request);
    const answer = await measured(node, request, sender);
    if (answer === null)
      return unanswerable(`${request.name} is not served by a controller of this build`);
    return { kind: "frame", parts: frameParts(request, answer), answer };
  } catch (error) {
    if (error instanceof DecodeError) return unanswerable(error.message);
    throw error;
  }
}

async function measured(node: Node, request: RequestFrame, sender: Sender): Promise<Answer | null> {
  const end = node.voter.requests.begin(request.name);
  try {
    const denial = refusedToBearer(sender.bearer, request);
    if (denial !== null) return refused(request, denial);
    return await dispatch(node, request, { ...sender, caller: callerOf(sender.bearer) });
  } finally {
    end();
  }
}

/** The same by HTTP. A frame that cannot be answered in kind is a 400. A peer reads nothing but the frame. */
export async function answerFrame(
  node: Node,
  frame: Uint8Array,
  sender: Sender,
): Promise<Response> {
  const answered = await answerRequest(node, frame, sender);
  if (answered.kind === "unanswerable") return refusal(STATUS.unanswerable, answered.sentence);
  const { parts, answer } = answered;
  const [first = new Uint8Array()] = parts;
  const body = parts.length <= 1 ? first : streamOf(parts);
  if (sender.origin === "peer") return new Response(body);
  return new Response(body, { headers: answer === null ? OCTETS : headersOf(node, answer) });
}

export const callerOf = ({ principal, client_address: clientAddress }: Bearer): Caller => ({
  principal: { type: "User", name: principal, tokenAuthenticated: false },
  isForwarded: false,
  clientAddress,
});

function unsupported(request: {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}): Answered {
  if (request.apiKey !== ApiVersions.key) {
    return unanswerable(`no API has key ${request.apiKey} and version ${request.apiVersion} here`);
  }
  // KIP-511: a client that is too new is told the range in the oldest form, which every client can read.
  const frame = responseFrame(ApiVersions, { ...request, apiVersion: 0 }, unsupportedApiVersions());
  return { kind: "frame", parts: [frame], answer: null };
}

/** The headers of an answer: what it reflects, and whether the active controller is elsewhere. */
function headersOf({ voter }: Node, answer: Answer): Record<string, string> {
  const { endOffset, epoch } = voter.committedImage.provenance;
  return {
    ...OCTETS,
    ...positionHeaders({ offset: endOffset - 1, epoch }),
    ...(answer.isNotController ? notControllerHeader(leaderOf(voter.state)?.leaderId ?? -1) : {}),
    ...(answer.isOutcomeUnknown ? OUTCOME_UNKNOWN : {}),
  };
}

const unanswerable = (sentence: string): Answered => ({ kind: "unanswerable", sentence });
