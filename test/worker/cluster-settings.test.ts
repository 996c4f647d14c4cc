/** A cluster's settings over HTTP: given when it is created, changed by PATCH, the same on every controller. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  authorized,
  formCluster,
  posted,
  type ClusterClient,
} from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { STANDARD_AUTHORIZER } from "../../durable-objects/cluster-settings.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import { refusalOf } from "./running-quorum.ts";

let quorum: Quorum;
let cluster: ClusterClient;
let broker: JsonBroker;
beforeAll(async () => {
  quorum = await startQuorum({
    form: (edge) =>
      formCluster(edge, {
        voters: 3,
        settings: {
          "num.partitions": 4,
          "broker.session.timeout.ms": "5000",
          "min.insync.replicas": 2,
          "unclean.leader.election.enable": "true",
        },
      }),
  });
  ({ cluster } = quorum);
  broker = jsonBroker(cluster, 1);
  await broker.register();
  await broker.heartbeat();
  broker.keepAlive();
});
afterAll(async () => {
  await broker.fallSilent();
  await quorum.stop();
});

interface Shown {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly unconfirmed?: readonly unknown[];
}

const path = (): string => `/kafka/v3/clusters/${cluster.clusterId}`;
const patch = (settings: unknown, at = path()): Promise<Response> =>
  quorum.edge.fetch(at, { ...posted({ settings }), method: "PATCH" });

async function shown(): Promise<Shown["settings"]> {
  const response = await quorum.edge.fetch(path());
  const body: Shown = JSON.parse(await response.text());
  return body.settings;
}

/** The answer to a change that was made. */
async function changed(settings: unknown): Promise<Shown> {
  const response = await patch(settings);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const body: Shown = JSON.parse(text);
  return body;
}

interface Created {
  readonly topics: readonly {
    readonly numPartitions: number;
    readonly errorMessage: string | null;
    readonly configs: readonly { readonly name: string; readonly value: string }[];
  }[];
}

/**
 * A topic that asks for no number: its partitions, or why there is none, and the `min.insync.replicas` it is answered.
 */
async function create(name: string): Promise<readonly [number | string, string | undefined]> {
  const { body } = await cluster.rpc<Created>("CreateTopics", {
    topics: [{ name, numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] }],
    timeoutMs: 10_000,
    validateOnly: false,
  });
  const [topic] = body.topics;
  const minIsr = topic?.configs.find((config) => config.name === "min.insync.replicas");
  return [topic?.errorMessage ?? topic?.numPartitions ?? "no answer", minIsr?.value];
}

test("what a cluster is created with is shown, and topics get it", async () => {
  expect(await shown()).toMatchObject({
    "num.partitions": 4,
    "broker.session.timeout.ms": 5_000,
    "default.replication.factor": 1,
    "auto.leader.rebalance.enable": true,
    "min.insync.replicas": 2,
    "unclean.leader.election.enable": true,
  });
  expect(await create("first")).toEqual([4, "2"]);
  // As the config of all brokers that it is.
  const { lines } = await cluster.log(0);
  const configs = lines.filter(({ type }) => type === "CONFIG_RECORD");
  expect(configs.map(({ data }) => data)).toMatchObject([
    { resourceType: 4, resourceName: "", name: "min.insync.replicas", value: "2" },
    { resourceType: 4, resourceName: "", name: "unclean.leader.election.enable", value: "true" },
  ]);
});

test("a change holds at once, on every controller, and nobody stops leading", async () => {
  const before = await cluster.quorum();
  const change = { "num.partitions": "6", "min.insync.replicas": 1, "delete.topic.enable": false };
  const answer = await changed(change);
  expect(answer).toMatchObject({
    unconfirmed: [],
    settings: { "num.partitions": 6, "min.insync.replicas": 1, "delete.topic.enable": false },
  });
  expect(await shown()).toMatchObject(answer.settings);
  expect(await create("second")).toEqual([6, "1"]);
  const { body } = await cluster.rpc("DeleteTopics", {
    topics: [{ name: "first", topicId: "AAAAAAAAAAAAAAAAAAAAAA" }],
    timeoutMs: 10_000,
  });
  expect(body).toMatchObject({ responses: [{ errorCode: 73 }] });
  const after = await cluster.quorum();
  expect([after.leader_id, after.leader_epoch]).toEqual([before.leader_id, before.leader_epoch]);
});

test("a change outlives a restart of all, and is no other cluster's", async () => {
  await broker.fallSilent();
  await quorum.kill();
  await quorum.restart();
  await quorum.untilReady();
  broker.keepAlive();
  expect(await shown()).toMatchObject({ "num.partitions": 6, "delete.topic.enable": false });
  expect((await create("third"))[0]).toBe(6);
  const other = await formCluster(quorum.edge, { voters: 1 });
  expect(other.settings).toMatchObject({ "num.partitions": 1, "delete.topic.enable": true });
  expect(other.settings).not.toHaveProperty(["min.insync.replicas"]);
});

