/**
 * The gateway's side of the edge: one HTTP request for each frame, over connections that are kept alive. A frame that
 * gets no answer is not sent again, since it may have been executed; the client decides.
 *
 * `node:http` with an agent of its own: nearly half the latency of the global `fetch` for such small bodies.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { Backoff } from "./backoff.ts";

/** Longer than any fetch is parked and any write waits for its commit. */
const ANSWER_MS = 35_000;

/** The edge answered with something other than a frame. */
export class EdgeError extends Error {
  override readonly name = "EdgeError";
}

export interface TunnelOptions {
  /** As `http://127.0.0.1:8787`. */
  readonly edge: string;
  readonly clusterId: string;
  /** Sent as a bearer token when the edge asks for one. */
  readonly token?: string;
  /** Bound on connections to the edge. */
  readonly socketsMax: number;
  /** Bound on the bytes of one answer. */
  readonly answerBytesMax: number;
}

export class Tunnel {
  readonly #options: TunnelOptions;
  readonly #agent: Agent;
  readonly #request: typeof httpRequest;
  /** Waits while the edge is unreachable: clients are refused at once instead of hanging. */
  readonly #backoff = new Backoff({ firstMs: 50, maxMs: 1_000 });

  constructor(options: TunnelOptions) {
    this.#options = options;
    const isTls = options.edge.startsWith("https:");
    const keep = { keepAlive: true, maxSockets: options.socketsMax };
    this.#agent = isTls ? new TlsAgent(keep) : new Agent(keep);
    this.#request = isTls ? httpsRequest : httpRequest;
  }

  /** False while the edge has just been found unreachable. */
  get isOpen(): boolean {
    return !this.#backoff.isWaiting(Date.now());
  }

  /** Sends one frame to a controller; resolves with the response frame. */
  async send(nodeId: number, frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const path = `/kafka/v3/clusters/${this.#options.clusterId}/controllers/${nodeId}/frames`;
    const answer = await this.#post(path, frame, signal);
    if (answer.status === 200) return answer.body;
    throw new EdgeError(
      `the edge answered ${answer.status}: ${answer.body.toString("utf8", 0, 300)}`,
    );
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(
    path: string,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: Buffer }> {
    const { edge, token } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        // A kept-alive connection that the edge has just closed says nothing about the edge.
        if (!signal.aborted && !outgoing.reusedSocket) this.#backoff.failed(Date.now());
        reject(error);
      };
      const outgoing = this.#request(new URL(path, edge), {
        method: "POST",
        agent: this.#agent,
        signal,
        timeout: ANSWER_MS,
        headers: {
          "content-type": "application/octet-stream",
          "content-length": body.byteLength,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      });
      outgoing.once("timeout", () =>
        outgoing.destroy(new Error(`no answer within ${ANSWER_MS} ms`)),
      );
      outgoing.once("error", fail);
      outgoing.once("response", (incoming) => {
        this.#backoff.succeeded();
        this.#collect(incoming).then(
          (bytes) => resolve({ status: incoming.statusCode ?? 0, body: bytes }),
          fail,
        );
      });
      outgoing.end(body);
    });
  }

  async #collect(incoming: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of incoming) {
      const bytes: Buffer = chunk;
      size += bytes.byteLength;
      if (size > this.#options.answerBytesMax)
        throw new EdgeError(`an answer of more than ${this.#options.answerBytesMax} bytes`);
      chunks.push(bytes);
    }
    return Buffer.concat(chunks, size);
  }
}
