/** Voters that come and go over HTTP, in a real quorum whose clients go on writing. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { posted } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { refusalOf, runningQuorum, type RunningQuorum } from "./running-quorum.ts";

interface Controller {
  readonly node_id: number;
  readonly port: number;
  readonly directory_id: string;
  readonly status?: { readonly role: string; readonly is_voter?: boolean };
}

let quorum: RunningQuorum;
let broker: JsonBroker;
beforeAll(async () => {
  quorum = await runningQuorum(1);
  broker = jsonBroker(quorum.cluster, 1);
  await broker.register();
});
afterAll(() => quorum.stop());

const ask = (method: string, path: string, body: unknown = {}): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters/${quorum.cluster.clusterId}/${path}`, {
    ...posted(body),
    method,
  });

async function add(body: unknown = {}): Promise<Controller> {
  const response = await ask("POST", "controllers", body);
  const text = await response.text();
  expect([201, text]).toEqual([response.status, text]);
  const added: Controller = JSON.parse(text);
  return added;
}

async function voters(): Promise<readonly number[]> {
  const { body } = await quorum.cluster.get<{ readonly voters: readonly { replica_id: number }[] }>(
    "quorum",
  );
  return body.voters.map((voter) => voter.replica_id);
}

/** Writes until it is stopped; an answer other than an acknowledgement is a failure of the test. */
function writing(): () => Promise<readonly number[]> {
  const over = new AbortController();
  const written: number[] = [];
  const done = (async () => {
    while (!over.signal.aborted) {
      const { body } = await quorum.cluster.rpc<{ errorCode: number; producerIdStart: number }>(
        "AllocateProducerIds",
        { brokerId: 1, brokerEpoch: broker.epoch() },
      );
      expect(body.errorCode).toBe(0);
      written.push(body.producerIdStart);
    }
  })();
  return async () => {
    over.abort();
    await done;
    return written;
  };
}

/** Removes a voter from the log alone, as Kafka's tool does. */
async function removeFromLog({ node_id: voterId, directory_id: voterDirectoryId }: Controller) {
  const { clusterId } = quorum.cluster;
  const request = { clusterId, voterId, voterDirectoryId };
  const { body } = await quorum.cluster.rpc<{ errorCode: number }>("RemoveRaftVoter", request);
  expect(body.errorCode).toBe(0);
}

async function controller(nodeId: number): Promise<Controller> {
  const { body } = await quorum.cluster.get<Controller>(`controllers/${nodeId}`);
  return body;
}

test("a voter that was removed from the log alone observes, stays so, and is added again", async () => {
  const added = await add();
  for (const nodeId of [3000, added.node_id]) {
    await removeFromLog(await controller(nodeId));
    await expect.poll(async () => (await controller(nodeId)).status?.is_voter).toBe(false);
    // Longer than a node that joins takes to ask for it.
    await new Promise((settle) => setTimeout(settle, 3_000));
    expect(await voters()).not.toContain(nodeId);
    expect((await add({ node_id: nodeId })).status?.is_voter).toBe(true);
  }
  const response = await ask("DELETE", `controllers/${added.node_id}`);
  expect(response.status).toBe(200);
  expect(await voters()).toEqual([3000]);
});

