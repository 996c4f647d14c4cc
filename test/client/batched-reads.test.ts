/** A cluster that is read over one socket: what goes together, what is asked again, and what is left to HTTP. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { NO_PATIENCE } from "../../client/caller.ts";
import { clusterClient } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { kedge, type ConnectedCluster } from "../../client/kedge.ts";
import { RefusedError } from "../../client/refused-error.ts";
import { runningQuorum, type RunningQuorum } from "../worker/running-quorum.ts";

let quorum: RunningQuorum;
let broker: JsonBroker;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  broker = jsonBroker(clusterClient(quorum.edge, quorum.formed.cluster_id), 1);
  await broker.register();
  await broker.heartbeat();
  broker.keepAlive();
  const { topics } = kedge(quorum.edge).cluster(quorum.formed.cluster_id);
  await topics.create({ topic_name: "orders", partitions_count: 3, replication_factor: 1 });
}, 60_000);
afterAll(async () => {
  await broker.fallSilent();
  await quorum.stop();
});

/** The cluster as a client of its own sees it, with what that one sent. */
interface Scene {
  readonly cluster: ConnectedCluster;
  readonly sockets: WebSocket[];
  /** By socket messages, and by requests. */
  readonly sent: string[];
  readonly requests: string[];
}

function scene(url = quorum.edge.url, patience = NO_PATIENCE): Scene {
  const [sockets, sent, requests]: [WebSocket[], string[], string[]] = [[], [], []];
  const connect = (address: string, protocols: readonly string[]): WebSocket => {
    const socket = new WebSocket(address.replace(quorum.edge.url.replace("http", "ws"), url), [
      ...protocols,
    ]);
    const send = socket.send.bind(socket);
    socket.send = (data) => {
      if (typeof data === "string") sent.push(data);
      send(data);
    };
    sockets.push(socket);
    return socket;
  };
  const send = (address: string, init: RequestInit): Promise<Response> => {
    requests.push(
      `${init.method ?? "GET"} ${new URL(address).pathname.split("/").slice(5).join("/")}`,
    );
    return fetch(address, init);
  };
  const { edge, formed } = quorum;
  const deployment = { url: edge.url, token: edge.token, connect, send };
  const cluster = kedge(deployment, patience).cluster(formed.cluster_id).connect();
  return { cluster, sockets, sent, requests };
}

const refusalOf = async (call: Promise<unknown>): Promise<RefusedError> => {
  const error: unknown = await call.then(
    () => "not refused",
    (reason: unknown) => reason,
  );
  if (error instanceof RefusedError) return error;
  throw new Error(`not a refusal: ${String(error)}`);
};

test("reads of one turn are one batch, by what they demand", async () => {
  const { cluster, sent, requests, sockets } = scene();
  const { topics, brokers, configs } = cluster;
  const reading = { maxStalenessMs: 60_000 };
  const [topic, partitions, all, config] = await Promise.all([
    topics.get("orders", reading),
    topics.partitions("orders", reading),
    brokers.list(reading),
    configs.topic("orders").get("retention.ms"),
  ]);
  expect([topic.topic_name, partitions.length, all.length]).toEqual(["orders", 3, 1]);
  expect(config).toMatchObject({ name: "retention.ms" });
  expect(sent.map((text): unknown => JSON.parse(text))).toEqual([
    {
      id: 1,
      max_staleness_ms: 60_000,
      paths: ["topics/orders", "topics/orders/partitions", "brokers"],
      taken: 0,
    },
    { id: 2, paths: ["topics/orders/configs/retention.ms"], taken: 0 },
  ]);
  expect([requests, sockets.length]).toEqual([[], 1]);
  cluster.close();
});

test("a refusal is of the one that it is about", async () => {
  const { cluster } = scene();
  const [found, refused] = await Promise.all([
    cluster.topics.get("orders"),
    refusalOf(cluster.topics.get("none")),
  ]);
  expect(found.topic_name).toBe("orders");
  expect([refused.status, refused.errorCode]).toEqual([404, 40_403]);
  expect(refused.message).toContain("/topics/none");
  expect(refused.position?.offset).toBeGreaterThan(0);
  const late = { minOffset: 1_000_000, waitMs: 50 };
  expect((await refusalOf(cluster.topics.list(late))).errorCode).toBe(50_303);
  cluster.close();
});

