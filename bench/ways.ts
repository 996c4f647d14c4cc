/**
 * The ways in which one object can carry a frame to another and its answer back: `fetch` with the frame as the body, a
 * method of the object's stub (RPC), a method of an object that such a method returned once (a session), and a
 * WebSocket that is held, on which a number tells which answer belongs to which frame. Each end of each is here, and
 * nothing of what a frame means.
 */
import { RpcTarget } from "cloudflare:workers";
import type { Way } from "./carrying.ts";

export type AnswerFrame = (frame: Uint8Array) => Promise<Uint8Array>;

/** What a stub of an object offers that can be reached in every way. */
export interface Reached {
  fetch(url: string, init?: RequestInit): Promise<Response>;
  carry(frame: Uint8Array): Promise<Uint8Array>;
  openSession(): Promise<{ carry(frame: Uint8Array): Promise<Uint8Array> }>;
}

export const SOCKET_PATH = "/bench-socket";
/** Marks the sockets of this file among those that an object has. */
const SOCKET_TAG = "frames";
const NUMBER_BYTES = 4;

/** The calling end of a session, held by its caller: calls of its methods belong to the call that returned it. */
export class FrameSession extends RpcTarget {
  readonly #answer: AnswerFrame;

  constructor(answer: AnswerFrame) {
    super();
    this.#answer = answer;
  }

  carry(frame: Uint8Array): Promise<Uint8Array> {
    return this.#answer(frame);
  }
}

/** The answering end of a socket: accepts one, as one that may hibernate. */
export function acceptSocket(state: DurableObjectState): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  state.acceptWebSocket(server, [SOCKET_TAG]);
  return new Response(null, { status: 101, webSocket: client });
}

export const isFrameSocket = (state: DurableObjectState, socket: WebSocket): boolean =>
  state.getTags(socket).includes(SOCKET_TAG);

/** Answers one message. A frame that cannot be answered ends the socket, as it would end a connection. */
export function answerMessage(socket: WebSocket, message: ArrayBuffer, answer: AnswerFrame): void {
  answer(new Uint8Array(message, NUMBER_BYTES)).then(
    (answered) => socket.send(numbered(new DataView(message).getUint32(0), answered)),
    () => socket.close(1011, "a frame has no answer"),
  );
}

/** One allocation and one copy: a socket takes whole messages. */
function numbered(number: number, frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(NUMBER_BYTES + frame.byteLength);
  new DataView(message.buffer).setUint32(0, number);
  message.set(frame, NUMBER_BYTES);
  return message;
}

/** The calling end of all but `fetch`. Sessions and sockets are held until they break. */
export class Carrier {
  readonly #sessions = new Map<string, ReturnType<Reached["openSession"]>>();
  readonly #sockets = new Map<string, Promise<CallingSocket>>();

  /** Resolves with the answer of the object that is called `name`; `stub` is one for it. */
  async carry(
    way: Exclude<Way, "fetch">,
    { name, stub }: { readonly name: string; readonly stub: Reached },
    frame: Uint8Array,
  ): Promise<Uint8Array> {
    switch (way) {
      case "rpc":
        return await stub.carry(frame);
      case "session": {
        const session = this.#sessions.get(name) ?? stub.openSession();
        this.#sessions.set(name, session);
        try {
          return await (await session).carry(frame);
        } catch (cause) {
          this.#sessions.delete(name);
          throw cause;
        }
      }
      case "socket": {
        const socket = this.#sockets.get(name) ?? CallingSocket.open(stub);
        this.#sockets.set(name, socket);
        try {
          return await (await socket).carry(frame);
        } catch (cause) {
          this.#sockets.delete(name);
          throw cause;
        }
      }
    }
  }
}

interface Waiting {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (cause: Error) => void;
}

class CallingSocket {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #nextNumber = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") return;
      const number = new DataView(data).getUint32(0);
      this.#waiting.get(number)?.resolve(new Uint8Array(data, NUMBER_BYTES));
      this.#waiting.delete(number);
    });
    const end = (): void => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the socket has ended"));
      this.#waiting.clear();
    };
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
    socket.accept();
  }

  static async open(stub: Reached): Promise<CallingSocket> {
    const headers = { upgrade: "websocket" };
    const { webSocket } = await stub.fetch(`https://controller${SOCKET_PATH}`, { headers });
    if (webSocket === null) throw new Error("the upgrade was refused");
    webSocket.binaryType = "arraybuffer";
    return new CallingSocket(webSocket);
  }

  carry(frame: Uint8Array): Promise<Uint8Array> {
    const number = this.#nextNumber;
    this.#nextNumber = (number + 1) >>> 0;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#socket.send(numbered(number, frame));
    });
  }
}
