/** The client of the HTTP interface against a real quorum: every noun of it once, its errors, its positions. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusterClient } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { kedge, type Cluster, type Kedge } from "../../client/kedge.ts";
import { RefusedError } from "../../client/refused-error.ts";
import { runningQuorum, type RunningQuorum } from "../worker/running-quorum.ts";

let quorum: RunningQuorum;
let deployment: Kedge;
let cluster: Cluster;
const brokers: JsonBroker[] = [];

beforeAll(async () => {
  quorum = await runningQuorum();
  deployment = kedge(quorum.edge);
  cluster = deployment.cluster(quorum.formed.cluster_id);
  for (const id of [1, 2, 3]) {
    const broker = jsonBroker(clusterClient(quorum.edge, cluster.clusterId), id);
    await broker.register();
    await broker.heartbeat();
    broker.keepAlive();
    brokers.push(broker);
  }
}, 120_000);
afterAll(async () => {
  await Promise.all(brokers.map((broker) => broker.fallSilent()));
  await quorum.stop();
});

/** What a call was refused with; fails when it was not. */
async function refusalOf(call: Promise<unknown>): Promise<RefusedError> {
  const error: unknown = await call.then(
    () => "not refused",
    (reason: unknown) => reason,
  );
  if (error instanceof RefusedError) return error;
  throw new Error(`not a refusal: ${String(error)}`);
}

