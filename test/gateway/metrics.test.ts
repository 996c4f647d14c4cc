/**
 * What is measured of frames, what is forgotten with a controller, and that the page of each metric says all of them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EVENTS } from "../../gateway/log.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { ROOT } from "../../local/checkout.ts";
import { ApiKey } from "../../src/protocol/index.ts";
import { client, edge, gateway } from "./harness.ts";

/** A frame of that API, as far as the gateway reads it. */
function frameOf(apiKey: number): Buffer {
  const frame = Buffer.alloc(12);
  frame.writeInt16BE(apiKey);
  return frame;
}

const counts = (text: string): readonly string[] =>
  text.split("\n").filter((line) => line.startsWith("kedge_gateway_frame_seconds_count"));

test("a frame's time is kept by API and controller; keys that are no APIs are one", async () => {
  const { url } = await edge();
  const { ports, page } = await gateway(url, { nodeIds: [3000, 3001] });
  const [first, second] = [await client(ports[0]), await client(ports[1])];
  for (const key of [ApiKey.BrokerHeartbeat, ApiKey.BrokerHeartbeat, ApiKey.Fetch, 999, -1]) {
    first.send(frameOf(key));
    await first.frame();
  }
  second.send(frameOf(ApiKey.Fetch));
  await second.frame();
  second.send("x");
  await second.closed;
  const { text } = await page("/metrics");
  expect(counts(text)).toEqual([
    'kedge_gateway_frame_seconds_count{api="BrokerHeartbeat",controller="3000"} 2',
    'kedge_gateway_frame_seconds_count{api="Fetch",controller="3000"} 1',
    'kedge_gateway_frame_seconds_count{api="unknown",controller="3000"} 2',
    'kedge_gateway_frame_seconds_count{api="Fetch",controller="3001"} 1',
  ]);
  const buckets =
    /^kedge_gateway_frame_seconds_bucket\{le="\+Inf",api="Fetch",controller="3001"\} 1$/m;
  expect(text).toMatch(buckets);
});

test("a controller that loses its port takes what was measured of it along", async () => {
  const { url } = await edge();
  const opened = await gateway(url, { nodeIds: [3000, 3001] });
  for (const port of opened.ports) {
    const kafka = await client(port);
    kafka.send(frameOf(ApiKey.Fetch));
    await kafka.frame();
  }
  opened.close(3000);
  await expect
    .poll(async () => counts((await opened.page("/metrics")).text))
    .toEqual(['kedge_gateway_frame_seconds_count{api="Fetch",controller="3001"} 1']);
});

test("each gateway of a process counts for itself", async () => {
  const { url } = await edge();
  const [one, other] = [await gateway(url), await gateway(url)];
  const kafka = await client(one.ports[0]);
  kafka.send(frameOf(ApiKey.Fetch));
  await kafka.frame();
  expect((await one.page("/metrics")).text).toContain("kedge_gateway_frames_answered_total 1\n");
  expect((await other.page("/metrics")).text).toContain("kedge_gateway_frames_answered_total 0\n");
});

test("docs/OPERATING.md says what every metric and every event means, and no other", async () => {
  const page = readFileSync(join(ROOT, "docs", "OPERATING.md"), "utf8");
  const metrics = new GatewayMetrics();
  metrics.addProcess("0.0.0");
  const text = await metrics.render({
    portsOpen: 0,
    bytesHeld: 0,
    handshakesOpen: 0,
    isEdgeOpen: true,
  });
  const known = [...text.matchAll(/^# TYPE (kedge_gateway_\w+)/gm)].map(([, name]) => name ?? "");
  const said = [...page.matchAll(/^- `(kedge_gateway_\w+)/gm)].map(([, name]) => name ?? "");
  expect(said.toSorted()).toEqual(known.toSorted());
  const events = [...page.matchAll(/^- `([a-z-]+)` \((?:debug|info|warn|error)/gm)];
  expect(events.map(([, name = ""]) => name).toSorted()).toEqual(EVENTS.toSorted());
});