test("a read sees what was written before it, here or through the cluster that this one is of", async () => {
  const plain = kedge(quorum.edge).cluster(quorum.formed.cluster_id);
  const connected = plain.connect();
  const wish = { partitions_count: 1, replication_factor: 1 };
  await plain.topics.create({ ...wish, topic_name: "written-there" });
  expect(await connected.topics.get("written-there")).toMatchObject({ partitions_count: 1 });
  await connected.topics.create({ ...wish, topic_name: "written-here" });
  expect(await plain.topics.get("written-here")).toMatchObject({ partitions_count: 1 });
  connected.close();
});

test("more than a batch holds is more batches, and all of it is taken", async () => {
  const { cluster, sent } = scene();
  const reading = { maxStalenessMs: 60_000 };
  for (let round = 0; round < 20; round += 1) {
    const reads = Array.from({ length: 1_000 }, () => cluster.topics.get("orders", reading));
    expect(new Set((await Promise.all(reads)).map((topic) => topic.topic_name))).toEqual(
      new Set(["orders"]),
    );
  }
  // 80 batches and more of one socket: without a word of what was taken it would have ended.
  expect(sent.length).toBeGreaterThanOrEqual(80);
  cluster.close();
}, 60_000);

test("what a socket takes with it is asked again over another", async () => {
  const { cluster, sockets, requests } = scene();
  await cluster.topics.get("orders");
  const waiting = cluster.topics.list({ minOffset: 1_000_000, waitMs: 1_000 });
  await new Promise((settle) => setTimeout(settle, 200));
  sockets[0]?.close();
  expect((await refusalOf(waiting)).errorCode).toBe(50_303);
  expect([sockets.length, requests]).toEqual([2, []]);
  cluster.close();
});

test("where no socket can be had, a batch goes by HTTP, and says why it is refused", async () => {
  const { cluster, sockets, requests } = scene("ws://127.0.0.1:1");
  const [topic, refused] = await Promise.all([
    cluster.topics.get("orders"),
    refusalOf(cluster.topics.get("none")),
  ]);
  expect([topic.topic_name, refused.errorCode]).toEqual(["orders", 40_403]);
  await cluster.topics.get("orders");
  // For half a minute no other is tried.
  expect([sockets.length, requests]).toEqual([1, ["POST reads", "POST reads"]]);
  const { edge, formed } = quorum;
  const stranger = kedge({ url: edge.url, token: "kedge.no.token.at-all" }, NO_PATIENCE);
  const asked = stranger.cluster(formed.cluster_id).connect();
  expect((await refusalOf(asked.topics.list())).status).toBe(401);
});

const withoutWebSocket = (): WebSocket => {
  throw new ReferenceError("WebSocket is not defined");
};

test("a platform without WebSockets reads by HTTP", async () => {
  const deployment = { ...quorum.edge, connect: withoutWebSocket };
  const cluster = kedge(deployment, NO_PATIENCE).cluster(quorum.formed.cluster_id);
  expect(await cluster.connect().topics.get("orders")).toMatchObject({ partitions_count: 3 });
});

test("what is no answer ends the socket, and another is asked", async () => {
  const { cluster, sockets } = scene();
  await cluster.topics.get("orders");
  const waiting = cluster.topics.list({ minOffset: 1_000_000, waitMs: 500 });
  await new Promise((settle) => setTimeout(settle, 100));
  sockets[0]?.dispatchEvent(new MessageEvent("message", { data: "<html>" }));
  expect((await refusalOf(waiting)).errorCode).toBe(50_303);
  expect(sockets).toHaveLength(2);
  cluster.close();
});

test("a name that no batch can hold is refused by itself", async () => {
  const { cluster, requests } = scene();
  const [topic, refused] = await Promise.all([
    cluster.topics.get("orders"),
    refusalOf(cluster.topics.get("x".repeat(3_000))),
  ]);
  expect([topic.topic_name, refused.errorCode]).toEqual(["orders", 40_403]);
  expect(requests).toHaveLength(1);
  cluster.close();
});

