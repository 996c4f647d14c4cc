/**
 * Loopback ports: whether one is free, and free ones for servers that come and go at one address. Those lie below the
 * range from which systems take the ports of outgoing connections (IANA's, from 49152, and Linux' own, from 32768):
 * inside that range, an outgoing connection could take the port of a server that is down, even be connected to
 * itself, and the server could not come back.
 */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Another process listens on the port that was asked for. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

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
  throw new Error(`found no ${count} consecutive free loopback ports`);
}

/** One port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error("found no free loopback port");
  return port;
}

/** Fails with a `PortInUseError` when something listens on that loopback port. */
export async function assertFree(port: number): Promise<void> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    throw portInUse(port, error);
  }
  server.close();
  await once(server, "close");
}

export const portInUse = (port: number, cause?: unknown): PortInUseError =>
  new PortInUseError(`port ${port} of 127.0.0.1 is in use; choose another with --port`, { cause });

const isFree = (port: number): Promise<boolean> =>
  assertFree(port).then(
    () => true,
    () => false,
  );
