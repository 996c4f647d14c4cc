/**
 * The controller listener over HTTP: a Kafka frame in and a Kafka frame out. A malformed frame gets a 400 with the
 * path of the fault, and has changed nothing.
 */
import {
  ApiVersions,
  DecodeError,
  decodeRequestFrame,
  responseFrame,
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
import { frameBody } from "./shared-frame.ts";

const OCTETS = { "content-type": "application/octet-stream" };

/** Answers one frame (without size prefix). A frame that cannot be answered in kind is a 400: close the connection. */
export async function answerFrame(
  node: Node,
  frame: Uint8Array,
  sender: Sender,
): Promise<Response> {
  try {
    const request = decodeRequestFrame(frame);
    if (request.name === null) return unsupported(request);
    const denial = refusedToBearer(sender.bearer, request);
    const answer =
      denial === null
        ? await dispatch(node, request, { ...sender, caller: callerOf(sender.bearer) })
        : refused(request, denial);
    if (answer === null)
      return malformed(`${request.name} is not served by a controller of this build`);
    return new Response(frameBody(request, answer), { headers: headersOf(node, answer) });
  } catch (error) {
    if (error instanceof DecodeError) return malformed(error.message);
    throw error;
  }
}

const callerOf = ({ principal, client_address: clientAddress }: Bearer): Caller => ({
  principal: { type: "User", name: principal, tokenAuthenticated: false },
  isForwarded: false,
  clientAddress,
});

function unsupported(request: {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}): Response {
  if (request.apiKey !== ApiVersions.key) {
    return malformed(`no API has key ${request.apiKey} and version ${request.apiVersion} here`);
  }
  // KIP-511: a client that is too new is told the range in the oldest form, which every client can read.
  const frame = responseFrame(ApiVersions, { ...request, apiVersion: 0 }, unsupportedApiVersions());
  return new Response(frame, { headers: OCTETS });
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

const malformed = (message: string): Response => refusal(STATUS.unanswerable, message);
