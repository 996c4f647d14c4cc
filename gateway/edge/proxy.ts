/**
 * The proxy that the environment asks for, under the names that every tool knows: `HTTPS_PROXY` (for an edge without
 * TLS `HTTP_PROXY`) and `NO_PROXY`, in capitals or small. Node's own agent speaks to it, since 24.5 and 22.21; an older
 * Node would pass it by in silence, so that is an error. Loopback is never proxied, as in Go's programs.
 */
import { isLoopback } from "./loopback.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** What to tell the agent of requests to `edge`; undefined when no proxy is meant. Throws a sentence on an old Node. */
export function proxyFor(
  edge: URL,
  env: Environment,
  nodeVersion: string = process.versions.node,
): Environment | undefined {
  const variable = edge.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const proxy = env[variable.toLowerCase()] || env[variable];
  if (proxy === undefined || proxy === "" || isLoopback(edge.hostname)) return undefined;
  if (!knowsProxies(nodeVersion))
    throw new Error(
      `${variable} is set, and Node ${nodeVersion} cannot use it: that needs 24.5, or 22.21 of the 22s`,
    );
  const names = VARIABLES.flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

function knowsProxies(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  if (major === 22) return minor >= 21;
  return major > 24 || (major === 24 && minor >= 5);
}
