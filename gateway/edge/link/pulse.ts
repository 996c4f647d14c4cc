/**
 * Whether the other end of a WebSocket is still there. A ping of the protocol costs nothing at the edge and wakes no
 * object; a socket from which nothing comes between two of them is given up, since its end may never be told.
 */
import type { WebSocket } from "ws";

const PING_MS = 15_000;

export class Pulse {
  readonly #timer: NodeJS.Timeout;
  #isAlive = true;

  constructor(socket: WebSocket) {
    socket.on("pong", () => this.beat());
    this.#timer = setInterval(() => {
      if (!this.#isAlive) return socket.terminate();
      this.#isAlive = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    }, PING_MS).unref();
  }

  /** Something has arrived. */
  beat(): void {
    this.#isAlive = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
