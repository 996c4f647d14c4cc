/** A Kafka client as far as the gateway's tests need one. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";

/** It writes bytes and reads frames. */
export class Client {
  readonly socket: Socket;
  /** Settles when the connection is closed, from whichever side. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((settle) => {
      socket.once("close", () => {
        settle();
        this.#wake.resolve();
      });
    });
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake.resolve();
    });
  }

  static async connect(port: number | undefined): Promise<Client> {
    const socket = connect({ port: port ?? 0, host: "127.0.0.1" });
    const client = new Client(socket);
    await once(socket, "connect");
    return client;
  }

  /** Over TLS; rejects when its side of the handshake fails. */
  static async connectTls(port: number | undefined, options: ConnectionOptions): Promise<Client> {
    const socket = connectTls({ port: port ?? 0, host: "127.0.0.1", ...options });
    const client = new Client(socket);
    await once(socket, "secureConnect");
    return client;
  }

  send(...bodies: readonly (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(bodies.map((body) => framed(body))));
  }

  /** The next frame's body; undefined when the connection closed first. */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const size = this.#received.length >= 4 ? this.#received.readInt32BE(0) : Infinity;
      if (this.#received.length >= 4 + size) {
        const body = this.#received.subarray(4, 4 + size);
        this.#received = this.#received.subarray(4 + size);
        return body;
      }
      if (this.socket.closed) return undefined;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  async text(): Promise<string | undefined> {
    return (await this.frame())?.toString();
  }

  close(): void {
    this.socket.destroy();
  }
}

export function framed(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
