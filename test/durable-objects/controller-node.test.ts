/**
 * Controller nodes inside workerd: what only the platform can show. They are evicted, aborted and asked while
 * they are not ready; what they acknowledged is there afterwards, and the quorum goes on.
 */
import { bearerHeader, UNLOCKED } from "../../durable-objects/bearer.ts";
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import {
  ApiVersions,
  Fetch,
  METADATA_TOPIC_ID,
  decodeResponseFrame,
  requestFrame,
} from "../../src/protocol/index.ts";
import { INCARNATION_COUNT } from "../../src/raft/index.ts";
import { HEADERS } from "../../durable-objects/contract.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  activeOf,
  call,
  clusterOf,
  form,
  frame,
  registration,
  rpc,
  statusOf,
  stubOf,
  untilReplayed,
  voterStatusOf,
} from "./quorum.ts";

const nodes = [3000, 3001, 3002];

const post = (cluster: ClusterEntry, action: string): Promise<Response> =>
  stubOf(cluster, 3000).fetch(`https://controller/${action}`, { method: "POST" });

/** Starts a tripped node as an operator does who has read why. */
async function confirmed(cluster: ClusterEntry): Promise<Response> {
  const { tripped } = await statusOf(cluster, 3000);
  return call(cluster, 3000, { route: "start", body: JSON.stringify({ confirm: tripped }) });
}

/** How many observers' fetches wait at the leader of a quorum of one. */
const waitingAt = (cluster: ClusterEntry): Promise<number> =>
  runInDurableObject(stubOf(cluster, 3000), (instance) => {
    const role = instance.voter?.state.role;
    return role?.kind === "leader" ? role.parkedObservers.size : -1;
  });

describe("a quorum of three objects", () => {
  test("elects one leader and commits its bootstrap records on all voters", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx1");
    const leader = await form(cluster);
    const statuses = await Promise.all(nodes.map((node) => statusOf(cluster, node)));
    expect(statuses.filter(({ active }) => active)).toHaveLength(1);
    expect(statuses).toMatchObject(nodes.map(() => ({ leader_id: leader.node_id })));
  });

  test("keeps a registration through the eviction of every object at once", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx2");
    const leader = await form(cluster);
    const registered = await rpc(cluster, leader.node_id, registration(cluster, 1));
    expect(registered.body).toMatchObject({ errorCode: 0 });
    await abortAllDurableObjects();
    const next = await activeOf(cluster);
    const again = await rpc(cluster, next.node_id, registration(cluster, 1));
    expect(again.body).toEqual(registered.body);
  });

  test("an evicted leader does not lead its old epoch again", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx3");
    const leader = await form(cluster);
    await abortAllDurableObjects();
    await expect
      .poll(async () => (await activeOf(cluster)).epoch, { timeout: 30_000 })
      .toBeGreaterThan(leader.epoch);
  });

  test("a standby refuses a write, names the leader and writes nothing", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx4");
    const leader = await form(cluster);
    const standby = nodes.find((node) => node !== leader.node_id) ?? -1;
    const answer = await rpc(cluster, standby, registration(cluster, 1));
    expect(answer).toMatchObject({
      status: 200,
      notController: leader.node_id,
      body: { errorCode: 41 },
    });
    expect(await statusOf(cluster, leader.node_id)).toMatchObject({
      log_end_offset: leader.log_end_offset,
    });
  });
});

const controllerRegistration = (controllerId: number) => ({
  api: "ControllerRegistration" as const,
  body: {
    controllerId,
    incarnationId: "MkU3OEVBNTcwNTJENDM2Qg",
    zkMigrationReady: false,
    listeners: [{ name: "CONTROLLER", host: "elsewhere", port: 9093, securityProtocol: 0 }],
    features: [],
  },
});

