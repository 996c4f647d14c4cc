/** `/livez` and `/readyz` say what is so now, and not what was so a moment ago. */
import { expect, test } from "vitest";
import { startStatusPage, type StatusPageParts } from "../../gateway/status-page.ts";
import { serving } from "./edge.ts";
import { atEnd, client, edge, gateway } from "./harness.ts";

test("a frame that was served is answer enough, until one fails after it", async () => {
  let serves = true;
  const started = await edge((heard, response) =>
    serves ? serving(heard, response) : response.writeHead(500).end(),
  );
  const { ports, page } = await gateway(started.url);
  const first = await client(ports[0]);
  first.send("frame 01");
  await first.frame();
  expect((await page("/readyz")).status).toBe(200);
  expect(started.heard).toHaveLength(1);

  serves = false;
  const second = await client(ports[0]);
  second.send("frame 02");
  await second.closed;
  const { status, text } = await page("/readyz");
  expect(status).toBe(503);
  expect(text).toMatch(/^the edge answered 500.*\na client's frame was answered \d\.\d s ago\n$/);
  expect((await page("/livez")).status).toBe(200);

  serves = true;
  await expect.poll(async () => (await page("/readyz")).status).toBe(200);
});

test("up to where the log is held is said with its age, and nothing of it before a push", async () => {
  const { page, metrics } = await gateway((await edge(serving)).url);
  expect((await page("/readyz")).text).not.toContain("the log");
  metrics.logHeld = { offset: 12, at: new Date(Date.now() - 3_000) };
  metrics.logShownOffset = 11;
  const line =
    /\nthe log is held up to 12, pushed [34]\.\d s ago; brokers were shown it up to 11\n/;
  expect((await page("/readyz")).text).toMatch(line);
  const text = (await page("/metrics")).text;
  expect(text).toContain("kedge_gateway_log_held_offset 12\n");
  expect(text).toContain("kedge_gateway_log_shown_offset 11\n");
  expect(text).toMatch(/\nkedge_gateway_log_pushed_timestamp_seconds 1\d{9}\.?\d*\n/);
});

test("a question behind the path is no other page, and a page that is none is refused", async () => {
  const { page } = await gateway((await edge(serving)).url);
  expect((await page("/livez?verbose")).text).toMatch(/^alive\nversion \S+\nup for \d+\.\d s\n$/);
  expect((await page("/readyz?")).status).toBe(200);
  expect(await page("/")).toEqual({
    status: 404,
    text: "/livez, /readyz, /healthz or /metrics\n",
  });
});

async function pageWith(
  parts: Partial<StatusPageParts>,
): Promise<(path: string) => Promise<Response>> {
  const page = await startStatusPage(
    { host: "127.0.0.1", port: 0 },
    {
      version: "0.0.0",
      isStopping: () => false,
      isEdgeOpen: () => true,
      problem: () => Promise.resolve(null),
      metrics: () => Promise.resolve(""),
      state: () => [],
      ...parts,
    },
  );
  atEnd(() => page.close());
  return (path) => fetch(`http://127.0.0.1:${page.port}${path}`);
}

test("once it stops it neither lives nor is ready", async () => {
  const page = await pageWith({ isStopping: () => true });
  for (const path of ["/livez", "/readyz"]) {
    const response = await page(path);
    expect(response.status).toBe(503);
    expect(await response.text()).toBe("stopping\n");
  }
});

test("a page that fails is a 500, and the next one is served", async () => {
  const page = await pageWith({ metrics: () => Promise.reject(new Error("no metrics")) });
  expect((await page("/metrics")).status).toBe(500);
  expect((await page("/livez")).status).toBe(200);
});
