/** A gateway's end of a link, for tests inside workerd: it says what it is told to, also what no gateway would. */
import { bearerHeader, UNLOCKED, type Bearer } from "../../durable-objects/bearer.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { urlOf } from "../../durable-objects/contract.ts";
import { LINK_HEADER, type LinkOpening } from "../../durable-objects/link-opening.ts";
import {
  controllerGreetingIn,
  FROM_CONTROLLER,
  FROM_GATEWAY,
  readFromController,
  writeMessages,
  type FromController,
  type FromGateway,
} from "../../src/link/index.ts";
import {
  apis,
  boundsOf,
  decodeResponseFrame,
  fromJson,
  requestFrame,
  type Api,
  type ApiName,
} from "../../src/protocol/index.ts";
import { stubOf } from "./quorum.ts";

export interface Call {
  readonly api: ApiName;
  readonly body: unknown;
  readonly version?: number;
}

export interface Wish {
  readonly bearer?: Bearer;
  readonly opening?: LinkOpening;
}

export const openingOf = (gatewayId: string): LinkOpening => ({
  gateway_id: gatewayId,
  token: null,
});

export const upgrade = (
  cluster: ClusterEntry,
  nodeId: number,
  { bearer = UNLOCKED, opening = openingOf("gateway-1") }: Wish = {},
): Promise<Response> =>
  stubOf(cluster, nodeId).fetch(urlOf("link"), {
    headers: {
      Upgrade: "websocket",
      ...bearerHeader(bearer),
      [LINK_HEADER]: JSON.stringify(opening),
    },
  });

export class Linked {
  readonly #socket: WebSocket;
  readonly #arrived: FromController[] = [];
  /** How many envelopes each message held. */
  readonly sizes: number[] = [];
  closing: { readonly code: number; readonly reason: string } | null = null;
  incarnation = "";
  #wake = Promise.withResolvers<void>();
  #correlation = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.accept();
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" || !(data instanceof ArrayBuffer)) throw new Error("no bytes");
      const envelopes = readFromController(new Uint8Array(data), FROM_CONTROLLER);
      this.sizes.push(envelopes.length);
      this.#arrived.push(...envelopes);
      this.#wake.resolve();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closing = { code, reason };
      this.#wake.resolve();
    });
  }

  /** Opens a link; `hello` has come and gone when it resolves. */
  static async open(cluster: ClusterEntry, nodeId: number, wish: Wish = {}): Promise<Linked> {
    const response = await upgrade(cluster, nodeId, wish);
    return await Linked.over(response);
  }

  static async over(response: Response): Promise<Linked> {
    if (response.webSocket === null) throw new Error(`${response.status} ${await response.text()}`);
    const linked = new Linked(response.webSocket);
    await linked.greet();
    return linked;
  }

  /** Waits for a `hello` and answers it. */
  async greet(): Promise<void> {
    const hello = await this.next();
    if (hello.kind !== "hello") throw new Error(`a ${hello.kind} came before the hello`);
    const greeting = controllerGreetingIn(hello.greeting);
    this.incarnation = greeting?.incarnation ?? "";
    this.say({ kind: "hello", greeting: JSON.stringify({ incarnation: this.incarnation }) });
  }

  begin(...streams: readonly number[]): void {
    this.say(...streams.map((stream) => ({ kind: "begin", stream, principal: null }) as const));
  }

  /** All in one message. */
  say(...envelopes: readonly FromGateway[]): void {
    for (const message of writeMessages(envelopes, { ...FROM_GATEWAY, envelopesMax: 100_000 }))
      this.#socket.send(message);
  }

  sendRaw(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  close(): void {
    this.#socket.close(1000, "done");
  }

  request(stream: number, { api: name, body, version }: Call): FromGateway {
    const api: Api = apis[name];
    const apiVersion = version ?? boundsOf(api.valid).high;
    const header = { apiVersion, correlationId: 1, clientId: "test" };
    this.#correlation += 1;
    const correlation = this.#correlation;
    const frame = requestFrame(api, header, fromJson(api.request, apiVersion, body));
    return { kind: "request", stream, correlation, frame };
  }

  /** The next envelope; rejects when the link closes first. */
  async next(): Promise<FromController> {
    for (;;) {
      const first = this.#arrived.shift();
      if (first !== undefined) return first;
      if (this.closing !== null)
        throw new Error(`closed: ${this.closing.code} ${this.closing.reason}`);
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  async closed(): Promise<string> {
    for (;;) {
      if (this.closing !== null) return `${this.closing.code} ${this.closing.reason}`;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  /** Sends one request on a stream that has begun, and reads its answer. */
  async ask(stream: number, call: Call): Promise<Readonly<Record<string, unknown>>> {
    this.say(this.request(stream, call));
    return bodyOf(await this.next(), call);
  }
}

/** The body of a response; the sentence of a refusal. */
export function bodyOf(
  envelope: FromController,
  { api: name, version }: Call,
): Readonly<Record<string, unknown>> {
  if (envelope.kind === "refusal") return { refused: envelope.sentence };
  if (envelope.kind !== "response") throw new Error(`a ${envelope.kind} is no answer`);
  const api: Api = apis[name];
  return decodeResponseFrame(api, version ?? boundsOf(api.valid).high, envelope.frame).body;
}
