/**
 * The other end of the tunnel in these tests: a real HTTP server on loopback that answers frames as each test
 * says. It knows no Kafka: by default a frame is its own answer.
 */
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { ApiVersions, peekRequest, responseFrame } from "../../src/protocol/index.ts";

export interface Heard {
  readonly nodeId: number;
  readonly frame: Buffer;
  readonly headers: IncomingHttpHeaders;
}

export type Answer = (heard: Heard, response: ServerResponse) => void;

export const echo: Answer = ({ frame }, response) => void response.end(frame);

/** As a controller that serves one API beside ApiVersions; any other frame is its own answer. */
export const serving: Answer = (heard, response) => {
  const { apiKey, apiVersion, correlationId } = peekRequest(heard.frame);
  if (apiKey !== ApiVersions.key) return echo(heard, response);
  const body = { errorCode: 0, apiKeys: [{ apiKey: 62, minVersion: 0, maxVersion: 4 }] };
  response.end(responseFrame(ApiVersions, { apiVersion, correlationId }, body));
};

/** A refusal in the edge's own form. */
export const refusing =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    void response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify({ error_code: status * 100 + 1, message: `refused with ${status}` }));

export interface EchoEdge {
  readonly url: string;
  readonly port: number;
  readonly heard: readonly Heard[];
  close(): Promise<void>;
}

export interface EchoOptions {
  readonly port?: number;
  /** Serves HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

export async function startEcho(
  answer: Answer = echo,
  { port = 0, tls }: EchoOptions = {},
): Promise<EchoEdge> {
  const heard: Heard[] = [];
  const hear = (request: IncomingMessage, response: ServerResponse): void => {
    const { url = "", headers } = request;
    void collect(request).then((frame) => {
      const nodeId = Number(/controllers\/(\d+)\/frames$/.exec(url)?.[1]);
      heard.push({ nodeId, frame, headers });
      answer({ nodeId, frame, headers }, response);
    });
  };
  const server =
    tls === undefined ? createServer(hear) : createTlsServer({ ...tls, requestCert: true }, hear);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const listening = portOf(server);
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${listening}`,
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
