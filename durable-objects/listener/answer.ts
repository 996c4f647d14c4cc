/**
 * What a request is answered from, and what an answer is: the words that everything behind the listener shares. An
 * answer stays typed to the API that was asked, from the rule that made it to the bytes that leave.
 */
import type { Caller } from "../../src/metadata/index.ts";
import {
  apis,
  errorResponse,
  responseFrame,
  type ApiError,
  type ApiName,
  type RequestFrame,
  type ResponseBody,
} from "../../src/protocol/index.ts";
import type { Bearer } from "../bearer.ts";
import type { ClusterEntry } from "../cluster-entry.ts";
import type { Controller } from "../controller.ts";

/** A formed node that takes part. */
export interface Node {
  readonly voter: Controller;
  readonly cluster: ClusterEntry;
}

/**
 * Which way a request came. `peer`: from another controller of this quorum, through the platform's own binding.
 * `client`: through the Worker, in the name of whom it has let in; a request from there that claims to be a voter's is
 * not believed.
 */
export type Origin = "peer" | "client";

/** The other end of a request. */
export interface Sender {
  readonly origin: Origin;
  /** Whom the Worker has let in; a peer comes by another way, and may everything. */
  readonly bearer: Bearer;
  /** Aborted when it hangs up. */
  readonly signal: AbortSignal;
}

/** What is known of a request besides its frame, as Kafka's `RequestContext`. */
export interface RequestContext extends Sender {
  readonly caller: Caller;
}

/** The value of an API's response, and what the caller must know of it besides. */
export interface Answer<Name extends ApiName = ApiName> {
  readonly body: ResponseBody<Name>;
  /** It says that the active controller is elsewhere, and nothing was executed. */
  readonly isNotController: boolean;
  /** It says so, and the request may be executed all the same. */
  readonly isOutcomeUnknown?: true;
}

/** Answers the requests of one API. */
export type Handler<Name extends ApiName> = (
  node: Node,
  frame: RequestFrame<Name>,
  context: RequestContext,
) => Promise<Answer<Name>>;

/** A table from the names of APIs to what answers them. */
export type Handlers<Names extends ApiName = ApiName> = {
  readonly [Name in Names]: Handler<Name>;
};

/** Of a leader that cannot make sure that it is one: it may have been deposed. */
export const UNCONFIRMED = "No majority of the voters has confirmed in time who leads.";

export const answered = <Name extends ApiName>(body: ResponseBody<Name>): Answer<Name> => ({
  body,
  isNotController: false,
});

/** The answer that refuses the whole of a request, in its API's own shape. */
export function refused<Name extends ApiName>(
  frame: RequestFrame<Name>,
  error: ApiError,
): Answer<Name> {
  return answered(errorResponse(apis[frame.name], frame, error));
}

/** The response frame of an answered request. */
export function encodeAnswer<Name extends ApiName>(
  frame: RequestFrame<Name>,
  answer: Answer<Name>,
): Uint8Array<ArrayBuffer> {
  return responseFrame(apis[frame.name], frame, answer.body);
}
