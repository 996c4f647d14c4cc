/** The socket for batches: who gets one, what a message may be, what is held for its client, and when it ends. */
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { posted } from "../../client/cluster-client.ts";
import { runningQuorum, type RunningQuorum } from "./running-quorum.ts";

const PROTOCOL = "kedge.reads.1";
/** Batches of a socket that may be open, and sockets of one token. */
const OPEN = 64;
const SOCKETS = 200;
/** As many requests of a viewer's token as may be under way. */
const PLACES = 100;

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(3);
});
afterAll(() => quorum.stop());

const path = (): string => `/kafka/v3/clusters/${quorum.formed.cluster_id}/reads`;

const mint = (role: "viewer" | "metrics", lifetimeS = 3_600): Promise<string> =>
  quorum.edge.mint({ role, cluster: quorum.formed.cluster_id, lifetimeS });

interface Message {
  readonly id: number | null;
  readonly status?: number;
  readonly offset?: number;
  readonly body?: { readonly error_code: number; readonly message: string };
  readonly answers?: readonly { readonly status: number }[];
}

/** A socket of a token's, with what came over it and how it ended. */
class Client {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  readonly ended: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #waiting = new Set<() => void>();

  constructor(token: string) {
    const url = `${quorum.edge.url.replace("http", "ws")}${path()}`;
    this.socket = new WebSocket(url, [PROTOCOL, `kedge.bearer.${token}`]);
    this.socket.addEventListener("message", ({ data }) => {
      this.messages.push(JSON.parse(String(data)));
      for (const wake of this.#waiting) wake();
    });
    this.ended = once(this.socket, "close").then(([{ code, reason }]) => ({ code, reason }));
  }

  static async open(token: string): Promise<Client> {
    const client = new Client(token);
    await once(client.socket, "open");
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The first message that is so. */
  async message(isSo: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(isSo);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  answerTo(id: number | null): Promise<Message> {
    return this.message((message) => message.id === id);
  }
}

/** The status of a request for a socket. */
async function statusOf(headers: Readonly<Record<string, string>>): Promise<number> {
  const { hostname, port } = new URL(quorum.edge.url);
  const asking = request({ hostname, port, path: path(), headers });
  asking.end();
  const status = await Promise.race([
    once(asking, "response").then(([response]) => Number(response.statusCode)),
    once(asking, "upgrade").then(([response, socket]) => {
      socket.destroy();
      return Number(response.statusCode);
    }),
  ]);
  asking.destroy();
  return status;
}

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
} as const;

test("is for whoever may read, and is asked for in one way", async () => {
  const [viewer, metrics] = await Promise.all([mint("viewer"), mint("metrics")]);
  const offered = (protocols: string): Promise<number> =>
    statusOf({ ...UPGRADE, "Sec-WebSocket-Protocol": protocols });
  expect({
    none: await offered(PROTOCOL),
    wrong: await offered(`${PROTOCOL}, kedge.bearer.${viewer.slice(0, -1)}`),
    metrics: await offered(`${PROTOCOL}, kedge.bearer.${metrics}`),
    other: await offered(`kedge.link.1, kedge.bearer.${viewer}`),
    viewer: await offered(`${PROTOCOL}, kedge.bearer.${viewer}`),
    header: await statusOf({
      ...UPGRADE,
      "Sec-WebSocket-Protocol": PROTOCOL,
      Authorization: `Bearer ${viewer}`,
    }),
    // Of a request that wants no socket a subprotocol says nothing.
    noSocket: await statusOf({ "Sec-WebSocket-Protocol": `${PROTOCOL}, kedge.bearer.${viewer}` }),
    plain: await statusOf({ Authorization: `Bearer ${viewer}` }),
  }).toEqual({
    none: 401,
    wrong: 401,
    metrics: 403,
    other: 400,
    viewer: 101,
    header: 101,
    noSocket: 401,
    plain: 426,
  });
});

test("answers batches by their ids, the quick before the slow", async () => {
  const client = await Client.open(await mint("viewer"));
  expect(client.socket.protocol).toBe(PROTOCOL);
  expect(client.socket.extensions).toBe("");
  client.send({ id: 1, paths: ["topics"], min_offset: 1_000_000, wait_ms: 1_500 });
  client.send({ id: 2, paths: ["brokers", "topics/none"], max_staleness_ms: 60_000 });
  const quick = await client.answerTo(2);
  expect(quick).toMatchObject({ answers: [{ status: 200 }, { status: 404 }] });
  expect(quick.offset).toBeGreaterThan(0);
  expect(await client.answerTo(1)).toMatchObject({ status: 503, body: { error_code: 50303 } });
  expect(client.messages.map(({ id }) => id)).toEqual([2, 1]);
  client.socket.close();
  await client.ended;
});

test.each([
  ["no JSON", "batch", null, 40_001],
  ["a list", [], null, 40_002],
  ["no id", { paths: ["topics"] }, null, 40_002],
  ["an id that is none", { id: -1, paths: ["topics"] }, -1, 40_002],
  ["no paths", { id: 7, paths: [] }, 7, 40_002],
  ["what is not known", { id: 8, paths: ["topics"], token: "x" }, 8, 40_002],
  ["levels without end", `{"id":9,"paths":${"[".repeat(500)}${"]".repeat(500)}}`, null, 40_001],
])("says what is wrong with %s, and goes on", async (_, message, id, code) => {
  const client = await Client.open(await mint("viewer"));
  client.send(message);
  expect(await client.answerTo(id)).toMatchObject({ status: 400, body: { error_code: code } });
  client.send({ id: 100, paths: ["topics"], taken: 1 });
  expect(await client.answerTo(100)).toMatchObject({ answers: [{ status: 200 }] });
  client.socket.close();
});

test("ends for a message that is too long, that is no text, or that takes what was not sent", async () => {
  const token = await mint("viewer");
  const endOf = async (message: string | Uint8Array): Promise<number> => {
    const client = await Client.open(token);
    client.socket.send(message);
    return (await client.ended).code;
  };
  expect(await endOf(" ".repeat(70_000))).toBe(1009);
  expect(await endOf(new TextEncoder().encode('{"id":1,"paths":["topics"]}'))).toBe(1003);
  expect(await endOf('{"taken":1}')).toBe(1008);
});

test("holds so many batches for a client that takes nothing, and no more", async () => {
  const client = await Client.open(await mint("viewer"));
  const ask = (id: number, taken?: number): void =>
    client.send({ id, paths: ["topics"], max_staleness_ms: 60_000, taken });
  for (let id = 1; id <= OPEN; id += 1) ask(id);
  await client.answerTo(OPEN);
  // A word of what came makes room.
  client.send({ taken: OPEN });
  for (let id = OPEN + 1; id <= 2 * OPEN; id += 1) ask(id);
  await client.answerTo(2 * OPEN);
  ask(2 * OPEN + 1);
  expect((await client.ended).code).toBe(1008);
  expect(client.messages.map(({ id }) => id)).not.toContain(2 * OPEN + 1);
});

test("ends when it has done as much as one may, and answers what it took", async () => {
  const client = await Client.open(await mint("viewer"));
  const began = performance.now();
  let asked = 0;
  const ask = (): void => {
    asked += 1;
    const batch = { paths: ["topics"], max_staleness_ms: 60_000, taken: client.messages.length };
    client.send({ id: asked, ...batch });
  };
  // One that waits for longer than it is waited for.
  client.send({ id: 0, paths: ["topics"], min_offset: 1_000_000, wait_ms: 30_000 });
  for (let each = 0; each < 8; each += 1) ask();
  client.socket.addEventListener("message", ask);
  expect((await client.ended).code).toBe(1001);
  expect(client.messages.length).toBeGreaterThan(7_900);
  expect(client.messages.every(({ answers }) => answers?.[0]?.status === 200)).toBe(true);
  expect(performance.now() - began).toBeLessThan(25_000);
}, 60_000);

test("ends with its token", async () => {
  const brief = await Client.open(await mint("viewer", 2));
  brief.send({ id: 1, paths: ["topics"] });
  expect(await brief.answerTo(1)).toMatchObject({ answers: [{ status: 200 }] });
  await new Promise((settle) => setTimeout(settle, 2_500));
  brief.send({ id: 2, paths: ["topics"], taken: 1 });
  expect(await brief.answerTo(2)).toMatchObject({ status: 401 });
  expect((await brief.ended).code).toBe(1008);

  const token = await mint("viewer");
  const revoked = await Client.open(token);
  const answer = await quorum.edge.fetch("/kafka/v3/tokens:revoke", posted({ token }));
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  revoked.send({ id: 1, paths: ["topics"] });
  expect(await revoked.answerTo(1)).toMatchObject({ status: 401 });
  expect((await revoked.ended).code).toBe(1008);
});

test("has a seat that is free again when its client hangs up, in the middle of a batch too", async () => {
  const token = await mint("viewer");
  const sockets: Socket[] = [];
  const { hostname, port, host } = new URL(quorum.edge.url);
  const asked = { ...UPGRADE, Host: host, Authorization: `Bearer ${token}` };
  const lines = Object.entries({ ...asked, "Sec-WebSocket-Protocol": PROTOCOL });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  while (sockets.length < SOCKETS) {
    const some = Array.from({ length: 50 }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      socket.write(`GET ${path()} HTTP/1.1\r\n${head}\r\n`);
      expect(String((await once(socket, "data"))[0])).toContain("101 ");
      return socket;
    });
    sockets.push(...(await Promise.all(some)));
  }
  const again = (by: string): Promise<number> =>
    statusOf({ ...asked, Authorization: `Bearer ${by}`, "Sec-WebSocket-Protocol": PROTOCOL });
  expect(await again(token)).toBe(503);
  for (const socket of sockets.slice(0, PLACES))
    socket.write(frame('{"id":1,"paths":["topics"],"min_offset":1000000,"wait_ms":30000}'));
  // Its batches have all its places as well; another token has its own.
  await expect.poll(() => again(token)).toBe(429);
  expect(await again(await mint("viewer"))).toBe(101);
  for (const socket of sockets) socket.resetAndDestroy();
  await expect.poll(() => again(token), { timeout: 15_000 }).toBe(101);
  const client = await Client.open(token);
  client.send({ id: 1, paths: ["topics"] });
  expect(await client.answerTo(1)).toMatchObject({ answers: [{ status: 200 }] });
  client.socket.close();
}, 60_000);

/** A text frame from a client, under a mask of zeros. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
