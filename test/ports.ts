/**
 * Loopback ports for servers that come and go at one address. They lie below the range from which systems take the
 * ports of outgoing connections (IANA's, from 49152, and Linux' own, from 32768): out of that range, a connection
 * made meanwhile could sit on the port of a server that is down, even be connected to itself, and the server could
 * not come back.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { randomInt } from "node:crypto";

const LOWEST = 20_000;
const EPHEMERAL = 32_768;
const ATTEMPTS = 50;

/** The first of `count` consecutive ports, all of which were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const first = randomInt(LOWEST, EPHEMERAL - count);
    const ports = Array.from({ length: count }, (_, at) => first + at);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return ports;
  }
  throw new Error(`no ${count} consecutive loopback ports to be had`);
}

/** One port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("no loopback port to be had");
  return port;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