test("what is too large for a batch comes in another, or by itself", async () => {
  const { topics } = kedge(quorum.edge).cluster(quorum.formed.cluster_id);
  const wish = { replication_factor: 1 };
  await topics.create({ ...wish, topic_name: "wide", partitions_count: 300 });
  await topics.create({ ...wish, topic_name: "vast", partitions_count: 5_000 });
  const { cluster, sent, requests } = scene();
  const wide = Array.from({ length: 20 }, () => cluster.topics.partitions("wide"));
  expect((await Promise.all(wide)).map((partitions) => partitions.length)).toEqual(
    Array.from({ length: 20 }, () => 300),
  );
  const batches = sent.filter((text) => text.includes("paths"));
  expect([batches.length > 1, requests]).toEqual([true, []]);
  const [all, few] = await Promise.all([
    cluster.topics.partitions("vast"),
    cluster.topics.partitions("orders"),
  ]);
  expect([all.length, few.length, requests]).toEqual([5_000, 3, ["GET topics/vast/partitions"]]);
  cluster.close();
}, 60_000);

test("a batch that is refused is repeated as one", async () => {
  const { cluster, sent } = scene(quorum.edge.url, { attempts: 2, forMs: 15_000 });
  const slow = { minOffset: 1_000_000, waitMs: 50 };
  const reads = Array.from({ length: 300 }, () => refusalOf(cluster.topics.get("orders", slow)));
  expect(new Set((await Promise.all(reads)).map((error) => error.errorCode))).toEqual(
    new Set([50_303]),
  );
  expect(sent.filter((text) => text.includes("paths"))).toHaveLength(4);
  cluster.close();
});

test("close() waits for what is under way, and later reads go by HTTP", async () => {
  const { cluster, sockets, requests } = scene();
  await cluster.topics.get("orders");
  const waiting = refusalOf(cluster.topics.list({ minOffset: 1_000_000, waitMs: 500 }));
  await new Promise((settle) => setTimeout(settle, 100));
  const gathered = cluster.topics.get("orders");
  cluster.close();
  expect(await gathered).toMatchObject({ topic_name: "orders" });
  expect((await waiting).errorCode).toBe(50_303);
  await expect.poll(() => sockets.map((socket) => socket.readyState)).toEqual([WebSocket.CLOSED]);
  expect(requests).toEqual([]);
  expect(await cluster.topics.get("orders")).toMatchObject({ topic_name: "orders" });
  expect([sockets.length, requests]).toEqual([1, ["POST reads"]]);
});

test("a read that was aborted before it is asked asks nothing", async () => {
  const { cluster, sockets } = scene();
  const signal = AbortSignal.abort(new Error("no interest"));
  await expect(cluster.topics.get("none", { signal })).rejects.toThrow("no interest");
  const abort = new AbortController();
  const late = cluster.topics.get("none", { signal: abort.signal });
  abort.abort(new Error("no more interest"));
  await expect(late).rejects.toThrow("no more interest");
  // A refusal that nobody hears would end this process.
  await new Promise((settle) => setTimeout(settle, 200));
  expect(sockets).toEqual([]);
  cluster.close();
});

test("a read that is aborted ends with its reason, and no other with it", async () => {
  const { cluster } = scene();
  const abort = new AbortController();
  const slow = { minOffset: 1_000_000, waitMs: 1_000 };
  const one = cluster.topics.list({ ...slow, signal: abort.signal });
  const other = refusalOf(cluster.topics.list(slow));
  setTimeout(() => abort.abort(new Error("no more interest")), 100);
  await expect(one).rejects.toThrow("no more interest");
  expect((await other).errorCode).toBe(50_303);
  cluster.close();
});

test("a hundred readers go on through a runtime that is killed and started again", async () => {
  const { cluster } = scene(quorum.edge.url, { attempts: 100, forMs: 60_000 });
  const reading = { maxStalenessMs: 60_000 };
  const over = new AbortController();
  const read = async (): Promise<number> => {
    let reads = 0;
    for (; !over.signal.aborted; reads += 1) {
      await cluster.topics.get("orders", reading);
      await new Promise((settle) => setTimeout(settle, 5));
    }
    return reads;
  };
  const readers = Promise.all(Array.from({ length: 100 }, read));
  await new Promise((settle) => setTimeout(settle, 300));
  await quorum.kill();
  await quorum.restart();
  await cluster.topics.get("orders");
  over.abort();
  expect(Math.min(...(await readers))).toBeGreaterThan(1);
  cluster.close();
}, 90_000);