describe("the nouns", () => {
  test("topics are created, grown, read and deleted, each read seeing the write before it", async () => {
    const { topics } = cluster;
    const made = await topics.create({
      topic_name: "orders",
      partitions_count: 2,
      replication_factor: 3,
      configs: [{ name: "retention.ms", value: "1000" }],
    });
    expect(made).toMatchObject({ topic_name: "orders", partitions_count: 2 });
    expect(cluster.position()?.offset).toBeGreaterThan(0);
    expect(await topics.list()).toContainEqual(expect.objectContaining({ topic_name: "orders" }));
    expect((await topics.grow("orders", 4)).partitions_count).toBe(4);
    expect(await topics.partitions("orders")).toHaveLength(4);
    expect((await topics.partition("orders", 3)).replica_ids).toHaveLength(3);
    expect(await topics.replicas("orders", 0)).toHaveLength(3);
    expect(await topics.health()).toMatchObject([
      { topic_name: "orders", partitions_count: 4, offline: [], under_replicated: [] },
    ]);
    const wish = { topic_name: "tried", partitions_count: 1, replication_factor: 1 };
    expect(await topics.create({ ...wish, validate_only: true })).toMatchObject({ topic_id: null });
    await topics.create(wish);
    await topics.delete("tried");
    expect((await refusalOf(topics.get("tried"))).errorCode).toBe(40_403);
  });

  test("configs are set, read with their source, altered together and taken back", async () => {
    const configs = cluster.configs.topic("orders");
    await configs.set("retention.ms", "2000");
    expect(await configs.get("retention.ms")).toMatchObject({ value: "2000", is_default: false });
    await configs.alter([
      { name: "retention.ms", operation: "DELETE" },
      { name: "cleanup.policy", value: "compact" },
    ]);
    expect(await configs.get("retention.ms")).toMatchObject({ is_default: true });
    await configs.delete("cleanup.policy");
    await cluster.configs.defaults.set("log.cleaner.threads", "2");
    expect(await cluster.configs.defaults.list()).toMatchObject([{ name: "log.cleaner.threads" }]);
    expect(await cluster.configs.broker(1).list()).toMatchObject([{ value: "2" }]);
    expect((await cluster.configs.allBrokers()).map(({ broker_id: id }) => id)).toEqual([1, 2, 3]);
    expect((await cluster.configs.allTopics()).length).toBeGreaterThan(10);
  });

  test("replicas move, leaders are elected, brokers are listed and unregistered", async () => {
    const place = { topic: "orders", partition: 0 };
    const moved = await cluster.reassignments.set(place, [1, 2]);
    expect(moved.adding_replicas).toEqual([]);
    expect(await cluster.reassignments.list()).toEqual(expect.any(Array));
    expect(await cluster.reassignments.get("orders", 1)).toMatchObject({ partition_id: 1 });
    const partitions = [{ topic_name: "orders", partition_ids: [1] }];
    const elected = await cluster.leaderElections.elect({ type: "PREFERRED", partitions });
    expect(elected).toMatchObject([{ partition_id: 1, error: "ELECTION_NOT_NEEDED" }]);
    expect(await cluster.brokers.list()).toMatchObject([
      { broker_id: 1, fenced: false },
      { broker_id: 2 },
      { broker_id: 3 },
    ]);
    expect(await cluster.brokers.replicas(3)).toContainEqual(
      expect.objectContaining({ topic_name: "orders", broker_id: 3 }),
    );
    const stranger = jsonBroker(clusterClient(quorum.edge, cluster.clusterId), 9);
    await stranger.register();
    expect(await cluster.brokers.get(9)).toMatchObject({ fenced: true });
    await cluster.brokers.unregister(9);
    expect((await refusalOf(cluster.brokers.get(9))).errorCode).toBe(40_404);
    const again = await refusalOf(cluster.brokers.unregister(9));
    expect(again.message).toContain("BROKER_ID_NOT_REGISTERED");
  });

  test("a broker is fenced, is back with its next heartbeat, and is fenced once", async () => {
    const living = jsonBroker(clusterClient(quorum.edge, cluster.clusterId), 8);
    await living.register();
    await living.heartbeat();
    expect(await cluster.brokers.fence(8)).toEqual({
      broker_id: 8,
      fenced: true,
      was_fenced: false,
      partitions_changed: 0,
    });
    expect(await cluster.brokers.get(8)).toMatchObject({ fenced: true });
    expect(await cluster.brokers.fence(8)).toMatchObject({
      was_fenced: true,
      partitions_changed: 0,
    });
    expect(await living.heartbeat()).toMatchObject({ isFenced: false });
    expect(await cluster.brokers.get(8, { linearizable: true })).toMatchObject({ fenced: false });
    await cluster.brokers.unregister(8);
    const nobody = await refusalOf(cluster.brokers.fence(8));
    expect([nobody.status, nobody.errorCode]).toEqual([404, 40_404]);
    expect(nobody.message).toContain("BROKER_ID_NOT_REGISTERED: Broker ID 8 is not currently");
  });

  test("quotas, users, features, ACLs, controllers, snapshots and the log are asked for", async () => {
    const entity = [{ entity_type: "user", entity_name: "ann" }] as const;
    await cluster.clientQuotas.alter([{ entity, quotas: { producer_byte_rate: 5 } }]);
    expect(await cluster.clientQuotas.list()).toMatchObject([
      { quotas: { producer_byte_rate: 5 } },
    ]);
    const credential = { user: "ann", mechanism: "SCRAM-SHA-256", iterations: 4096 } as const;
    const salted = { salt: "c2FsdA==", salted_password: "cGFzc3dvcmQ=" };
    await cluster.scramUsers.alter({ upsertions: [{ ...credential, ...salted }] });
    expect(await cluster.scramUsers.list()).toMatchObject([{ user: "ann" }]);
    expect((await cluster.features.list()).map(({ name }) => name)).toContain("metadata.version");
    expect((await refusalOf(cluster.acls.list())).message).toContain("SECURITY_DISABLED");
    const { leader_id: leader, controllers } = await cluster.quorum.describe();
    expect(controllers.map(({ node_id: id }) => id)).toEqual([3000, 3001, 3002]);
    expect(await cluster.controllers.get(leader)).toMatchObject({ status: { active: true } });
    expect(await cluster.snapshots.list()).toEqual([]);
    expect((await refusalOf(cluster.snapshots.file())).errorCode).toBe(40_407);
    expect((await cluster.log.raw()).byteLength).toBeGreaterThan(100);
    expect((await cluster.log.diff(0)).change_count).toBeGreaterThan(0);
  });

  test("clusters are listed, changed, forked, deleted, brought back and wiped; tokens are made and ended", async () => {
    const { clusters, health, tokens } = deployment;
    expect(await health.live()).toBe(true);
    expect(await health.ready(cluster.clusterId)).toMatchObject({ ready: true });
    await clusters.change(cluster.clusterId, { "num.partitions": 7 });
    expect((await clusters.get(cluster.clusterId)).settings["num.partitions"]).toBe(7);
    const fork = await cluster.fork();
    expect(fork.fork_of?.cluster_id).toBe(cluster.clusterId);
    expect(await clusters.list()).toHaveLength(2);
    await clusters.delete(fork.cluster_id);
    expect(await clusters.deleted()).toMatchObject([{ cluster_id: fork.cluster_id }]);
    await clusters.undelete(fork.cluster_id);
    await clusters.purge(fork.cluster_id);
    expect(await clusters.list()).toHaveLength(1);
    const made = await tokens.make({ role: "viewer", cluster_id: cluster.clusterId });
    const viewer = kedge({ url: quorum.edge.url, token: made.token }).cluster(cluster.clusterId);
    expect(await viewer.topics.list()).toHaveLength(1);
    expect((await refusalOf(viewer.topics.delete("orders"))).status).toBe(403);
    await tokens.revoke({ token: made.token });
    expect((await refusalOf(viewer.topics.list())).errorCode).toBe(40_101);
  });
});

describe("a refusal", () => {
  test("has the status, the code, the words and the position", async () => {
    const refused = await refusalOf(cluster.topics.get("none"));
    expect(refused).toMatchObject({ status: 404, errorCode: 40_403 });
    expect(refused.message).toContain("none");
    expect(refused.position?.offset).toBeGreaterThan(0);
  });

  test("is of status 0 where nothing answers, and the signal's reason where its caller gave up", async () => {
    const nowhere = kedge({ url: "http://127.0.0.1:9", token: null }, { attempts: 2, forMs: 500 });
    expect(await refusalOf(nowhere.health.live())).toMatchObject({ status: 0, errorCode: 0 });
    const reason = new Error("enough");
    const patient = kedge({ url: "http://127.0.0.1:9", token: null });
    const asked = patient.health.live({ signal: AbortSignal.abort(reason) });
    await expect(asked).rejects.toBe(reason);
  });
});
