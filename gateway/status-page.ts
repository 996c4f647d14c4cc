/**
 * What the gateway tells about itself over HTTP:
 *
 * - `/livez`: whether the process is of use, whatever the edge does. Who restarts gateways asks this.
 * - `/readyz`: whether brokers are served, and otherwise why not; then what an operator looks at next, a line each.
 * - `/healthz`: whether the edge can be reached, as the last request found it. It asks nobody anything.
 * - `/metrics`: in Prometheus' format.
 */
import { createServer, type Server } from "node:http";
import { listen, type HostAndPort } from "./listen.ts";

export interface StatusPageParts {
  readonly version: string;
  /** It takes no further client. */
  readonly isStopping: () => boolean;
  readonly isEdgeOpen: () => boolean;
  /** One sentence, or null when all is well. */
  readonly problem: () => Promise<string | null>;
  readonly metrics: () => Promise<string>;
  /** What is worth knowing whether it is ready or not, a sentence each. */
  readonly state: () => readonly string[];
}

export interface StatusPage {
  readonly port: number;
  close(): Promise<void>;
}

/** Whoever watches a gateway needs one. */
const CONNECTIONS_MAX = 64;

export async function startStatusPage(
  at: HostAndPort,
  parts: StatusPageParts,
): Promise<StatusPage> {
  const server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    void answer(path, parts)
      .catch((error: unknown) => ({ status: 500, text: `${String(error)}\n`, type: "text/plain" }))
      .then(({ status, text, type = "text/plain" }: Page) =>
        response.writeHead(status, { "content-type": type }).end(text),
      );
  });
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, at);
  return { port, close: () => closed(server) };
}

interface Page {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

async function answer(path: string, parts: StatusPageParts): Promise<Page> {
  switch (path) {
    case "/metrics":
      return { status: 200, text: await parts.metrics(), type: "text/plain; version=0.0.4" };
    case "/livez":
      if (parts.isStopping()) return ill("stopping");
      return well("alive", `version ${parts.version}`, `up for ${process.uptime().toFixed(1)} s`);
    case "/healthz":
      return parts.isEdgeOpen() ? well("ok") : ill("the edge cannot be reached");
    case "/readyz": {
      const problem = parts.isStopping() ? "stopping" : await parts.problem();
      const page = problem === null ? well : ill;
      return page(problem ?? "ready", ...parts.state());
    }
    default:
      return { status: 404, text: "/livez, /readyz, /healthz or /metrics\n" };
  }
}

const well = (...lines: readonly string[]): Page => ({
  status: 200,
  text: `${lines.join("\n")}\n`,
});
const ill = (...lines: readonly string[]): Page => ({ status: 503, text: `${lines.join("\n")}\n` });

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