describe("a quorum of one", () => {
  test("grows to five and shrinks to one, its leader too, while a client writes", async () => {
    const stop = writing();
    onTestFinished(async () => void (await stop()));
    for (const wanted of [3002, 3003, 3004, 3005]) {
      const { node_id: nodeId, port, status } = await add();
      expect({ nodeId, port, isVoter: status?.is_voter }).toEqual({
        nodeId: wanted,
        port: 9093 + wanted - 3001,
        isVoter: true,
      });
    }
    expect(await voters()).toEqual([3000, 3002, 3003, 3004, 3005]);
    for (const left of [4, 3, 2, 1]) {
      const { leader_id: leaderId } = await quorum.cluster.quorum();
      const response = await ask("DELETE", `controllers/${leaderId}`);
      expect(await response.json()).toEqual({ node_id: leaderId, removed: true, unconfirmed: [] });
      expect(await voters()).toHaveLength(left);
    }
    const written = await stop();
    expect(new Set(written).size).toBe(written.length);
    expect(written.length).toBeGreaterThan(20);
  }, 60_000);

  test("outlives nodes that are taken out at any moment of their joining", async () => {
    const [only = 0] = await voters();
    for (const pauseMs of [0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 250, 300]) {
      const added = await ask("POST", "controllers?wait_ms=0");
      const { node_id: nodeId }: Controller = JSON.parse(await added.text());
      await new Promise((settle) => setTimeout(settle, pauseMs));
      const response = await ask("DELETE", `controllers/${nodeId}`);
      expect([pauseMs, response.status, await response.text()]).toMatchObject([pauseMs, 200, {}]);
      expect(await voters()).toEqual([only]);
      expect((await broker.heartbeat()).errorCode).toBe(0);
    }
  }, 60_000);

  test("keeps its last voter", async () => {
    const [last = 0] = await voters();
    const refusal = await refusalOf(ask("DELETE", `controllers/${last}`));
    expect(refusal).toMatchObject({ status: 409, error_code: 40907 });
    expect(await voters()).toEqual([last]);
  });

  test("has another voter take the place of its only one; the same call again finds it done", async () => {
    const [old = 0] = await voters();
    const replaced = await ask("POST", `controllers/${old}:replace`);
    const node: Controller = JSON.parse(await replaced.text());
    expect(replaced.status).toBe(201);
    expect(await voters()).toEqual([node.node_id]);
    const again = await ask("POST", `controllers/${old}:replace`);
    const same: Controller = JSON.parse(await again.text());
    expect([again.status, same.node_id]).toEqual([201, node.node_id]);
    expect(await voters()).toEqual([node.node_id]);
  });
});

test("a cluster none of whose first voters is left is found by the request that formed it", async () => {
  const { cluster_id, metadata_version, settings, controllers: founders } = quorum.formed;
  const now = await voters();
  expect(now).not.toContain(founders[0]?.node_id);
  const controllers = founders.map(({ node_id, host, port }) => ({ node_id, host, port }));
  const request = { cluster_id, metadata_version, settings, controllers };
  const response = await quorum.edge.fetch("/kafka/v3/clusters", posted(request));
  expect([response.status, JSON.parse(await response.text())]).toMatchObject([
    200,
    { controllers: now.map((nodeId) => ({ node_id: nodeId })) },
  ]);
  expect(await voters()).toEqual(now);
});

describe("what cannot be", () => {
  test.each([
    ["the id of a broker", "POST", "controllers", { node_id: 1 }, 40906],
    ["an id that was given", "POST", "controllers", { node_id: 3000 }, 40906],
    ["a node that is none", "DELETE", "controllers/77", {}, 40402],
    ["the place of none", "POST", "controllers/77:replace", {}, 40402],
    ["a place that is none", "POST", "controllers", { location_hint: "moon" }, 40002],
    ["a field that is none", "POST", "controllers", { directory_id: "x" }, 40002],
  ] as const)("is refused, and nothing changes: %s", async (_, method, path, body, code) => {
    const before = await voters();
    expect(await refusalOf(ask(method, path, body))).toMatchObject({ error_code: code });
    expect(await voters()).toEqual(before);
  });

  test("a second voter of one id is Kafka's DUPLICATE_VOTER, and a stranger and a broker are no voters", async () => {
    const [first = 0] = await voters();
    const listeners = [{ name: "CONTROLLER", host: "localhost", port: 9999 }];
    const voterDirectoryId = "JEXY6aqzQY-32P5TStzaFg";
    const request = {
      clusterId: quorum.cluster.clusterId,
      timeoutMs: 1000,
      voterDirectoryId,
      listeners,
    };
    const duplicate = await quorum.cluster.rpc<{ errorCode: number }>("AddRaftVoter", {
      ...request,
      voterId: first,
      ackWhenCommitted: true,
    });
    const stranger = await quorum.cluster.rpc<{ errorCode: number }>("RemoveRaftVoter", {
      clusterId: quorum.cluster.clusterId,
      voterId: first,
      voterDirectoryId,
    });
    const broker1 = await quorum.cluster.rpc<{ errorCode: number }>("AddRaftVoter", {
      ...request,
      voterId: 1,
      ackWhenCommitted: true,
    });
    const codes = [duplicate, stranger, broker1].map(({ body }) => body.errorCode);
    expect(codes).toEqual([126, 127, 42]);
  });
});
