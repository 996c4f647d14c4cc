/**
 * What stands before an edge and lets no WebSocket through for a while: an upgrade is answered with a refusal, and those
 * that are through are cut. Plain HTTP passes.
 */
import type { Socket } from "node:net";
import type { Door } from "./proxy.ts";

const REFUSAL = [
  "HTTP/1.1 426 Upgrade Required",
  "Content-Length: 0",
  "Connection: close",
  "",
  "",
].join("\r\n");

export class UpgradeDoor implements Door {
  /** How many were refused. */
  refused = 0;
  #isShut = false;
  readonly #through = new Set<Socket>();

  shut(): void {
    this.#isShut = true;
    for (const socket of this.#through) socket.destroy();
  }

  open(): void {
    this.#isShut = false;
  }

  /** A request to upgrade may come after others on a connection that is kept. */
  admits(near: Socket, bytes: Buffer): boolean {
    if (!/^GET [^]*^upgrade: websocket\r$/im.test(bytes.toString("latin1"))) return true;
    if (this.#isShut) {
      this.refused += 1;
      near.end(REFUSAL);
      return false;
    }
    if (this.#through.has(near)) return true;
    this.#through.add(near);
    near.once("close", () => this.#through.delete(near));
    return true;
  }
}
