/**
 * Loopback ports for servers that come and go at one address. They lie below the range from which systems take the
 * ports of outgoing connections (IANA's, from 49152, and Linux' own, from 32768): out of that range, a connection
 * made meanwhile could sit on the port of a server that is down, even be connected to itself, and the server could
 * not come back.
 */
import { randomInt } from "node:crypto";
import { assertFree } from "../local/edge.ts";

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

const isFree = (port: number): Promise<boolean> =>
  assertFree(port).then(
    () => true,
    () => false,
  );
