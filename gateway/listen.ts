/** Where a server listens, and listening there. */
import { once } from "node:events";
import type { Server } from "node:net";

export interface HostAndPort {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** The port it listens on. Rejects with a sentence that names the port when it cannot. */
export async function listen(server: Server, at: HostAndPort): Promise<number> {
  try {
    server.listen(at.port, at.host);
    await once(server, "listening");
  } catch (cause) {
    throw new Error(`port ${at.port} of ${at.host} ${failureOf(cause)}`, { cause });
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : at.port;
}

function failureOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  return code === "EADDRINUSE" ? "is in use; choose another" : `cannot be listened on (${code})`;
}

/** As a URL and Kafka's lists have it: an IPv6 address in brackets. */
export const addressText = ({ host, port }: HostAndPort): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** The opposite. Throws a sentence. */
export function hostAndPort(text: string): HostAndPort {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw new Error(`${text} is not HOST:PORT`);
  return { host, port };
}