test("a change that is taken back leaves what the cluster was created with, or nothing in the log", async () => {
  const answer = await changed({ "num.partitions": null, "unclean.leader.election.enable": null });
  expect(answer.settings).toMatchObject({ "num.partitions": 4, "delete.topic.enable": false });
  expect(answer.settings).not.toHaveProperty(["unclean.leader.election.enable"]);
  expect((await create("fourth"))[0]).toBe(4);
});

test("a policy refuses what it is against, from the next request on, until it is taken back", async () => {
  const policy = { "create.topic.policy.name.prefixes": "team-", "num.partitions": 9 };
  expect(await changed({ ...policy, "create.topic.policy.max.partitions": 8 })).toMatchObject({
    settings: policy,
  });
  const words = "A policy of this cluster refuses it.";
  expect((await create("orders"))[0]).toBe(
    `${words} The name of a topic must begin with one of: team-.`,
  );
  expect((await create("team-orders"))[0]).toBe(
    `${words} A topic may have at most 8 partitions, not 9.`,
  );
  const inRest = quorum.edge.fetch(`${path()}/topics`, posted({ topic_name: "orders" }));
  expect(await refusalOf(inRest)).toMatchObject({
    status: 400,
    message: expect.stringMatching(/^POLICY_VIOLATION: /),
  });
  await changed({
    "create.topic.policy.name.prefixes": null,
    "create.topic.policy.max.partitions": null,
    "num.partitions": null,
  });
  expect((await create("orders"))[0]).toBe(4);
});

test("a cluster that was changed is still the one that its creation asks for", async () => {
  const again = await quorum.edge.fetch(
    "/kafka/v3/clusters",
    posted({
      cluster_id: cluster.clusterId,
      settings: {
        "num.partitions": 4,
        "broker.session.timeout.ms": 5_000,
        "min.insync.replicas": 2,
        "unclean.leader.election.enable": true,
      },
    }),
  );
  expect(again.status).toBe(200);
  expect(await again.json()).toMatchObject({ settings: { "delete.topic.enable": false } });
});

describe("a change is refused", () => {
  test.each([
    [{}, "settings: must be an object that names a setting"],
    [{ "num.partitions": 0 }, 'settings["num.partitions"]: must be a whole number from 1'],
    [{ "num.partitons": 4 }, 'settings["num.partitons"]: unknown field'],
    [
      { "controller.quorum.fetch.timeout.ms": 2_000 },
      'settings["controller.quorum.fetch.timeout.ms"]: must be left out: it is chosen when',
    ],
  ])("%j", async (settings, message) => {
    const before = await shown();
    expect(await refusalOf(patch(settings))).toMatchObject({
      status: 400,
      error_code: 40_002,
      message: expect.stringContaining(message),
    });
    expect(await shown()).toEqual(before);
  });

  test("of a cluster that is not there", async () => {
    const nowhere = "/kafka/v3/clusters/AAAAAAAAAAAAAAAAAAAAAQ";
    expect(await refusalOf(patch({ "num.partitions": 4 }, nowhere))).toMatchObject({ status: 404 });
  });

  test("of a cluster that others run, whatever it is, and a creation that would choose for them", async () => {
    const observed = { cluster_id: "observedAAAAAAAAAAAAAA", observed: true };
    await formCluster(quorum.edge, observed);
    const at = `/kafka/v3/clusters/${observed.cluster_id}`;
    for (const settings of [{ "num.partitions": 4 }, { "min.insync.replicas": 2 }])
      expect(await refusalOf(patch(settings, at))).toMatchObject({
        status: 409,
        error_code: 40_908,
      });
    for (const strange of [
      { release_version: "4.0" },
      { features: { "group.version": 1 } },
      { settings: { "min.insync.replicas": 2 } },
    ])
      expect(
        await refusalOf(
          quorum.edge.fetch("/kafka/v3/clusters", posted({ ...observed, ...strange })),
        ),
      ).toMatchObject({ status: 400 });
  });

  test("to whom the role or the authorizer denies it", async () => {
    const { edge } = quorum;
    const formed = await formCluster(edge, {
      voters: 1,
      settings: { "authorizer.class.name": STANDARD_AUTHORIZER, "super.users": "User:root" },
    });
    const asked = async (principal: string, role: "operator" | "editor", settings: object) => {
      const token = await edge.mint({ role, cluster: formed.cluster_id, principal });
      const init = authorized(token, { ...posted({ settings }), method: "PATCH" });
      return fetch(`${edge.url}/kafka/v3/clusters/${formed.cluster_id}`, init);
    };
    const partitions = { "num.partitions": 4 };
    expect(await refusalOf(asked("root", "editor", partitions))).toMatchObject({ status: 403 });
    for (const settings of [partitions, { "min.insync.replicas": 2 }])
      expect(await refusalOf(asked("mallory", "operator", settings))).toMatchObject({
        status: 403,
        error_code: 40_301,
      });
    expect(
      (await asked("root", "operator", { ...partitions, "min.insync.replicas": 2 })).status,
    ).toBe(200);
  });
});
