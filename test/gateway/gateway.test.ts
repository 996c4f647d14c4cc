/**
 * The gateway between real sockets: clients on one side that behave well, badly or not at all, and an HTTP server
 * on the other that answers, dawdles or is gone.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { Tunnel } from "../../gateway/edge/tunnel.ts";
import { startGateway } from "../../gateway/gateway.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { freePort } from "../../local/ports.ts";
import { Client, framed } from "./client.ts";
import { echo } from "./edge.ts";
import { atEnd, client, CLUSTER_ID, edge, gateway, openGateway, type Opened } from "./harness.ts";

test("a frame reaches the controller whose port it came in on, and its answer comes back", async () => {
  const { url, heard } = await edge();
  const { ports } = await gateway(url, { nodeIds: [3000, 3001, 3002] });
  for (const [index, port] of ports.entries()) {
    const kafka = await client(port);
    kafka.send(`to the ${index}`);
    expect(await kafka.text()).toBe(`to the ${index}`);
  }
  expect(heard.map((each) => each.nodeId)).toEqual([3000, 3001, 3002]);
});

test("answers come in the order of the requests, also when a later one would be quicker", async () => {
  let unanswered = 0;
  let most = 0;
  const { url } = await edge((heard, response) => {
    unanswered += 1;
    most = Math.max(most, unanswered);
    const reply = (): void => {
      unanswered -= 1;
      echo(heard, response);
    };
    if (heard.frame.toString().startsWith("slow")) setTimeout(reply, 50);
    else reply();
  });
  const { ports } = await gateway(url);
  const kafka = await client(ports[0]);
  const sent = ["slow one", "quick 02", "slow 003", "quick 04"];
  kafka.send(...sent);
  expect([await kafka.text(), await kafka.text(), await kafka.text(), await kafka.text()]).toEqual(
    sent,
  );
  expect(most).toBe(1);
});

test("two connections do not wait for each other", async () => {
  const held = Promise.withResolvers<void>();
  const { url } = await edge((heard, response) => {
    if (heard.frame.toString() === "parked 1") void held.promise.then(() => echo(heard, response));
    else echo(heard, response);
  });
  const { ports } = await gateway(url);
  const [fetching, heartbeating] = [await client(ports[0]), await client(ports[0])];
  fetching.send("parked 1");
  heartbeating.send("heartbeat");
  expect(await heartbeating.text()).toBe("heartbeat");
  held.resolve();
  expect(await fetching.text()).toBe("parked 1");
});

test("a frame that arrives byte by byte, and many that arrive at once, are all cut right", async () => {
  const { url } = await edge();
  const { ports } = await gateway(url);
  const kafka = await client(ports[0]);
  kafka.socket.setNoDelay(true);
  for (const byte of framed("in pieces")) kafka.socket.write(Buffer.of(byte));
  expect(await kafka.text()).toBe("in pieces");
  const many = Array.from({ length: 200 }, (_, index) => `frame number ${index}`);
  kafka.send(...many);
  for (const expected of many) expect(await kafka.text()).toBe(expected);
  // So many ahead made it stop reading; it reads again.
  kafka.send("and one more");
  expect(await kafka.text()).toBe("and one more");
});

test("a frame of a megabyte goes through unchanged", async () => {
  const { url } = await edge();
  const { ports } = await gateway(url);
  const kafka = await client(ports[0]);
  const large = Buffer.alloc(1_048_576, 7);
  kafka.send(large);
  expect((await kafka.frame())?.equals(large)).toBe(true);
});

for (const [what, bytes] of [
  ["a length of two gigabytes", Buffer.of(0x7f, 0xff, 0xff, 0xff)],
  ["a negative length", Buffer.of(0xff, 0xff, 0xff, 0xff)],
  ["a length too small for a request", Buffer.of(0, 0, 0, 0)],
  ["a web browser", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a TLS hello", Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01)],
] as const) {
  test(`${what} ends that connection and no other, and nothing reaches the edge`, async () => {
    const { url, heard } = await edge();
    const { ports, lines } = await gateway(url);
    const [bad, good] = [await client(ports[0]), await client(ports[0])];
    bad.socket.write(bytes);
    await bad.closed;
    expect(heard).toEqual([]);
    expect(lines).toHaveLength(1);
    good.send("still here");
    expect(await good.text()).toBe("still here");
  });
}

test("half a frame, and then silence or a hang-up, is forgotten", async () => {
  const { url, heard } = await edge();
  const { ports, metrics } = await gateway(url);
  const half = await client(ports[0]);
  half.socket.write(framed("a whole frame").subarray(0, 9));
  half.socket.end();
  await half.closed;
  const other = await client(ports[0]);
  other.send("served all the same");
  expect(await other.text()).toBe("served all the same");
  expect(heard).toHaveLength(1);
  expect(metrics.connectionsOpen).toBe(1);
});

test("a connection that stays silent is closed after its idle time", async () => {
  const { url } = await edge();
  const { ports } = await gateway(url, { limits: { idleMs: 50 } });
  const silent = await client(ports[0]);
  await silent.closed;
});

test("a client that reads nothing is not read from either, and holds a bounded number of bytes", async () => {
  const { url, heard } = await edge();
  const size = 65_536;
  const opened = await gateway(url, { limits: { idleMs: 300 } });
  const deaf = await client(opened.ports[0]);
  deaf.socket.pause();
  const frame = framed(Buffer.alloc(size, 1));
  const sent = 1_000;
  for (let count = 0; count < sent; count += 1) deaf.socket.write(frame);
  const other = await client(opened.ports[0]);
  other.send("served meanwhile");
  expect(await other.text()).toBe("served meanwhile");
  // Nothing moves on it any more, so its idle time runs out with most of its frames never taken.
  await deaf.closed;
  expect(heard.length).toBeLessThan(sent / 2);
  expect(opened.metrics.framesInFlight).toBe(0);
});

test("the bytes held for all connections are bounded: one that exceeds the bound is closed, the others are served", async () => {
  const { url } = await edge();
  const opened = await gateway(url, { limits: { bytesHeldMax: 200_000 } });
  const half = Buffer.concat([Buffer.of(0, 0x0f, 0, 0), Buffer.alloc(150_000)]);
  const first = await client(opened.ports[0]);
  first.socket.write(half);
  await until(opened, (bytes) => bytes === half.length);
  const second = await client(opened.ports[0]);
  second.socket.write(half);
  await second.closed;
  expect(opened.lines.join()).toContain("holds as many bytes as it may");
  const third = await client(opened.ports[0]);
  third.send("small one");
  expect(await third.text()).toBe("small one");
  first.close();
  await until(opened, (bytes) => bytes === 0);
});

/** Reads `/metrics` until the bytes held are as wanted. */
async function until(opened: Opened, isWanted: (bytes: number) => boolean): Promise<void> {
  for (;;) {
    const { text } = await opened.page("/metrics");
    const bytes = /^kedge_gateway_held_bytes (\d+)$/m.exec(text)?.[1];
    if (isWanted(Number(bytes))) return;
  }
}

