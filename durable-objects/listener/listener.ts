/**
 * The controller listener over HTTP: a Kafka frame in and a Kafka frame out, or the same request in Kafka's JSON
 * form. A malformed request gets a 4xx with the path of the fault, and has changed nothing.
 */
import {
  ApiVersions,
  DecodeError,
  ErrorCode,
  JsonError,
  apis,
  boundsOf,
  decodeRequestFrame,
  fromJson,
  isApiName,
  responseFrame,
  toJson,
  type AnyMessage,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import { ANONYMOUS_CALLER } from "../../src/metadata/index.ts";
import { leaderOf } from "../../src/raft/index.ts";
import { unsupportedApiVersions } from "./api-versions.ts";
import { dispatch, whoLeads } from "./dispatch.ts";
import { encodeAnswer, type Node, type Origin } from "./answer.ts";

const OCTETS = { "content-type": "application/octet-stream" };

/** Answers one frame (without size prefix). A frame that cannot be answered in kind is a 400: close the connection. */
export async function answerFrame(
  node: Node,
  frame: Uint8Array,
  origin: Origin,
): Promise<Response> {
  try {
    const request = decodeRequestFrame(frame);
    if (request.name === null) return unsupported(request);
    const answer = await dispatch(node, request, {
      origin,
      caller: ANONYMOUS_CALLER,
    });
    if (answer === null)
      return malformed(`${request.name} is not served by a controller of this build`);
    return new Response(encodeAnswer(request, answer), {
      headers: { ...OCTETS, ...provenance(node) },
    });
  } catch (error) {
    if (error instanceof DecodeError) return malformed(error.message);
    throw error;
  }
}

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

/** Answers one request in JSON. `version` is the API's, as text; null takes the highest. */
export async function answerJson(
  node: Node,
  call: { readonly api: string; readonly version: string | null; readonly text: string },
): Promise<Response> {
  if (!isApiName(call.api)) return malformed(`no API is called ${call.api}`, 404);
  const api = apis[call.api];
  const version = call.version === null ? boundsOf(api.valid).high : Number(call.version);
  if (!api.request.supports(version))
    return malformed(`${call.api} has no version ${call.version}; it has ${api.valid}`);
  try {
    const schema: AnyMessage = api.request;
    const body = fromJson(schema, version, JSON.parse(call.text));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the name has chosen the body's schema
    const frame = {
      name: call.api,
      apiKey: api.key,
      apiVersion: version,
      correlationId: 0,
      clientId: null,
      body,
    } as RequestFrame;
    const answer = await dispatch(node, frame, {
      origin: "client",
      caller: ANONYMOUS_CALLER,
    });
    if (answer === null)
      return malformed(`${call.api} is not served by a controller of this build`, 404);
    if (answer.isNotController) return elsewhere(node);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an answer's body is the response of the API that was asked
    const value = answer.body as Record<string, unknown>;
    const response: AnyMessage = api.response;
    return Response.json(toJson(response, version, value), { headers: provenance(node) });
  } catch (error) {
    if (error instanceof JsonError || error instanceof SyntaxError) return malformed(error.message);
    throw error;
  }
}

/** What the answer reflects: the last committed record that this node has replayed. */
function provenance({ voter }: Node): Record<string, string> {
  const { endOffset, epoch } = voter.committedImage.provenance;
  return { "kafka-metadata-offset": String(endOffset - 1), "kafka-metadata-epoch": String(epoch) };
}

function elsewhere(node: Node): Response {
  const { state } = node.voter;
  return notController(whoLeads(node), {
    leaderId: leaderOf(state)?.leaderId ?? -1,
    leaderEpoch: state.election.epoch,
  });
}

/** Nothing was executed here, and the caller may try another node: the one that is named, if any. */
export function notController(
  message: string,
  { leaderId, leaderEpoch }: { readonly leaderId: number; readonly leaderEpoch: number },
): Response {
  return Response.json(
    {
      error_code: ErrorCode.NOT_CONTROLLER,
      message,
      leader_id: leaderId,
      leader_epoch: leaderEpoch,
    },
    { status: 421 },
  );
}

function malformed(message: string, status = 400): Response {
  return Response.json({ error_code: status, message }, { status });
}
