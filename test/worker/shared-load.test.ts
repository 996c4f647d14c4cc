/**
 * What many wait for, when the client of the one that does it hangs up. The platform runs nothing more of such a request
 * unless it was asked to, so only a real runtime shows it.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEdge, type Edge } from "../../local/edge.ts";

let folder: string;
let edge: Edge;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-loader-"));
  const config = "test/worker/loader/wrangler.toml";
  edge = await startEdge({ persistTo: folder, config, auth: "none" });
});
afterAll(async () => {
  await edge.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Asks, hangs up in the middle of the work, and gives the runtime time to notice. */
async function giveUp(path: string): Promise<void> {
  const socket = connect(edge.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await new Promise((settle) => setTimeout(settle, 300));
  socket.resetAndDestroy();
  await new Promise((settle) => setTimeout(settle, 300));
}

test.each([
  ["is finished for the next one, who begins none", "/kept", 1],
  ["is begun anew where nothing keeps it", "/given-up", 2],
])("work that a gone client began %s", async (_, path, begun) => {
  await giveUp(path);
  const answers = await Promise.all([1, 2, 3].map(() => edge.fetch(path)));
  const counts = await Promise.all(answers.map((answer) => answer.json()));
  expect(counts).toEqual(Array(3).fill({ begun, done: 1 }));
});