test("a thousand idle connections stand, and one more client is served", async () => {
  const { url } = await edge();
  const { ports, metrics } = await gateway(url);
  // Fifty at a time: gateway and clients share a process, and one that stands still for a second closes them all (LK-3).
  for (let round = 0; round < 20; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    await Promise.all(Array.from({ length: 50 }, () => client(ports[0])));
  }
  const busy = await client(ports[0]);
  busy.send("among a thousand");
  expect(await busy.text()).toBe("among a thousand");
  expect(metrics.connectionsOpen).toBe(1_001);
});

test("connections over the bound are closed at once; those within it go on", async () => {
  const { url } = await edge();
  const { ports, page } = await gateway(url, { limits: { connectionsMax: 2 } });
  const within = [await client(ports[0]), await client(ports[0])];
  const beyond = await client(ports[0]);
  await beyond.closed;
  expect((await page("/metrics")).text).toContain('refused_total{reason="bound"} 1\n');
  for (const kafka of within) {
    kafka.send("one of two");
    expect(await kafka.text()).toBe("one of two");
  }
});

for (const [what, status] of [
  ["does not know the controller", 404],
  ["takes the frame for malformed", 400],
  ["cannot reach the controller", 503],
] as const) {
  test(`when the edge ${what}, the connection ends and a later one is served`, async () => {
    const { url } = await edge((heard, response) => {
      if (heard.frame.toString() !== "refused 1") echo(heard, response);
      else response.writeHead(status).end(`{"error_code":${status},"message":"no"}`);
    });
    const { ports, lines } = await gateway(url);
    const refused = await client(ports[0]);
    refused.send("refused 1", "never sent");
    expect(await refused.text()).toBeUndefined();
    expect(lines[0]).toContain(String(status));
    expect(await served("served next", ports[0])).toBe("served next");
  });
}

