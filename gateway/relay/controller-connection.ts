/**
 * One TCP connection to a controller of the quorum that is observed. Kafka answers in order, and one frame is under way
 * at a time: an answer belongs to the frame that was sent. Of a frame nothing is read but its size.
 */
import { connect, type Socket } from "node:net";
import { RELAYED_BYTES_MAX } from "../../src/link/index.ts";
import { addressText, type HostAndPort } from "../listen.ts";
import { textOf } from "../log.ts";
import { FrameCutter } from "../tcp/frame-cutter.ts";
import { writeFrame } from "../tcp/frame-writing.ts";

const CONNECT_MS = 5_000;
/** Longer than any Fetch is parked. The observer gives up much sooner. */
const ANSWER_MS = 35_000;
/** A controller that led once is not kept. */
const IDLE_MS = 60_000;

interface Waiting {
  readonly answered: (frame: Uint8Array) => void;
  readonly failed: (error: Error) => void;
}

export class ControllerConnection {
  readonly #at: HostAndPort;
  readonly #socket: Socket;
  readonly #closed: () => void;
  readonly #cutter = new FrameCutter(RELAYED_BYTES_MAX);
  #waiting: Waiting | null = null;
  #isOver = false;

  /** `closed` is called once, whichever side has ended it. */
  constructor(at: HostAndPort, closed: () => void) {
    this.#at = at;
    this.#closed = closed;
    this.#socket = connect({ ...at, noDelay: true });
    this.#socket.setTimeout(CONNECT_MS, () => this.close("it did not connect in time"));
    this.#socket.once("connect", () => this.#socket.setTimeout(0));
    this.#socket.on("data", (chunk: Uint8Array) => this.#arrived(chunk));
    this.#socket.on("error", (error) => this.close(textOf(error)));
    this.#socket.on("close", () => this.close("it closed the connection"));
  }

  get isBusy(): boolean {
    return this.#waiting !== null;
  }

  /** Sends a frame, and resolves with the next one that comes. Rejects with a sentence. */
  ask(frame: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#isOver || this.#waiting !== null) return reject(new Error("it is busy"));
      const late = setTimeout(() => this.close(`no answer within ${ANSWER_MS} ms`), ANSWER_MS);
      const settle = (): void => {
        clearTimeout(late);
        this.#waiting = null;
        if (!this.#isOver && !this.#socket.connecting)
          this.#socket.setTimeout(IDLE_MS, () => this.close("it was not used"));
      };
      this.#waiting = {
        answered: (answer) => {
          settle();
          resolve(answer);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      };
      if (!this.#socket.connecting) this.#socket.setTimeout(0);
      writeFrame(this.#socket, frame);
      return undefined;
    });
  }

  close(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#waiting?.failed(new Error(`${addressText(this.#at)}: ${reason}`));
    this.#closed();
  }

  #arrived(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      for (const frame of this.#cutter.push(chunk)) {
        if (this.#waiting === null) return this.close("it sent what nobody asked for");
        this.#waiting.answered(frame);
      }
    } catch (error) {
      this.close(`${textOf(error)}; this speaks PLAINTEXT`);
    }
    return undefined;
  }
}
