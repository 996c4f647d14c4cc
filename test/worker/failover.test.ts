/** Leaders and runtimes that die: what was acknowledged stays, and callers are answered again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonBroker } from "../../client/json-broker.ts";
import type { JsonBroker } from "../../client/json-broker.ts";
import { runningQuorum } from "./running-quorum.ts";
import type { RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
let broker: JsonBroker;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  broker = jsonBroker(quorum.cluster, 1);
  await broker.register();
});
afterAll(() => quorum.stop());

/** A write that always has a record; the answer tells where the block begins, and every block is a new one. */
const allocate = (): ReturnType<
  typeof quorum.cluster.rpc<{ errorCode: number; producerIdStart: number }>
> => quorum.cluster.rpc("AllocateProducerIds", { brokerId: 1, brokerEpoch: broker.epoch() });

describe("a quorum", () => {
  test("whose leader is restarted has another one, and every acknowledged write", async () => {
    const before = await quorum.cluster.quorum();
    const first = await allocate();
    await quorum.cluster.post(`controllers/${before.leader_id}:restart`);
    const second = await allocate();
    const after = await quorum.cluster.quorum();
    expect([first.body.errorCode, second.body.errorCode]).toEqual([0, 0]);
    expect(after.leader_epoch).toBeGreaterThan(before.leader_epoch);
    expect(second.body.producerIdStart).toBeGreaterThan(first.body.producerIdStart);
    expect(second.offset).toBeGreaterThan(first.offset);
  });

  test("goes on while a follower is restarted", async () => {
    const { leader_id: leaderId } = await quorum.cluster.quorum();
    const follower = quorum.formed.controllers.find((each) => each.node_id !== leaderId);
    await quorum.cluster.post(`controllers/${follower?.node_id}:restart`);
    expect((await allocate()).body.errorCode).toBe(0);
    expect((await quorum.cluster.quorum()).leader_id).toBe(leaderId);
  });

  test("that is killed with SIGKILL under load comes back with all it acknowledged", async () => {
    const acknowledged: number[] = [];
    const writers = Array.from({ length: 8 }, async () => {
      for (;;) {
        try {
          const { body, offset } = await allocate();
          if (body.errorCode === 0) acknowledged.push(offset);
        } catch {
          return;
        }
      }
    });
    while (acknowledged.length < 50)
      await allocate().then(({ offset }) => acknowledged.push(offset));
    await quorum.kill();
    await Promise.all(writers);

    await quorum.restart();
    const ready = (): Promise<Response> => quorum.edge.fetch(`/health/ready`);
    const early = await ready();
    expect([early.status, await early.text()]).toEqual([
      503,
      expect.stringContaining("no controller can commit: 3000 is "),
    ]);
    const next = await allocate();
    expect((await ready()).status).toBe(200);
    expect(next.offset).toBeGreaterThan(Math.max(...acknowledged));
    const { lines } = await quorum.cluster.log(0);
    const blocks = new Set(
      lines.filter((line) => line.type === "PRODUCER_IDS_RECORD").map((line) => line.offset),
    );
    expect(acknowledged.filter((offset) => !blocks.has(offset))).toEqual([]);
  });
});
