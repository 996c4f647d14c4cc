/**
 * The gateway before an edge that refuses: who is left alone, for how long, who is served all the same, and what an
 * operator reads on `/readyz` and in the counters.
 */
import { expect, test } from "vitest";
import { serving, refusing, type Answer } from "./edge.ts";
import { client, edge, gateway } from "./harness.ts";

/** Sends a frame on a connection of its own; the answer, or undefined when the connection ended. */
async function ask(port: number | undefined, body: string): Promise<string | undefined> {
  const kafka = await client(port);
  kafka.send(body);
  return await kafka.text();
}

test("before a served edge it is ready, and says so after asking once", async () => {
  const { url, heard } = await edge(serving);
  const { page } = await gateway(url);
  const ready = { status: 200, text: "ready\nno client's frame has been answered yet\n" };
  expect(await page("/readyz")).toEqual(ready);
  expect(await page("/readyz")).toEqual(ready);
  expect(heard).toHaveLength(1);
});

test.each([
  ["401", refusing(401), "this gateway's token is not accepted"],
  ["403", refusing(403), "this gateway's token is not accepted"],
  ["429", refusing(429), "the edge answered 429: refused with 429"],
  ["500", refusing(500), "the edge answered 500: refused with 500"],
  ["404", refusing(404), "the edge answered 404: refused with 404"],
  ["a login page", loginPage, "something before the edge answered 302"],
  ["a stranger's 403", strangersRefusal, "something before the edge answered 403"],
])("%s: not asked again at once, and /readyz says why", async (_, answer, sentence) => {
  const { url, heard } = await edge(answer);
  const { ports, page, lines, metrics } = await gateway(url, { credentials: { token: "own" } });
  expect(await ask(ports[0], "frame 01")).toBeUndefined();
  expect(await ask(ports[0], "frame 02")).toBeUndefined();
  expect(heard).toHaveLength(1);
  const { status, text } = await page("/readyz");
  expect(status).toBe(503);
  const [problem, ...state] = text.trim().split("\n");
  expect(problem).toContain(sentence);
  expect(state).toEqual(["no client's frame has been answered yet"]);
  expect(lines.every((line) => line.includes(sentence))).toBe(true);
  expect(metrics.requestsHeldBack).toBeGreaterThan(0);
});

function loginPage(...[, response]: Parameters<Answer>): void {
  response.writeHead(302, { location: "https://login.example/" }).end();
}

function strangersRefusal(...[, response]: Parameters<Answer>): void {
  response.writeHead(403, { "content-type": "text/html" }).end("<h1>Forbidden</h1>\n");
}

test("without a token, a 401 says which option is missing", async () => {
  const { url } = await edge(refusing(401));
  const { page } = await gateway(url);
  expect((await page("/readyz")).text).toContain("--token-file or KEDGE_TOKEN");
});

test.each([
  ["in seconds", () => "2"],
  ["as a date", () => new Date(Date.now() + 3_000).toUTCString()],
])("what the edge asks for in Retry-After is granted, %s", async (_, header) => {
  const { url, heard } = await edge(refusing(503, { "retry-after": header() }));
  const { ports } = await gateway(url);
  const begun = performance.now();
  while (performance.now() - begun < 500) await ask(ports[0], "frame 01");
  // Its own pauses would have let a frame through after 50, 150 and 350 ms.
  expect(heard).toHaveLength(1);
});

test("one controller that fails leaves the others served, and the gateway ready", async () => {
  const { url } = await edge((heard, response) =>
    (heard.nodeId === 3000 ? refusing(503, { "retry-after": "30" }) : serving)(heard, response),
  );
  const { ports, page } = await gateway(url, { nodeIds: [3000, 3001] });
  expect(await ask(ports[0], "frame 01")).toBeUndefined();
  expect(await ask(ports[1], "frame 02")).toBe("frame 02");
  expect((await page("/readyz")).status).toBe(200);
});

test("a malformed frame says nothing about the edge: the next is sent at once", async () => {
  const { url, heard } = await edge(refusing(400));
  const { ports } = await gateway(url);
  await ask(ports[0], "frame 01");
  await ask(ports[0], "frame 02");
  expect(heard).toHaveLength(2);
});

test("after new credentials everything is tried at once", async () => {
  const { url, heard } = await edge((each, response) =>
    (each.headers.authorization === "Bearer new" ? serving : refusing(401))(each, response),
  );
  const { ports, page, tunnel } = await gateway(url, { credentials: { token: "old" } });
  expect(await ask(ports[0], "frame 01")).toBeUndefined();
  tunnel.renew({ token: "new", headers: {}, tls: {} });
  expect(await ask(ports[0], "frame 02")).toBe("frame 02");
  expect(heard.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  expect((await page("/readyz")).status).toBe(200);
});

test("refusals are counted by status, and by why connections ended", async () => {
  const { url } = await edge(refusing(403));
  const { ports, page } = await gateway(url, { credentials: { token: "own" } });
  await ask(ports[0], "frame 01");
  await ask(ports[0], "frame 02");
  const { text } = await page("/metrics");
  expect(text).toContain('kedge_gateway_edge_refusals_total{status="403"} 1\n');
  expect(text).toContain('kedge_gateway_connections_refused_total{reason="edge"} 2\n');
  expect(text).toContain("kedge_gateway_requests_held_back_total 1\n");
});

test("whatever a refusal says, the log has one line of it", async () => {
  const { url } = await edge((_, response) => {
    const message = `first\r\nsecond\u0000 ${"x".repeat(10_000)}`;
    response.writeHead(500).end(JSON.stringify({ error_code: 50001, message }));
  });
  const { ports, lines } = await gateway(url);
  await ask(ports[0], "frame 01");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("first second");
  expect(lines[0]?.length).toBeLessThan(500);
});

test("a thousand refused connections in a second are some twenty lines and a number", async () => {
  const { url } = await edge();
  const { ports, lines, metrics } = await gateway(url);
  const garbage = async (): Promise<void> => {
    const kafka = await client(ports[0]);
    kafka.socket.write(Buffer.of(0xff, 0xff, 0xff, 0xff));
    await kafka.closed;
  };
  await Promise.all(Array.from({ length: 1_000 }, garbage));
  while (!lines.some((line) => line.includes("more such lines")))
    await new Promise((settle) => setTimeout(settle, 20));
  const seconds = lines.filter((line) => line.includes("more such lines")).length + 1;
  expect(lines.length).toBeLessThanOrEqual(21 * seconds);
  const told = lines.map((line) => /^(\d+) more such lines/.exec(line)?.[1] ?? "1");
  expect(metrics.connectionsAccepted).toBe(1_000);
  expect(told.reduce((sum, count) => sum + Number(count), 0)).toBeLessThanOrEqual(1_000);
});