/** Asks a node for the cluster again and again until it names a leader other than `not`; every answer's controller. */
async function namedUntilNext(
  cluster: ClusterEntry,
  node: number,
  not: number,
): Promise<readonly unknown[]> {
  const body = { includeClusterAuthorizedOperations: false, endpointType: 2 };
  const named: unknown[] = [];
  while (named.every((id) => id === not || id === -1)) {
    // oxlint-disable-next-line no-await-in-loop -- one answer after the other
    const answer = await rpc(cluster, node, { api: "DescribeCluster", body, version: 1 });
    named.push(answer.body["controllerId"]);
  }
  return named;
}

test("through a change of leaders DescribeCluster names one at any time", async () => {
  const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAv2");
  const { node_id: first } = await form(cluster);
  const standbys = nodes.filter((node) => node !== first);
  await stubOf(cluster, first).fetch("https://controller/stop", { method: "POST" });
  const named = await Promise.all(standbys.map((node) => namedUntilNext(cluster, node, first)));
  expect(named.flat()).not.toContain(-1);
});

describe("a stranger", () => {
  test("registers no controller, and a broker may have the id that it named", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAv1", 1);
    await form(cluster);
    for (const id of [3000, 5]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await rpc(cluster, 3000, controllerRegistration(id));
      expect(answer).toMatchObject({ body: { errorCode: 31 } });
    }
    expect(await rpc(cluster, 3000, registration(cluster, 5))).toMatchObject({
      body: { errorCode: 0 },
    });
  });
});

describe("a controller node", () => {
  test("that was never formed says so and stays out of it", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx5", 1);
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "unformed", active: false });
    expect(await rpc(cluster, 3000, registration(cluster, 1))).toMatchObject({
      status: 421,
      notController: -1,
    });
  });

  test("keeps an alarm ahead, and the alarm brings an evicted one back", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx6", 1);
    await form(cluster);
    const stub = stubOf(cluster, 3000);
    const ahead = await runInDurableObject(stub, (_, state) => state.storage.getAlarm());
    expect(ahead).toBeGreaterThan(Date.now());
    await abortAllDurableObjects();
    expect(await runDurableObjectAlarm(stubOf(cluster, 3000))).toBe(true);
    expect(await activeOf(cluster)).toMatchObject({ node_id: 3000 });
  });

  test("with a tripped invariant takes no part until an operator clears it", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx7", 1);
    await form(cluster);
    const stub = stubOf(cluster, 3000);
    // As no code of ours would leave it: the epoch cache contradicts the log.
    await runInDurableObject(stub, (_, state) => {
      state.storage.sql.exec("UPDATE epochs SET start_offset = 7 WHERE epoch = 1");
    });
    await abortAllDurableObjects();
    await expect
      .poll(() => statusOf(cluster, 3000).catch(() => null), { timeout: 10_000 })
      .toMatchObject({ role: "tripped", active: false });
    expect(await rpc(cluster, 3000, registration(cluster, 1))).toMatchObject({
      status: 421,
      notController: -1,
      body: { error_code: 41 },
    });
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      state.storage.sql.exec("UPDATE epochs SET start_offset = 0 WHERE epoch = 1");
    });
    await confirmed(cluster);
    expect(await activeOf(cluster)).toMatchObject({ tripped: null });
  });
});

describe("a controller that trips while it runs", () => {
  test("writes down its seed and its last inputs, and shows them until it is started", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAv7", 1);
    await form(cluster);
    // The next batch that is appended will not follow what is in the log.
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      state.storage.sql.exec(
        "UPDATE log SET last_offset = last_offset + 1000 WHERE base_offset = 0",
      );
      state.storage.sql.exec("DELETE FROM log WHERE base_offset > 0");
    });
    await rpc(cluster, 3000, registration(cluster, 1)).catch(() => null);
    await expect
      .poll(() => statusOf(cluster, 3000).catch(() => null), { timeout: 10_000 })
      .toMatchObject({ role: "tripped" });
    const status = await statusOf(cluster, 3000);
    expect(status.tripped).toMatch(
      /^a batch that begins at \d+ does not follow a log that ends at/,
    );
    expect(status).toHaveProperty("flight_record.seed", expect.any(Number));
    expect(status).toHaveProperty(
      "flight_record.inputs",
      expect.arrayContaining([expect.stringMatching(/^\d+ append 1 at \d+@1$/)]),
    );
  });
});

