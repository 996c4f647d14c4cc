/**
 * The product's controller, whose frames to its peers travel in any way of `ways.ts`: `fetch` is the product's own. It
 * can count what goes over that. Nothing else of it differs, so a quorum of these shows what a way is worth to a
 * commit.
 */
import { UNLOCKED } from "../durable-objects/bearer.ts";
import { STATUS } from "../durable-objects/contract.ts";
import { ControllerNode } from "../durable-objects/controller-node.ts";
import { answerRequest } from "../durable-objects/listener/listener.ts";
import { apiByKey, decodeResponseFrame, Fetch, peekRequest } from "../src/protocol/index.ts";
import { isWay, type Carried, type Way } from "./carrying.ts";
import {
  acceptSocket,
  answerMessage,
  Carrier,
  FrameSession,
  isFrameSocket,
  SOCKET_PATH,
  type Reached,
} from "./ways.ts";

interface Counts {
  way: Way;
  calls: number;
  /** By API; null while nothing is counted, which takes time. */
  carried: Record<string, Carried> | null;
}

export class CarriedNode extends ControllerNode {
  readonly #counts: Counts;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    const counts: Counts = { way: "fetch", calls: 0, carried: null };
    super(state, { ...env, CONTROLLERS: carriedBy(env.CONTROLLERS, counts) });
    this.#counts = counts;
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case SOCKET_PATH:
        return acceptSocket(this.ctx);
      case "/carry": {
        const way = searchParams.get("way");
        const { calls } = this.#counts;
        this.#counts.calls = 0;
        if (isWay(way)) this.#counts.way = way;
        return new Response(String(calls));
      }
      case "/count": {
        const { carried } = this.#counts;
        this.#counts.carried = searchParams.get("on") === "true" ? {} : null;
        return Response.json(carried ?? {});
      }
      default:
        return await super.fetch(request);
    }
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (!isFrameSocket(this.ctx, socket)) return super.webSocketMessage(socket, message);
    if (typeof message !== "string") answerMessage(socket, message, (frame) => this.carry(frame));
  }

  override webSocketClose(socket: WebSocket): void {
    if (!isFrameSocket(this.ctx, socket)) super.webSocketClose(socket);
  }

  override webSocketError(socket: WebSocket): void {
    if (!isFrameSocket(this.ctx, socket)) super.webSocketError(socket);
  }

  openSession(): FrameSession {
    return new FrameSession((frame) => this.carry(frame));
  }

  /** Answers a peer's frame without HTTP. There is no signal in it: a caller that has given up is not known to. */
  async carry(frame: Uint8Array): Promise<Uint8Array> {
    const { voter, cluster } = this;
    if (voter === null || cluster === null) throw new Error("takes no part");
    const { signal } = new AbortController();
    const sender = { origin: "peer", signal, bearer: UNLOCKED } as const;
    const answered = await answerRequest({ voter, cluster }, frame, sender);
    if (answered.kind === "unanswerable") throw new Error(answered.sentence);
    const [first = new Uint8Array(), ...rest] = answered.parts;
    return rest.length === 0
      ? first
      : new Uint8Array(await new Blob([...answered.parts]).arrayBuffer());
  }
}

/** The other controllers, each call to which travels as `counts` says. */
function carriedBy(
  namespace: DurableObjectNamespace<ControllerNode>,
  counts: Counts,
): DurableObjectNamespace<ControllerNode> {
  const carrier = new Carrier();
  const stubOf: typeof namespace.get = (id, options) => {
    const stub = namespace.get(id, options);
    const fetch = async (url: string, init: RequestInit): Promise<Response> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all of its objects are of the class above
      const reached = stub as unknown as Reached;
      const { body } = init;
      if (!(body instanceof Uint8Array)) throw new Error("a peer's call has no frame");
      const { way, carried } = counts;
      counts.calls += 1;
      if (way === "fetch") {
        const response = await stub.fetch(url, init);
        return carried === null ? response : await counted(carried, { init, body, response });
      }
      try {
        const answer = carrier.carry(way, { name: id.toString(), stub: reached }, body);
        return answerOf(await given(answer, init.signal));
      } catch (cause) {
        if (!(cause instanceof Error) || cause.message !== "takes no part") throw cause;
        return new Response(null, { status: STATUS.noPart });
      }
    };
    return new Proxy(stub, {
      get: (target, name) => (name === "fetch" ? fetch : member(target, name)),
    });
  };
  return new Proxy(namespace, {
    get: (target, name) => (name === "get" ? stubOf : member(target, name)),
  });
}

/** As much of a response as a caller looks at, without a stream to read it from. */
function answerOf(frame: Uint8Array): Response {
  const response = { ok: true, status: 200, arrayBuffer: () => Promise.resolve(whole(frame)) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return response as unknown as Response;
}

const whole = (frame: Uint8Array): ArrayBufferLike =>
  frame.byteLength === frame.buffer.byteLength ? frame.buffer : frame.slice().buffer;

/** `answer`, unless it is given up before: the frame is under way then all the same. */
function given(
  answer: Promise<Uint8Array>,
  signal: AbortSignal | null | undefined,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    answer.then(resolve, reject);
    signal?.addEventListener("abort", () => reject(new Error("the call was given up")));
  });
}

async function counted(
  carried: Record<string, Carried>,
  {
    init,
    body,
    response,
  }: {
    readonly init: RequestInit;
    readonly body: Uint8Array;
    readonly response: Response;
  },
): Promise<Response> {
  const { apiKey, apiVersion } = peekRequest(body);
  const api = apiByKey(apiKey)?.name ?? String(apiKey);
  const answer = new Uint8Array(await response.clone().arrayBuffer());
  const sum = (carried[api] ??= {
    calls: 0,
    requestBytes: 0,
    answerBytes: 0,
    requestHeaderBytes: 0,
    answerHeaderBytes: 0,
    withRecords: 0,
  });
  sum.calls += 1;
  sum.requestBytes += body.byteLength;
  sum.answerBytes += answer.byteLength;
  sum.requestHeaderBytes += headerBytes(new Headers(init.headers));
  sum.answerHeaderBytes += headerBytes(response.headers);
  if (api === "Fetch" && response.ok) {
    const { responses } = decodeResponseFrame(Fetch, apiVersion, answer).body;
    if ((responses[0]?.partitions[0]?.records?.byteLength ?? 0) > 0) sum.withRecords += 1;
  }
  return response;
}

/** With the colon, the space and the line's end. */
const headerBytes = (headers: Headers): number =>
  [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

/** The platform's own methods want their own object for `this`. */
function member(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === "function" ? value.bind(target) : value;
}
