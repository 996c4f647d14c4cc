/**
 * One TCP connection on which Kafka's frames go out and answers come back in their order, as from any client. It knows
 * no API by itself and never reconnects.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameCutter } from "../gateway/tcp/frame-cutter.ts";
import { writeFrame } from "../gateway/tcp/frame-writing.ts";
import {
  decodeResponseFrame,
  requestFrame,
  type Api,
  type Encodable,
  type ResponseOf,
} from "../src/protocol/index.ts";

/** An answer to an observer may carry 8 MiB of the log. */
const FRAME_BYTES_MAX = 32 * 1_048_576;
/** Longer than any operation here takes. */
const PATIENCE_MS = 30_000;

export interface KafkaConnectionOptions {
  /** As whom the client shows in logs, metrics and quotas. */
  readonly clientId: string;
  readonly patienceMs?: number;
  /** Loopback when absent. */
  readonly host?: string;
}

interface Waiting {
  readonly settle: (frame: Uint8Array) => void;
  readonly fail: (error: Error) => void;
}

export class KafkaConnection {
  readonly #clientId: string;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #correlation = 0;
  #ended: Error | null = null;

  private constructor(socket: Socket, clientId: string, patienceMs: number) {
    this.#clientId = clientId;
    this.#socket = socket.setNoDelay(true);
    const cutter = new FrameCutter(FRAME_BYTES_MAX);
    socket.on("data", (chunk) => {
      try {
        for (const frame of cutter.push(chunk)) this.#waiting.shift()?.settle(frame);
      } catch (error) {
        this.#end(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the connection was closed")));
    socket.setTimeout(patienceMs, () => {
      if (this.#waiting.length > 0) this.#end(new Error(`no answer in ${patienceMs} ms`));
    });
  }

  /** Rejects when nobody listens, and after `patienceMs`; so does a call that is not answered for so long. */
  static async open(
    port: number,
    { clientId, patienceMs = PATIENCE_MS, host = "127.0.0.1" }: KafkaConnectionOptions,
  ): Promise<KafkaConnection> {
    const socket = connect(port, host);
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(patienceMs) });
    } catch (error) {
      socket.on("error", () => undefined).destroy();
      throw error;
    }
    return new KafkaConnection(socket, clientId, patienceMs);
  }

  get isOpen(): boolean {
    return this.#ended === null;
  }

  async call<A extends Api>(
    api: A,
    apiVersion: number,
    body: Encodable<A["request"]["fields"]>,
  ): Promise<ResponseOf<A>> {
    const frame = await this.exchange(this.encode(api, apiVersion, body));
    return decodeResponseFrame(api, apiVersion, frame).body;
  }

  encode<A extends Api>(
    api: A,
    apiVersion: number,
    body: Encodable<A["request"]["fields"]>,
  ): Uint8Array {
    this.#correlation += 1;
    const header = { apiVersion, correlationId: this.#correlation, clientId: this.#clientId };
    return requestFrame(api, header, body);
  }

  /** Sends a whole frame; the answer is the one that comes in its turn. */
  exchange(frame: Uint8Array): Promise<Uint8Array> {
    return new Promise((settle, fail) => {
      if (this.#ended !== null) {
        fail(this.#ended);
        return;
      }
      this.#waiting.push({ settle, fail });
      writeFrame(this.#socket, frame);
    });
  }

  close(): void {
    this.#end(new Error("closed"));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#socket.destroy();
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }
}

/** `count` connections to one port, or none when one of them cannot be opened. */
export async function openMany(
  port: number,
  count: number,
  options: KafkaConnectionOptions,
): Promise<readonly KafkaConnection[]> {
  const opened: KafkaConnection[] = [];
  try {
    for (let nth = 0; nth < count; nth += 1) opened.push(await KafkaConnection.open(port, options));
    return opened;
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}
