/**
 * HTTP to the edge: kept connections, through a proxy where the environment asks for one, with what every request
 * shows. It judges no answer.
 *
 * `node:http` with an agent of its own: nearly half the latency of the global `fetch` for such small bodies.
 */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { WebSocket } from "ws";
import type { EdgeCredentials } from "./credentials.ts";
import { isLoopback } from "./loopback.ts";
import { proxyFor } from "./proxy.ts";

/** How long an upgrade may take. */
const UPGRADE_MS = 10_000;
/** As much as is read of an answer that refuses an upgrade. */
const REFUSAL_BYTES_MAX = 65_536;

/**
 * A frame that has not left after so long does not leave: it waited for a connection, or this process has stood still
 * meanwhile (LK-3). Shorter than any broker's session, so a heartbeat unfences nobody who has been silent since.
 */
const LEAVES_MS = 3_000;

/** Longer than any fetch is parked and any write waits for its commit. */
const ANSWER_MS = 35_000;

export interface EdgeClientOptions {
  /** As `http://127.0.0.1:8787`, or with a path below which the Worker is mounted. */
  readonly edge: string;
  readonly credentials: EdgeCredentials;
  /** Where the variables of a proxy are looked for; no proxy when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Bound on the bytes of one answer. */
  readonly answerBytesMax: number;
}

export interface EdgeRequest {
  readonly method: "GET" | "POST";
  /** Below the edge's own path; begins with a slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

export interface EdgeAnswer {
  readonly status: number;
  /** As it came; undefined when there was none. */
  readonly retryAfter: string | undefined;
  /**
   * `Kafka-Not-Controller`: who leads instead, as the controller that was asked knows it; null where it does not say.
   */
  readonly leaderId: number | null;
  readonly body: Buffer;
}

/** A WebSocket that is being opened. */
export interface Upgrade {
  readonly socket: WebSocket;
  /** Resolves with the edge's answer if that is no upgrade; the socket is to be closed then. Else it never settles. */
  readonly refused: Promise<EdgeAnswer>;
}

/** No answer came, or none that can be used. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  /** The next request will fare no better. */
  readonly isOutage: boolean;

  constructor(message: string, isOutage: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isOutage = isOutage;
  }
}

export class EdgeClient {
  readonly #options: EdgeClientOptions;
  readonly #base: URL;
  #credentials: EdgeCredentials;
  #agent: Agent;

