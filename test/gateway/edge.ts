/**
 * The other end of the tunnel in these tests: a real HTTP server on loopback that answers frames as each test
 * says. It knows no Kafka: by default a frame is its own answer.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { startGateway, type Gateway, type GatewayLimits } from "../../gateway/gateway.ts";

export interface Heard {
  readonly nodeId: number;
  readonly frame: Buffer;
}

export type Answer = (heard: Heard, response: ServerResponse) => void;

export const echo: Answer = ({ frame }, response) => void response.end(frame);

export interface EchoEdge {
  readonly url: string;
  readonly port: number;
  readonly heard: readonly Heard[];
  close(): Promise<void>;
}

export const CLUSTER_ID = "abcdefghijklmnopqrstuv";

export async function startEcho(answer: Answer = echo, port = 0): Promise<EchoEdge> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void collect(request).then((frame) => {
      const nodeId = Number(/controllers\/(\d+)\/frames$/.exec(request.url ?? "")?.[1]);
      heard.push({ nodeId, frame });
      answer({ nodeId, frame }, response);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const listening = portOf(server);
  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    heard,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return address.port;
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface Opened extends Gateway {
  /** The port of each controller, in the order given. */
  readonly ports: readonly number[];
  readonly lines: readonly string[];
}

export async function openGateway(
  edge: string,
  { nodeIds = [3000], limits = {} }: { nodeIds?: number[]; limits?: Partial<GatewayLimits> } = {},
): Promise<Opened> {
  const lines: string[] = [];
  const gateway = await startGateway({
    edge,
    clusterId: CLUSTER_ID,
    controllers: nodeIds.map((nodeId) => ({ nodeId, host: "127.0.0.1", port: 0 })),
    http: { host: "127.0.0.1", port: 0 },
    limits,
    log: (line) => void lines.push(line),
  });
  const ports = gateway.bootstrapServers.split(",").map((each) => Number(each.split(":")[1]));
  return { ...gateway, ports, lines };
}

/** A Kafka client as far as these tests need one: it writes bytes and reads frames. */
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
