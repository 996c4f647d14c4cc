/** The port of one controller: a TCP listener and the connections that came in on it. */
import { createServer, type Server, type Socket } from "node:net";
import { listen, type HostAndPort } from "./listen.ts";
import { admit, type AdmissionParts } from "./tcp/admission.ts";

export interface PortParts extends Omit<AdmissionParts, "leaving"> {
  readonly connectionsMax: number;
}

export class ControllerPort {
  /** Where it listens; the port that was taken where 0 was asked for. */
  readonly at: HostAndPort;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #leaving: AbortController;

  private constructor(
    at: HostAndPort,
    server: Server,
    {
      sockets,
      leaving,
    }: { readonly sockets: ReadonlySet<Socket>; readonly leaving: AbortController },
  ) {
    this.at = at;
    this.#server = server;
    this.#sockets = sockets;
    this.#leaving = leaving;
  }

  /** Rejects with an `Error` that names the port when it cannot be opened. */
  static async open(at: HostAndPort, parts: PortParts): Promise<ControllerPort> {
    const sockets = new Set<Socket>();
    const leaving = new AbortController();
    const admission = { ...parts, leaving: leaving.signal };
    const server = createServer((socket) => {
      sockets.add(socket);
      void admit(socket, admission).then(() => sockets.delete(socket));
    });
    server.maxConnections = parts.connectionsMax;
    server.on("drop", () => parts.metrics.refused("bound"));
    const port = await listen(server, at);
    // For example out of file descriptors: that connection is lost, the listener goes on.
    server.on("error", (error) => {
      const about = { level: "error", event: "port-failed", nodeId: parts.nodeId } as const;
      parts.log(`port ${port}: ${error.message}`, about);
    });
    return new ControllerPort({ host: at.host, port }, server, { sockets, leaving });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Takes no further connection, and ends each once what is on its way to the edge is answered. */
  async leave(): Promise<void> {
    const closed = this.#closed();
    this.#leaving.abort();
    await closed;
  }

  /** Ends it all now. */
  async stop(): Promise<void> {
    const closed = this.#closed();
    this.drop();
    await closed;
  }

  /** Ends every connection now, and takes others. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes no further connection; resolves when there is none. */
  #closed(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
