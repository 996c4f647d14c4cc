/**
 * An edge that takes links: an HTTP server on loopback whose upgrades become WebSockets. It speaks a controller's words
 * as each test says; by default a frame is its own answer.
 */
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { TLSSocket } from "node:tls";
import { WebSocketServer, type WebSocket } from "ws";
import {
  FROM_CONTROLLER,
  FROM_GATEWAY,
  readFromGateway,
  writeMessages,
  type FromController,
  type FromGateway,
} from "../../src/link/index.ts";
import { CLUSTER_ID, atEnd } from "./harness.ts";

export type LinkRequest = Extract<FromGateway, { readonly kind: "request" }>;

/** The controller's end of one link. */
export class ControllerEnd {
  readonly nodeId: number;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: WebSocket;
  /** What each message held. */
  readonly messages: (readonly FromGateway[])[] = [];

  /** As its certificate says, over TLS; null without one. */
  readonly clientName: string | null;

  constructor(socket: WebSocket, { url = "", headers, socket: below }: IncomingMessage) {
    this.clientName = below instanceof TLSSocket ? below.getPeerCertificate().subject.CN : null;
    this.socket = socket;
    this.url = url;
    this.headers = headers;
    this.nodeId = Number(/controllers\/(\d+)\/link/.exec(url)?.[1]);
  }

  say(...envelopes: readonly FromController[]): void {
    for (const message of writeMessages(envelopes, FROM_CONTROLLER)) this.socket.send(message);
  }

  hello(incarnation = "one", more: Readonly<Record<string, unknown>> = {}): void {
    const greeting = {
      cluster_id: CLUSTER_ID,
      node_id: this.nodeId,
      incarnation,
      requests_max: 1_024,
      streams_max: 4_096,
      fetch_bytes_max: 1_048_576,
      ...more,
    };
    this.say({ kind: "hello", greeting: JSON.stringify(greeting) });
  }

  answer({ stream, correlation, frame }: LinkRequest): void {
    this.say({ kind: "response", stream, correlation, frame });
  }

  get requests(): readonly LinkRequest[] {
    return this.messages.flat().filter((each) => each.kind === "request");
  }
}

export interface LinkingEdge {
  readonly url: string;
  readonly port: number;
  readonly links: readonly ControllerEnd[];
  /** Frames that came by HTTP. */
  readonly posted: readonly string[];
  /** Upgrades that were refused. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

export interface LinkingOptions {
  readonly port?: number;
  /** What becomes of each request on a link; it is answered with its own frame unless said. */
  readonly handle?: (link: ControllerEnd, request: LinkRequest) => void;
  /** Called when a link is opened; says hello unless said. */
  readonly opened?: (link: ControllerEnd) => void;
  /** Serves HTTPS, and asks for the client's certificate. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Whether frames by HTTP are answered with a 200; they are unless said. */
  readonly answers?: () => boolean;
  /** With what an upgrade is refused, if it is. */
  readonly refusal?: () => { readonly status: number; readonly message: string } | null;
}

export async function linkingEdge({
  port = 0,
  handle = (link, request) => link.answer(request),
  opened = (link) => link.hello(),
  refusal = () => null,
  answers = () => true,
  tls,
}: LinkingOptions = {}): Promise<LinkingEdge> {
  const links: ControllerEnd[] = [];
  const posted: string[] = [];
  const refused: string[] = [];
  const hear = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      const frame = Buffer.concat(chunks);
      if (!answers()) {
        response.writeHead(503).end();
        return;
      }
      posted.push(frame.toString());
      response.end(frame);
    });
  };
  const server =
    tls === undefined ? createServer(hear) : createTlsServer({ ...tls, requestCert: true }, hear);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * 1_048_576 });
  server.on("upgrade", (request, socket, head) => {
    const no = refusal();
    if (no !== null) {
      refused.push(request.url ?? "");
      const body = JSON.stringify({ error_code: no.status * 100 + 1, message: no.message });
      socket.end(
        `HTTP/1.1 ${no.status} No\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const link = new ControllerEnd(webSocket, request);
      links.push(link);
      webSocket.on("error", () => undefined);
      webSocket.on("message", (data) => {
        if (!(data instanceof Uint8Array)) return;
        const envelopes = readFromGateway(data, FROM_GATEWAY);
        link.messages.push(envelopes);
        for (const each of envelopes) if (each.kind === "request") handle(link, each);
      });
      opened(link);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    for (const { socket } of links) socket.terminate();
    server.closeAllConnections();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  atEnd(close);
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listening}`,
    port: listening,
    links,
    posted,
    refused,
    close,
  };
}
