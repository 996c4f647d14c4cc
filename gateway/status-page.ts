/**
 * What the gateway tells about itself over HTTP: `/healthz` whether the edge can be reached, `/readyz` whether brokers
 * are served and otherwise why not, `/metrics` in Prometheus' format.
 */
import { createServer, type Server } from "node:http";
import { listen, type HostAndPort } from "./listen.ts";

export interface StatusPageParts {
  readonly isEdgeOpen: () => boolean;
  /** One sentence, or null when all is well. */
  readonly problem: () => Promise<string | null>;
  readonly metrics: () => string;
  /** What is worth knowing although all is well, a sentence each. */
  readonly notices: () => readonly string[];
}

export interface StatusPage {
  readonly port: number;
  close(): Promise<void>;
}

export async function startStatusPage(
  at: HostAndPort,
  parts: StatusPageParts,
): Promise<StatusPage> {
  const server = createServer((request, response) => {
    void answer(request.url ?? "", parts).then(({ status, text, type = "text/plain" }) =>
      response.writeHead(status, { "content-type": type }).end(text),
    );
  });
  const port = await listen(server, at);
  return { port, close: () => closed(server) };
}

interface Page {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

async function answer(url: string, parts: StatusPageParts): Promise<Page> {
  switch (url) {
    case "/metrics":
      return { status: 200, text: parts.metrics(), type: "text/plain; version=0.0.4" };
    case "/healthz":
      return parts.isEdgeOpen() ? well("ok") : ill("the edge cannot be reached");
    case "/readyz": {
      const problem = await parts.problem();
      return problem === null ? well(["ready", ...parts.notices()].join("\n")) : ill(problem);
    }
    default:
      return { status: 404, text: "/healthz, /readyz or /metrics\n" };
  }
}

const well = (text: string): Page => ({ status: 200, text: `${text}\n` });
const ill = (text: string): Page => ({ status: 503, text: `${text}\n` });

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
