/**
 * The server's side of SASL on one connection: which versions, which mechanism, who (KIP-43, KIP-152). It takes the
 * requests in the order in which Kafka's `SaslServerAuthenticator` does and refuses as that does: before the mechanism
 * is agreed, anything else ends the connection without a word; after it, with ILLEGAL_SASL_STATE.
 *
 * A client that agrees the mechanism in version 0 of SaslHandshake then sends its message bare, in a frame that is no
 * Kafka request, as clients did before 1.0; it is answered with an empty frame, or not at all.
 *
 * Sessions have no end of their own (KIP-368): a token that expires is refused by the edge, frame by frame.
 */
import {
  ApiVersions,
  apiByKey,
  apis,
  decodeRequestFrame,
  DecodeError,
  ErrorCode,
  errorResponse,
  peekRequest,
  responseFrame,
  SaslAuthenticate,
  SaslHandshake,
  type ApiName,
  type ErrorName,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import { unsupportedVersion, withSasl } from "./api-versions.ts";
import { plainCredentials } from "./plain.ts";

/** As a SaslHandshake names them. */
export const MECHANISMS: readonly string[] = ["PLAIN"];

const FAILED = "Authentication failed: Invalid username or password";

/** What the exchange asks of the edge. Both reject when the edge cannot answer now. */
export interface SaslEdge {
  /** The answer to ApiVersions, asked in nobody's name. */
  readonly apiVersions: (request: RequestFrame<"ApiVersions">) => Promise<Uint8Array>;
  readonly isAccepted: (token: string, signal: AbortSignal) => Promise<boolean>;
}

export interface SaslAnswer {
  /** To be sent; null for nothing. */
  readonly frame: Uint8Array | null;
  /** Why the connection ends once that is sent; null when it goes on. */
  readonly failure: string | null;
}

type State = "begun" | "versions-told" | "agreed" | "agreed-bare";

export class SaslServer {
  readonly #edge: SaslEdge;
  #state: State = "begun";
  #token: string | null = null;

  constructor(edge: SaslEdge) {
    this.#edge = edge;
  }

  /** What the client has authenticated with; null until then. */
  get token(): string | null {
    return this.#token;
  }

  /** Answers the next frame of a client that is not authenticated. */
  async answer(frame: Uint8Array, signal: AbortSignal): Promise<SaslAnswer> {
    if (this.#state === "agreed-bare") return await this.#takeBare(frame, signal);
    try {
      return this.#state === "agreed"
        ? await this.#takeAuthenticate(frame, signal)
        : await this.#takeFirst(frame);
    } catch (error) {
      if (error instanceof DecodeError) return ended(null, `during SASL: ${error.message}`);
      throw error;
    }
  }

  /** ApiVersions, at most once, and SaslHandshake. */
  async #takeFirst(frame: Uint8Array): Promise<SaslAnswer> {
    const { apiKey } = peekRequest(frame);
    if (apiKey !== ApiVersions.key && apiKey !== SaslHandshake.key)
      return ended(null, `${nameOf(apiKey)} before SASL: does the client speak it?`);
    const request = decodeRequestFrame(frame);
    if (request.name === "SaslHandshake") return this.#takeHandshake(request);
    if (apiKey === SaslHandshake.key)
      return ended(null, `SaslHandshake in version ${request.apiVersion}`);
    if (this.#state !== "begun") return ended(null, "ApiVersions a second time before SASL");
    if (request.name !== "ApiVersions") return goesOn(unsupportedVersion(request));
    const told = withSasl(request, await this.#edge.apiVersions(request));
    if (told.isServed) this.#state = "versions-told";
    return goesOn(told.frame);
  }

  #takeHandshake(request: RequestFrame<"SaslHandshake">): SaslAnswer {
    const { mechanism } = request.body;
    const isKnown = MECHANISMS.includes(mechanism);
    const errorCode = isKnown ? ErrorCode.NONE : ErrorCode.UNSUPPORTED_SASL_MECHANISM;
    const answer = responseFrame(SaslHandshake, request, { errorCode, mechanisms: MECHANISMS });
    if (!isKnown) return ended(answer, `SASL mechanism ${JSON.stringify(mechanism.slice(0, 40))}`);
    this.#state = request.apiVersion === 0 ? "agreed-bare" : "agreed";
    return goesOn(answer);
  }

  async #takeAuthenticate(frame: Uint8Array, signal: AbortSignal): Promise<SaslAnswer> {
    const request = decodeRequestFrame(frame);
    if (request.name === null) return ended(null, `${nameOf(request.apiKey)} during SASL`);
    if (request.name !== "SaslAuthenticate")
      return ended(refusal(request, "ILLEGAL_SASL_STATE"), `${request.name} during SASL`);
    const failure = await this.#authenticate(request.body.authBytes, signal);
    const answer = responseFrame(SaslAuthenticate, request, {
      errorCode: failure === null ? ErrorCode.NONE : ErrorCode.SASL_AUTHENTICATION_FAILED,
      errorMessage: failure === null ? null : FAILED,
      authBytes: new Uint8Array(),
    });
    return { frame: answer, failure };
  }

  async #takeBare(message: Uint8Array, signal: AbortSignal): Promise<SaslAnswer> {
    const failure = await this.#authenticate(message, signal);
    return failure === null ? goesOn(new Uint8Array()) : ended(null, failure);
  }

  /** Takes the token when the edge does; otherwise says why not, for the log. */
  async #authenticate(message: Uint8Array, signal: AbortSignal): Promise<string | null> {
    const credentials = plainCredentials(message);
    if (credentials === null) return "authentication failed: no user name with a token";
    const { userName, token } = credentials;
    const isAccepted = await this.#edge.isAccepted(token, signal);
    if (!isAccepted)
      return `authentication failed: the edge does not take the token of ${named(userName)}`;
    this.#token = token;
    return null;
  }
}

/** A SASL request on a connection that needs none any more, or never did; null for every other frame. */
export function unexpectedSasl(frame: Uint8Array): Uint8Array | null {
  const { apiKey } = peekRequest(frame);
  if (apiKey !== SaslHandshake.key && apiKey !== SaslAuthenticate.key) return null;
  const request = decodeRequestFrame(frame);
  return request.name === null ? null : refusal(request, "ILLEGAL_SASL_STATE");
}

function refusal<Name extends ApiName>(request: RequestFrame<Name>, error: ErrorName): Uint8Array {
  const api = apis[request.name];
  const errorMessage = `Unexpected Kafka request of type ${request.name} in this state of SASL.`;
  return responseFrame(
    api,
    request,
    errorResponse(api, request, { errorCode: ErrorCode[error], errorMessage }),
  );
}

const nameOf = (apiKey: number): string =>
  apiByKey(apiKey)?.name ?? `a request that is none of Kafka's (${apiKey})`;

/** A name that somebody claims, on one line. */
const named = (userName: string): string => JSON.stringify(userName.slice(0, 100));

const goesOn = (frame: Uint8Array): SaslAnswer => ({ frame, failure: null });
const ended = (frame: Uint8Array | null, failure: string): SaslAnswer => ({ frame, failure });