/** Connects and sends until it is served, as a broker does. */
async function served(body: string, port: number | undefined): Promise<string> {
  for (;;) {
    const kafka = await client(port);
    kafka.send(body);
    const answer = await kafka.text();
    if (answer !== undefined) return answer;
  }
}

test("when the edge is lost, connections end and a frame is never sent twice; when it is back, all goes on", async () => {
  const first = await edge();
  const opened = await gateway(first.url);
  const before = await client(opened.ports[0]);
  before.send("before it");
  expect(await before.text()).toBe("before it");
  await first.close();
  before.send("into the void");
  expect(await before.text()).toBeUndefined();
  const meanwhile = await client(opened.ports[0]);
  meanwhile.send("also into the void");
  expect(await meanwhile.text()).toBeUndefined();
  expect((await opened.page("/healthz")).status).toBe(503);

  const second = await edge(echo, { port: first.port });
  expect(await served("after it all", opened.ports[0])).toBe("after it all");
  expect(second.heard.map((each) => each.frame.toString())).toEqual(["after it all"]);
  expect((await opened.page("/healthz")).status).toBe(200);
});

test("a client that hangs up takes its request at the edge with it", async () => {
  const hungUp = Promise.withResolvers<void>();
  const parked = Promise.withResolvers<void>();
  const { url } = await edge((_heard, response) => {
    response.once("close", () => hungUp.resolve());
    parked.resolve();
  });
  const { ports } = await gateway(url);
  const kafka = await client(ports[0]);
  kafka.send("parked fetch");
  await parked.promise;
  kafka.close();
  await hungUp.promise;
});

test("an answer larger than any that is expected ends the connection", async () => {
  const { url } = await edge((_heard, response) => void response.end(Buffer.alloc(50_000)));
  const { ports, lines } = await gateway(url, { limits: { frameBytesMax: 10_000 } });
  const kafka = await client(ports[0]);
  kafka.send("a small question");
  expect(await kafka.text()).toBeUndefined();
  expect(lines[0]).toContain("longer than 40000 bytes");
});

test("stopping closes every connection and every port, also with a frame on its way", async () => {
  const { url } = await edge(() => undefined);
  const opened = await openGateway(url, { nodeIds: [3000, 3001] });
  const kafka = await client(opened.ports[0]);
  kafka.send("never answered");
  const idle = await client(opened.ports[1]);
  await opened.stop();
  await Promise.all([kafka.closed, idle.closed]);
  await expect(Client.connect(opened.ports[0])).rejects.toThrow(/ECONNREFUSED/);
  await expect(Client.connect(opened.ports[1])).rejects.toThrow(/ECONNREFUSED/);
});

test("a port in use is named, and nothing of the gateway is left listening", async () => {
  const free = await freePort();
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => void server.close());
  const address = server.address();
  const taken = typeof address === "object" ? (address?.port ?? 0) : 0;
  const metrics = new GatewayMetrics();
  await expect(
    startGateway({
      tunnel: new Tunnel({ edge: "http://127.0.0.1:1", clusterId: CLUSTER_ID, metrics }),
      metrics,
      controllers: [
        { nodeId: 3000, host: "127.0.0.1", port: free },
        { nodeId: 3001, host: "127.0.0.1", port: taken },
      ],
    }),
  ).rejects.toThrow(`port ${taken}`);
  await expect(Client.connect(free)).rejects.toThrow(/ECONNREFUSED/);
});

test("the status page counts frames and connections in Prometheus' format", async () => {
  const { url } = await edge();
  const opened = await gateway(url);
  const kafka = await client(opened.ports[0]);
  kafka.send("counted 1", "counted 2");
  await kafka.text();
  await kafka.text();
  const { text } = await opened.page("/metrics");
  expect(text).toContain("kedge_gateway_frames_answered_total 2\n");
  expect(text).toContain("kedge_gateway_connections_open 1\n");
  expect(text).toContain("kedge_gateway_edge_reachable 1\n");
});