describe("what outlives an incarnation", () => {
  test("is the high watermark: what was known to be committed is known at once", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy3");
    const leader = await form(cluster);
    await rpc(cluster, leader.node_id, registration(cluster, 1));
    await rpc(cluster, leader.node_id, registration(cluster, 2));
    // Cut off from its peers, so that no leader can tell it.
    const state = await runInDurableObject(stubOf(cluster, leader.node_id), (_, { storage }) =>
      storage.sql.exec("SELECT high_watermark FROM quorum").one(),
    );
    expect(state["high_watermark"]).toBeGreaterThan(3);
    await abortAllDurableObjects();
    const { high_watermark: known } = await voterStatusOf(cluster, leader.node_id);
    expect(known).toBeGreaterThanOrEqual(Number(state["high_watermark"]));
  });

  test("is how often it has booted: no two incarnations show the same name, and later ones a larger", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy4", 1);
    await form(cluster);
    const incarnationOf = (): Promise<number> =>
      runInDurableObject(
        stubOf(cluster, 3000),
        (instance) => instance.voter?.state.incarnation ?? -1,
      );
    const first = await incarnationOf();
    await abortAllDurableObjects();
    const second = await incarnationOf();
    expect(Math.floor(second / INCARNATION_COUNT)).toBe(Math.floor(first / INCARNATION_COUNT) + 1);
  });
});

describe("an operator", () => {
  test("stops a leader: the others go on without it, and it follows once it is started", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx0");
    const leader = await form(cluster);
    await call(cluster, leader.node_id, { route: "stop" });
    expect(await statusOf(cluster, leader.node_id)).toMatchObject({
      role: "stopped",
      tripped: null,
    });
    // It said goodbye first: the others stood at once, where a time-out takes 1.5 s.
    await expect
      .poll(() => statusOf(cluster, nodes.find((node) => node !== leader.node_id) ?? 0), {
        timeout: 1_000,
      })
      .toMatchObject({ epoch: leader.epoch + 1 });
    const next = await activeOf(cluster, leader.node_id);
    expect(await rpc(cluster, next.node_id, registration(cluster, 1))).toMatchObject({
      body: { errorCode: 0 },
    });
    await call(cluster, leader.node_id, { route: "start" });
    await expect
      .poll(() => statusOf(cluster, leader.node_id), { timeout: 20_000 })
      .toMatchObject({ role: "follower", leader_id: next.node_id });
  });
});

describe("what an operator and an invariant each say", () => {
  test("a stopped node says that it was stopped, through a restart too", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAw1", 1);
    await form(cluster);
    await post(cluster, "stop");
    await abortAllDurableObjects();
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "stopped", tripped: null });
    expect(await rpc(cluster, 3000, registration(cluster, 1))).toMatchObject({
      status: 421,
      body: { message: "controller 3000 is stopped: an operator stopped it" },
    });
  });

  test("stopping a tripped node leaves what it tripped over, and starting clears both", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAw2", 1);
    await form(cluster);
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      state.storage.sql.exec("INSERT INTO meta VALUES ('tripped', 'two leaders of epoch 7')");
    });
    await abortAllDurableObjects();
    await post(cluster, "stop");
    const tripped = "two leaders of epoch 7";
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "tripped", tripped });
    const unread = await post(cluster, "start");
    expect([unread.status, await unread.json()]).toEqual([
      409,
      {
        error_code: 409,
        message: `controller 3000 has tripped; to start it all the same, confirm with {"confirm": "${tripped}"}`,
      },
    ]);
    expect((await post(cluster, "start?confirm=yes")).status).toBe(409);
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "tripped" });
    expect((await confirmed(cluster)).status).toBe(200);
    await abortAllDurableObjects();
    expect(await activeOf(cluster)).toMatchObject({ node_id: 3000, tripped: null });
  });
});

