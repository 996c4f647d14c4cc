/** A gateway that is stopped and goes on (LK-3): what was sent to it meanwhile is read by nobody. */
import { spawn } from "node:child_process";
import { on, once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { Standstill } from "../../gateway/tcp/standstill.ts";
import { beatOf, introduced } from "./broker-beats.ts";
import { Client } from "./client.ts";
import { certificate, commonName } from "./certificates.ts";
import { echo } from "./edge.ts";
import { atEnd, client, CLUSTER_ID, edge as startEdge, gateway } from "./harness.ts";
import { linkingEdge } from "./linking-edge.ts";

afterEach(() => void vi.useRealTimers());

const root = join(import.meta.dirname, "..", "..", "gateway");

/** Prints its port. It ends by itself, so that no failure leaves it behind. */
const programOf = (edge: string): string => `
  import { startGateway } from ${JSON.stringify(join(root, "gateway.ts"))};
  import { Tunnel } from ${JSON.stringify(join(root, "edge", "tunnel.ts"))};
  import { GatewayMetrics } from ${JSON.stringify(join(root, "metrics.ts"))};
  const metrics = new GatewayMetrics();
  const tunnel = new Tunnel({ edge: ${JSON.stringify(edge)}, clusterId: "${CLUSTER_ID}", metrics });
  const controllers = [{ nodeId: 3000, host: "127.0.0.1", port: 0 }];
  const log = (line, { level } = {}) => level !== "debug" && console.log(line);
  const gateway = await startGateway({ tunnel, metrics, controllers, log, observe: { heartbeatBatchMs: 80 } });
  setTimeout(() => process.exit(), 30_000);
  console.log(gateway.at(3000).port);
`;

async function started(edge: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", programOf(edge)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  atEnd(() => {
    child.kill("SIGCONT");
    child.kill("SIGKILL");
  });
  const lines: string[] = [];
  const reading = on(createInterface({ input: child.stdout }), "line", { close: ["close"] });
  const { value } = await reading.next();
  void (async () => {
    for await (const [line] of reading) lines.push(String(line));
  })();
  return { child, lines, port: Number(value?.[0]) };
}

test("closes every connection unread, also those that have waited to be accepted, and serves new ones", async () => {
  const edge = await linkingEdge();
  const { child, lines, port } = await started(edge.url);
  const warm = await Client.connect(port);
  warm.send("the first");
  expect(await warm.text()).toBe("the first");
  await expect.poll(() => edge.links.length).toBe(1);
  warm.send("by a link");
  expect(await warm.text()).toBe("by a link");

  child.kill("SIGSTOP");
  await pause(50);
  warm.send("too late 1");
  const waiting = await Client.connect(port);
  waiting.send("too late 2");
  await pause(1_600);
  child.kill("SIGCONT");
  await Promise.race([Promise.all([warm.closed, waiting.closed]), pause(5_000)]);
  expect([warm, waiting].map(({ socket }) => socket.destroyed)).toEqual([true, true]);
  expect(lines.join("\n")).toMatch(
    /stood still for [1-9]\.\d s: every connection is closed unread/,
  );

  await pause(150);
  const live = await Client.connect(port);
  live.send("alive again");
  expect(await live.text()).toBe("alive again");
  const sent = [
    ...edge.posted,
    ...edge.links.flatMap(({ requests }) =>
      requests.map(({ frame }) => Buffer.from(frame).toString()),
    ),
  ];
  expect(sent.filter((frame) => frame.startsWith("too late"))).toEqual([]);
  live.close();
});

test("sends no heartbeat that waited for others meanwhile", async () => {
  const edge = await linkingEdge();
  const { child, port } = await started(edge.url);
  const heard = (): number =>
    edge.links
      .flatMap(({ requests }) => requests)
      .filter(({ frame }) => Buffer.from(frame).equals(beatOf(2))).length;
  // Whose timer has its turn first when the process goes on is chance.
  for (let round = 0; round < 4; round += 1) {
    const warm = await Client.connect(port);
    warm.send("the first");
    expect(await warm.text()).toBe("the first");
    await expect.poll(() => edge.links.at(-1)?.messages.length ?? 0).toBeGreaterThan(0);
    const [one, two] = [await Client.connect(port), await Client.connect(port)];
    await introduced(one, two);
    const before = heard();
    two.send(beatOf(2));
    await pause(40);
    child.kill("SIGSTOP");
    await pause(1_600);
    child.kill("SIGCONT");
    await two.closed;
    await pause(150);
    expect([round, heard() - before]).toEqual([round, 0]);
  }
}, 30_000);

test("sends no frame by HTTP that waited as long as a session for its connection", async () => {
  const tls = certificate({ subject: commonName("localhost") });
  const behind = await startEdge(echo, { tls: { ...tls, ca: tls.cert } });
  let delayMs = 3_300;
  const slow = createServer((socket) => {
    socket.on("error", () => undefined);
    setTimeout(() => {
      const beyond = connect(behind.port, "127.0.0.1");
      beyond.on("error", () => socket.destroy());
      beyond.pipe(socket).pipe(beyond);
      atEnd(() => void beyond.destroy());
    }, delayMs);
  }).listen(0, "127.0.0.1");
  await once(slow, "listening");
  atEnd(() => void slow.close());
  const address = slow.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const [ca, key] = [Buffer.from(tls.cert), Buffer.from(tls.key)];
  const credentials = { tls: { ca, cert: ca, key } };
  const { ports } = await gateway(`https://localhost:${port}`, { credentials });
  const late = await client(ports[0]);
  late.send("too late 1");
  await Promise.race([late.closed, pause(5_000)]);
  delayMs = 500;
  const soon = await client(ports[0]);
  soon.send("soon enough");
  expect(await soon.text()).toBe("soon enough");
  expect(behind.heard.map(({ frame }) => frame.toString())).toEqual(["soon enough"]);
}, 15_000);

test("that was stopped for less is none the worse", async () => {
  const edge = await linkingEdge();
  const { child, lines, port } = await started(edge.url);
  const kafka = await Client.connect(port);
  kafka.send("the first");
  expect(await kafka.text()).toBe("the first");
  child.kill("SIGSTOP");
  await pause(50);
  kafka.send("in time 1");
  await pause(200);
  child.kill("SIGCONT");
  expect(await kafka.text()).toBe("in time 1");
  expect(lines).toEqual([]);
  kafka.close();
});

test("knows it at the first look after, whoever looks, and for a moment more", () => {
  vi.useFakeTimers();
  let now = 0;
  const late: number[] = [];
  const standstill = new Standstill(
    (ms) => void late.push(ms),
    () => now,
  );
  for (let tick = 0; tick < 20; tick++) {
    now += 250;
    vi.advanceTimersByTime(250);
  }
  now += 1_200;
  expect(standstill.isOver()).toBe(false);
  expect(late).toEqual([]);
  now += 60_000;
  expect(standstill.isOver()).toBe(true);
  expect(late).toEqual([59_750]);
  now += 50;
  expect(standstill.isOver()).toBe(true);
  now += 60;
  expect(standstill.isOver()).toBe(false);
  now += 2_000;
  vi.advanceTimersByTime(250);
  expect(late).toHaveLength(2);
  standstill.stop();
});