  /** Throws a sentence when the URL will not do, or asks for what this Node cannot do. */
  constructor(options: EdgeClientOptions) {
    this.#options = options;
    this.#base = baseOf(options.edge);
    this.#credentials = options.credentials;
    this.#agent = this.#newAgent();
    assertPrivate(this.#base, options.credentials);
  }

  get credentials(): EdgeCredentials {
    return this.#credentials;
  }

  /** Shows `credentials` from the next request on. Requests under way are not disturbed. */
  renew(credentials: EdgeCredentials): void {
    assertPrivate(this.#base, credentials);
    this.#credentials = credentials;
    // Connections of the old agent that are idle now, or later, are closed by the edge in its own time.
    this.#agent = this.#newAgent();
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Resolves with the answer, whatever its status. Rejects with `NoAnswerError`, also when the signal ends it. */
  ask({ method, path, headers, body, signal }: EdgeRequest): Promise<EdgeAnswer> {
    const request = this.#base.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(this.#base.href.replace(/\/$/, "") + path), {
        method,
        agent: this.#agent,
        signal,
        timeout: ANSWER_MS,
        headers: {
          ...this.#credentials.headers,
          ...headers,
          ...(body === undefined ? {} : { "content-length": body.byteLength }),
        },
      });
      const fail = (cause: Error): void => {
        if (cause instanceof NoAnswerError) reject(cause);
        // A kept-alive connection that the edge has just closed says nothing about the edge.
        const isOutage = !signal.aborted && !outgoing.reusedSocket;
        reject(new NoAnswerError(reasonOf(cause), isOutage, { cause }));
      };
      outgoing.once("timeout", () =>
        outgoing.destroy(new Error(`no answer within ${ANSWER_MS} ms`)),
      );
      outgoing.once("error", fail);
      outgoing.once("response", (incoming) => {
        const { statusCode: status = 0 } = incoming;
        const retryAfter = incoming.headers["retry-after"];
        const leaderId = leaderIn(incoming);
        collect(incoming, this.#options.answerBytesMax).then(
          (bytes) => resolve({ status, retryAfter, leaderId, body: bytes }),
          fail,
        );
      });
      const askedAt = performance.now();
      onceReady(outgoing, () => {
        if (performance.now() - askedAt <= LEAVES_MS) outgoing.end(body);
        else outgoing.destroy(new NoAnswerError("it would have been sent too late", false));
      });
    });
  }

  /** Asks for a WebSocket, the same way as for anything else. Its messages are bounded as answers are. */
  upgrade(path: string, protocol: string, headers: Readonly<Record<string, string>>): Upgrade {
    const url = new URL(this.#base.href.replace(/\/$/, "") + path);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, protocol, {
      agent: this.#agent,
      headers: { ...this.#credentials.headers, ...headers },
      handshakeTimeout: UPGRADE_MS,
      maxPayload: this.#options.answerBytesMax,
      perMessageDeflate: false,
    });
    const refused = new Promise<EdgeAnswer>((resolve) => {
      socket.once("unexpected-response", (_, incoming) => {
        const { statusCode: status = 0 } = incoming;
        const retryAfter = incoming.headers["retry-after"];
        const answered = (body: Buffer): void =>
          resolve({ status, retryAfter, leaderId: null, body });
        collect(incoming, REFUSAL_BYTES_MAX).then(answered, () => answered(Buffer.alloc(0)));
      });
    });
    return { socket, refused };
  }

  /**
   * Connections are bounded by those of the clients, each of which has one request under way: nothing waits here for a
   * free one.
   */
  #newAgent(): Agent {
    const proxyEnv = proxyFor(this.#base, this.#options.env ?? {});
    const keep = { keepAlive: true, ...(proxyEnv === undefined ? {} : { proxyEnv }) };
    return this.#base.protocol === "https:"
      ? new TlsAgent({ ...keep, ...this.#credentials.tls })
      : new Agent(keep);
  }
}

/** Calls `send` when what it writes leaves at once. */
function onceReady(outgoing: ClientRequest, send: () => void): void {
  outgoing.once("socket", (socket) => {
    if (isShakingHands(socket)) socket.once("secureConnect", send);
    else if (socket.connecting) socket.once("connect", send);
    else send();
  });
}

/** Who is not believed is not spoken to, so nobody is authorized before the handshake is done. */
const isShakingHands = (socket: Socket): boolean =>
  socket instanceof TLSSocket && !socket.authorized;

async function collect(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes: Buffer = chunk;
    size += bytes.byteLength;
    if (size > bytesMax)
      throw new NoAnswerError(`the one it sent is longer than ${bytesMax} bytes`, false);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
}

function leaderIn({ headers }: IncomingMessage): number | null {
  const text = headers["kafka-not-controller"];
  return typeof text === "string" && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

function baseOf(edge: string): URL {
  const url = URL.canParse(edge) ? new URL(edge) : null;
  const isPlain = url !== null && url.search === "" && url.hash === "" && url.username === "";
  if (!isPlain || !["http:", "https:"].includes(url.protocol))
    throw new Error(`${edge} is not the address of an edge, such as https://kedge.example.com`);
  return url;
}

/** What opens a cluster crosses no network in clear text. */
function assertPrivate(edge: URL, { token, headers }: EdgeCredentials): void {
  if (edge.protocol === "https:" || isLoopback(edge.hostname)) return;
  if (token === null && Object.keys(headers).length === 0) return;
  throw new Error(`a token or a header would go to ${edge.host} in clear text: use https`);
}

/** An `AggregateError` of several addresses has no message of its own. */
function reasonOf(cause: Error): string {
  if (cause.message !== "") return cause.message;
  return "code" in cause ? String(cause.code) : cause.name;
}