describe("a node that an earlier build formed", () => {
  test("is read in its old shape: its voters were called controllers", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAw3", 1);
    await form(cluster);
    await runInDurableObject(stubOf(cluster, 3000), (_, { storage: { sql } }) => {
      const { value } = sql
        .exec<{ value: string }>("SELECT value FROM meta WHERE key = 'cluster'")
        .one();
      const { initial_voters: controllers, ...identity }: ClusterEntry = JSON.parse(value);
      const entry = JSON.stringify({ ...identity, controllers });
      sql.exec("UPDATE meta SET value = ? WHERE key = 'cluster'", entry);
      // It kept its directory id in the entry alone, and no id of its object.
      sql.exec("DELETE FROM meta WHERE key IN ('directory_id', 'object_id')");
    });
    await abortAllDurableObjects();
    expect(await activeOf(cluster)).toMatchObject({ node_id: 3000 });
    await abortAllDurableObjects();
    expect(await activeOf(cluster)).toMatchObject({ node_id: 3000 });
  });

  test("and stopped by its operator is stopped, not tripped", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAw4", 1);
    await form(cluster);
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      const { sql } = state.storage;
      sql.exec("DELETE FROM migrations WHERE version > 1");
      for (const table of ["joining", "log_start", "log_parts", "snapshots", "snapshot_chunks"])
        sql.exec(`DROP TABLE ${table}`);
      sql.exec("ALTER TABLE log DROP COLUMN position");
      for (const column of ["high_watermark", "sleep_epoch", "sleep_end_offset", "sleep_since_ms"])
        sql.exec(`ALTER TABLE quorum DROP COLUMN ${column}`);
      sql.exec("INSERT INTO meta VALUES ('tripped', 'an operator stopped it')");
    });
    await abortAllDurableObjects();
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "stopped", tripped: null });
  });
});

