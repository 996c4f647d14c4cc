/**
 * The gateway as a whole: one TCP listener for each controller of one cluster, on consecutive ports, a tunnel to
 * the edge that all of them share, and a small status page. Brokers find each controller under the endpoint that the
 * voter set names, so a connection's port says which controller is meant.
 */
import { once } from "node:events";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Room, serve, type ConnectionLimits } from "./tcp/connection.ts";
import { GatewayMetrics } from "./metrics.ts";
import { Tunnel } from "./edge/tunnel.ts";

export interface GatewayOptions {
  /** As `http://127.0.0.1:8787`. */
  readonly edge: string;
  readonly clusterId: string;
  /** Where to listen for each controller. Port 0 takes a free one. */
  readonly controllers: readonly {
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
  }[];
  /** Where to serve `/healthz` and `/metrics`; nowhere when absent. */
  readonly http?: { readonly host: string; readonly port: number };
  readonly token?: string;
  readonly limits?: Partial<GatewayLimits>;
  readonly log?: (line: string) => void;
}

export interface GatewayLimits extends ConnectionLimits {
  /** Kafka connections to one controller's port. */
  readonly connectionsMax: number;
  /** Bytes held for all connections together. */
  readonly bytesHeldMax: number;
}

/** Kafka's `socket.request.max.bytes` is 100 MiB; no request to a controller comes near the edge's 8. */
const DEFAULT_LIMITS: GatewayLimits = {
  frameBytesMax: 8 * 1_048_576,
  framesAheadMax: 32,
  bytesAheadMax: 1_048_576,
  idleMs: 600_000,
  connectionsMax: 2_000,
  bytesHeldMax: 256 * 1_048_576,
};

export interface Gateway {
  /** As Kafka's `controller.quorum.bootstrap.servers`. */
  readonly bootstrapServers: string;
  /** The port of the status page; null without one. */
  readonly httpPort: number | null;
  readonly metrics: GatewayMetrics;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
}

/** Starts every listener or none. Rejects with an `Error` that names the port when one is in use. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { edge, clusterId, token } = options;
  const log = options.log ?? ((): void => undefined);
  const metrics = new GatewayMetrics();
  const room = new Room(limits.bytesHeldMax);
  const tunnel = new Tunnel({
    edge,
    clusterId,
    ...(token === undefined ? {} : { token }),
    socketsMax: limits.connectionsMax,
    answerBytesMax: 4 * limits.frameBytesMax,
  });
  const sockets = new Set<Socket>();
  const servers: (Server | HttpServer)[] = [];
  const stop = async (): Promise<void> => {
    const closed = servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const socket of sockets) socket.destroy();
    tunnel.close();
    await Promise.all(closed);
  };
  try {
    const addresses: string[] = [];
    for (const { nodeId, host, port } of options.controllers) {
      const server = createServer((socket) => {
        metrics.connectionsAccepted += 1;
        metrics.connectionsOpen += 1;
        sockets.add(socket);
        void serve(socket, { nodeId, tunnel, metrics, limits, room, log }).then(() => {
          metrics.connectionsOpen -= 1;
          sockets.delete(socket);
        });
      });
      server.maxConnections = limits.connectionsMax;
      addresses.push(`${host}:${await listen(server, { host, port })}`);
      // For example out of file descriptors: that connection is lost, the listener goes on.
      server.on("error", (error) => log(`port ${port}: ${error.message}`));
      servers.push(server);
    }
    let httpPort: number | null = null;
    if (options.http !== undefined) {
      const page = statusPage(
        () => metrics.render({ bytesHeld: room.held, isEdgeOpen: tunnel.isOpen }),
        tunnel,
      );
      httpPort = await listen(page, options.http);
      servers.push(page);
    }
    return { bootstrapServers: addresses.join(","), httpPort, metrics, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(
  server: Server | HttpServer,
  at: { readonly host: string; readonly port: number },
): Promise<number> {
  server.listen(at.port, at.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Error(`port ${at.port} of ${at.host} is in use; choose another`, { cause });
  }
  const address = server.address();
  return isNetworkAddress(address) ? address.port : at.port;
}

const isNetworkAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  address !== null && typeof address !== "string";

function statusPage(render: () => string, tunnel: Tunnel): HttpServer {
  return createHttpServer((request, response) => {
    if (request.url === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(render());
    } else if (request.url === "/healthz") {
      const status = tunnel.isOpen ? 200 : 503;
      response
        .writeHead(status, { "content-type": "text/plain" })
        .end(tunnel.isOpen ? "ok\n" : "the edge cannot be reached\n");
    } else {
      response.writeHead(404, { "content-type": "text/plain" }).end("/healthz or /metrics\n");
    }
  });
}
