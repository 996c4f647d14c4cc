/**
 * Clients that hang up in the middle of a request: what they held in an isolate of the Worker is there for others again.
 * The platform does not run such a request any more, so only a real runtime shows it. It notices by a reset.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorized } from "../../client/cluster-client.ts";
import { runningQuorum, type RunningQuorum } from "./running-quorum.ts";

const NODES = [3000, 3001, 3002];
/** As many requests of a viewer's token as may be under way, and streams of one token. */
const PLACES = 100;
const STREAMS = 1_000;
const OPENED_AT_ONCE = 50;
const EVENTS = { Accept: "text/event-stream" };

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(3);
});
afterAll(() => quorum.stop());

const pathTo = (resource: string): string =>
  `/kafka/v3/clusters/${quorum.formed.cluster_id}/${resource}`;

const viewer = (): Promise<string> =>
  quorum.edge.mint({ role: "viewer", cluster: quorum.formed.cluster_id });

/** A connection on which something was asked for. */
async function asked(
  resource: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Socket> {
  const { host, hostname, port } = new URL(quorum.edge.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const all = { Host: host, Authorization: `Bearer ${token}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathTo(resource)} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return socket;
}

/** The status of the answer, whose body is nobody's. */
async function statusOf(resource: string, token: string, headers = {}): Promise<number> {
  const url = `${quorum.edge.url}${pathTo(resource)}`;
  const hangUp = new AbortController();
  const response = await fetch(url, authorized(token, { headers, signal: hangUp.signal }));
  hangUp.abort();
  return response.status;
}

const hangUp = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.resetAndDestroy();
};

/** Asks again until the answer has that status. */
const until = (status: number, resource: string, token: string, headers = {}): Promise<void> =>
  expect.poll(() => statusOf(resource, token, headers), { timeout: 15_000 }).toBe(status);

test("a token has its places again", async () => {
  const token = await viewer();
  const waits = await Promise.all(
    Array.from({ length: PLACES }, () => asked("topics?min_offset=1000000&wait_ms=30000", token)),
  );
  await until(429, "topics", token);
  hangUp(waits);
  await until(200, "topics", token);
}, 30_000);

test("the streams of one token leave room for another's, and are gone with their readers", async () => {
  const [one, other] = await Promise.all([viewer(), viewer()]);
  const streams: Socket[] = [];
  while (streams.length < STREAMS) {
    const some = Array.from({ length: OPENED_AT_ONCE }, async () => {
      const socket = await asked("metadata-log", one, EVENTS);
      const [head] = await once(socket, "data");
      expect(String(head)).toContain("200 OK");
      return socket;
    });
    streams.push(...(await Promise.all(some)));
  }
  expect(await statusOf("metadata-log", one, EVENTS)).toBe(503);
  expect(await statusOf("metadata-log", other, EVENTS)).toBe(200);
  hangUp(streams);
  await until(200, "metadata-log", one, EVENTS);
}, 60_000);

test("a read that is given up keeps no other waiting", async () => {
  const { edge } = quorum;
  const all = (action: string): Promise<unknown> =>
    Promise.all(
      NODES.map((id) => edge.fetch(pathTo(`controllers/${id}:${action}`), { method: "POST" })),
    );
  const token = await viewer();
  await all("stop");
  const reading = await asked("topics", token);
  await new Promise((settle) => setTimeout(settle, 500));
  hangUp([reading]);
  await all("start");
  const beganMs = Date.now();
  expect(await statusOf("topics", token)).toBe(200);
  // What is taken for lost is waited for until ten seconds after it began.
  expect(Date.now() - beganMs).toBeLessThan(6_000);
}, 60_000);