describe("a frame", () => {
  const header = { apiVersion: 4, correlationId: 7, clientId: "test" };

  test("of ApiVersions is answered by every node with what it serves", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx8");
    await form(cluster);
    await untilReplayed(cluster);
    const request = requestFrame(ApiVersions, header, {
      clientSoftwareName: "test",
      clientSoftwareVersion: "1",
    });
    for (const node of nodes) {
      const answer = await frame(cluster, node, request);
      const { correlationId, body } = decodeResponseFrame(ApiVersions, 4, answer.bytes);
      expect(correlationId).toBe(7);
      expect(body.apiKeys.map(({ apiKey }) => apiKey)).toContain(Fetch.key);
      expect(body.finalizedFeatures).toContainEqual({
        name: "metadata.version",
        minVersionLevel: 25,
        maxVersionLevel: 25,
      });
    }
  });

  test("of ApiVersions in a version to come is answered in version 0 with the range", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAx9", 1);
    await form(cluster);
    const request = requestFrame(ApiVersions, header, {
      clientSoftwareName: "test",
      clientSoftwareVersion: "1",
    });
    new DataView(request.buffer).setInt16(2, 99);
    const answer = await frame(cluster, 3000, request);
    const { body } = decodeResponseFrame(ApiVersions, 0, answer.bytes);
    expect(body.errorCode).toBe(35);
    expect(body.apiKeys).toContainEqual({ apiKey: 18, minVersion: 0, maxVersion: 5 });
  });

  test("of a peer is answered with the frame of a client and none of the headers", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAz8", 1);
    await form(cluster);
    const software = { clientSoftwareName: "test", clientSoftwareVersion: "1" };
    const body = requestFrame(ApiVersions, header, software);
    const toClient = await call(cluster, 3000, { route: "frames", body });
    const toPeer = await call(cluster, 3000, { route: "peerFrames", body });
    expect(toClient.headers.get(HEADERS.metadataOffset)).toMatch(/^\d+$/);
    expect([...toPeer.headers]).toEqual([]);
    expect(await toPeer.bytes()).toEqual(await toClient.bytes());
  });

  test("of Fetch that is waiting gives back its place when its sender hangs up", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy2", 1);
    const { high_watermark: end, epoch } = await form(cluster);
    const request = requestFrame(
      Fetch,
      { ...header, apiVersion: 17 },
      {
        clusterId: cluster.cluster_id,
        replicaState: { replicaId: 4, replicaEpoch: -1 },
        maxWaitMs: 30_000,
        minBytes: 0,
        maxBytes: 1,
        topics: [
          {
            topicId: METADATA_TOPIC_ID,
            partitions: [
              {
                partition: 0,
                currentLeaderEpoch: epoch,
                fetchOffset: end ?? 0,
                lastFetchedEpoch: epoch,
                partitionMaxBytes: 1,
              },
            ],
          },
        ],
        forgottenTopicsData: [],
      },
    );
    const sender = new AbortController();
    const init = {
      method: "POST",
      body: request,
      signal: sender.signal,
      headers: bearerHeader(UNLOCKED),
    };
    const answer = stubOf(cluster, 3000).fetch("https://controller/frames", init);
    const outcome = answer.then(
      () => "answered",
      () => "given up",
    );
    await expect.poll(() => waitingAt(cluster)).toBe(1);
    sender.abort();
    expect(await outcome).toBe("given up");
    await expect.poll(() => waitingAt(cluster)).toBe(0);
  });

  test("of Fetch gives an observer the committed log from its head", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy1");
    const leader = await form(cluster);
    const request = requestFrame(
      Fetch,
      { ...header, apiVersion: 17 },
      {
        clusterId: cluster.cluster_id,
        replicaState: { replicaId: 4, replicaEpoch: -1 },
        maxWaitMs: 500,
        minBytes: 0,
        sessionEpoch: -1,
        topics: [
          {
            topicId: METADATA_TOPIC_ID,
            partitions: [
              {
                partition: 0,
                currentLeaderEpoch: leader.epoch,
                fetchOffset: 0,
                lastFetchedEpoch: 0,
                partitionMaxBytes: 0,
              },
            ],
          },
        ],
        forgottenTopicsData: [],
      },
    );
    const answer = await frame(cluster, leader.node_id, request);
    const { body } = decodeResponseFrame(Fetch, 17, answer.bytes);
    const partition = body.responses[0]?.partitions[0];
    expect(partition).toMatchObject({ errorCode: 0, currentLeader: { leaderId: leader.node_id } });
    expect(partition?.records?.byteLength).toBeGreaterThan(100);
    expect(body.nodeEndpoints).toMatchObject([{ nodeId: leader.node_id, host: "localhost" }]);
  });

  test.each([
    ["empty", new Uint8Array(0)],
    ["truncated", Uint8Array.of(0, 1, 0, 17, 0, 0)],
    ["random", Uint8Array.from({ length: 300 }, (_, index) => (index * 89) & 0xff)],
    ["of an unknown API", Uint8Array.of(3, 231, 0, 0, 0, 0, 0, 1, 255, 255)],
  ])("that is %s is refused and changes nothing", async (name, bytes) => {
    const cluster = clusterOf(`AAAAAAAAAAAAAAAAA${name.length}z2`, 1);
    const leader = await form(cluster);
    expect((await frame(cluster, 3000, bytes)).status).toBe(400);
    expect(await statusOf(cluster, 3000)).toMatchObject({
      epoch: leader.epoch,
      log_end_offset: leader.log_end_offset,
      active: true,
    });
  });
});
