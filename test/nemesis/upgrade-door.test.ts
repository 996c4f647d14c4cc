import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { FaultProxy } from "./proxy.ts";
import { UpgradeDoor } from "./upgrade-door.ts";

let door: UpgradeDoor;
let proxy: FaultProxy;
let server: Server;
let address = "";

beforeEach(async () => {
  door = new UpgradeDoor();
  proxy = new FaultProxy();
  server = createServer((_, response) => response.end("plain"));
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on TCP has no other kind of address
  const { port } = server.address() as AddressInfo;
  address = `127.0.0.1:${await proxy.open("gateway", "edge", () => port, door)}`;
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  server.close();
});

async function opened(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${address}`);
  await once(socket, "open");
  return socket;
}

const text = async (): Promise<string> => (await fetch(`http://${address}`)).text();

test("an open door lets everything through, whole", async () => {
  const socket = await opened();
  socket.send("hello");
  const [data]: readonly Buffer[] = await once(socket, "message");
  expect(data?.toString()).toBe("hello");
  expect(await text()).toBe("plain");
  expect(door.refused).toBe(0);
  socket.close();
});

test("an upgrade is refused also on a connection that plain HTTP has used", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const [response]: readonly IncomingMessage[] = await once(
    get(`http://${address}`, { agent }),
    "response",
  );
  await once(response?.resume() ?? server, "end");
  door.shut();
  const socket = new WebSocket(`ws://${address}`, { agent });
  const [error]: readonly Error[] = await once(socket, "error");
  expect(error?.message).toContain("426");
  agent.destroy();
});

test("a shut one cuts WebSockets, refuses others, and lets plain HTTP through", async () => {
  const before = await opened();
  const cut = once(before, "close");
  door.shut();
  await cut;
  const socket = new WebSocket(`ws://${address}`);
  const [error]: readonly Error[] = await once(socket, "error");
  expect(error?.message).toContain("426");
  expect(door.refused).toBe(1);
  expect(await text()).toBe("plain");
  door.open();
  (await opened()).close();
});
