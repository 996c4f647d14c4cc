/**
 * What clients are told about versions before anybody knows who they are. A controller is asked that once a second for
 * each version, in the gateway's own words, however many want to know: strangers cost it no more than that.
 */
import {
  ApiVersions,
  ErrorCode,
  introducesItself,
  requestFrame,
  responseFrame,
  type RequestFrame,
} from "../../src/protocol/index.ts";

/** What a cluster has finalized changes rarely, and who is in the middle of a handshake asks again once it is over. */
const FRESH_MS = 1_000;
const ANSWER_MS = 10_000;
/** Nine controllers, six versions. */
const KEPT_MAX = 54;
const REFUSAL = ApiVersions.response.fill({ errorCode: ErrorCode.INVALID_REQUEST });
const SOFTWARE = { clientSoftwareName: "kedge-gateway", clientSoftwareVersion: "1" };

export type Ask = (nodeId: number, frame: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

interface Asked {
  readonly at: number;
  readonly answer: Promise<Uint8Array>;
}

export class VersionQuestions {
  readonly #ask: Ask;
  readonly #clock: () => number;
  readonly #asked = new Map<string, Asked>();

  constructor(ask: Ask, clock: () => number = () => performance.now()) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The controller's answer to that client; rejects when there is none. */
  async answer(nodeId: number, request: RequestFrame<"ApiVersions">): Promise<Uint8Array> {
    const { apiVersion, correlationId, body } = request;
    if (!introducesItself(apiVersion, body)) return responseFrame(ApiVersions, request, REFUSAL);
    const answer = (await this.#shared(nodeId, apiVersion)).slice();
    new DataView(answer.buffer).setInt32(0, correlationId);
    return answer;
  }

  #shared(nodeId: number, apiVersion: number): Promise<Uint8Array> {
    const key = `${nodeId} ${apiVersion}`;
    const now = this.#clock();
    const known = this.#asked.get(key);
    if (known !== undefined && now - known.at < FRESH_MS) return known.answer;
    if (this.#asked.size >= KEPT_MAX) this.#asked.clear();
    const header = { apiVersion, correlationId: 0, clientId: "kedge-gateway" };
    const frame = requestFrame(ApiVersions, header, SOFTWARE);
    const answer = this.#ask(nodeId, frame, AbortSignal.timeout(ANSWER_MS));
    this.#asked.set(key, { at: now, answer });
    return answer;
  }
}
