/** A local quorum starts whole or not at all, and comes back from a kill on its port and its state. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Edge } from "../../local/edge.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

let quorum: Quorum | undefined;
afterEach(async () => {
  await quorum?.stop();
  quorum = undefined;
});

/** Kills the runtime, and never comes back, as a request under way might not. */
async function killedMeanwhile(edge: Edge): Promise<never> {
  await edge.kill();
  return new Promise<never>(() => undefined);
}

test("a cluster that cannot be formed leaves no runtime behind", async () => {
  let edge: Edge | undefined;
  const form = (started: Edge): Promise<never> => {
    edge = started;
    return Promise.reject(new Error("refused"));
  };
  await expect(startQuorum({ form })).rejects.toThrow("refused");
  expect(await edge?.exited).toMatch(/SIGTERM|exit/);
});

test("a runtime that ends before the quorum is ready ends the start with its reason", async () => {
  await expect(startQuorum({ form: killedMeanwhile })).rejects.toThrow(
    "workerd ended before the quorum was ready (SIGKILL)",
  );
});

test("it comes back from a kill with what it committed, on the same port, behind the same gateway", async () => {
  quorum = await startQuorum({ gateway: { ports: "free" } });
  const { edge, cluster, formed } = quorum;
  const before = await cluster.quorum();
  await quorum.kill();
  await expect(cluster.quorum()).rejects.toThrow("fetch failed");
  await quorum.restart();
  await quorum.untilReady();
  const after = await cluster.quorum();
  expect(quorum.edge.port).toBe(edge.port);
  expect(quorum.edge.pid).not.toBe(edge.pid);
  expect(after.high_watermark).toBeGreaterThanOrEqual(before.high_watermark);
  for (const { node_id: nodeId } of formed.controllers) {
    const socket = connect(quorum.gatewayPort(nodeId), "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
  }
  expect(() => quorum?.gatewayPort(1)).toThrow("no gateway listens for controller 1");
});
