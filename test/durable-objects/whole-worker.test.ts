/**
 * The Worker whole, as it is deployed: its entrance, its routes and its objects in the platform's own test runtime.
 * What each route answers is tested over plain workerd (`test/worker`); this shows that the parts meet here as well,
 * and that what was acknowledged is there after every object was evicted.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { clusterKey } from "../../worker/channel/controller-calls.ts";
import { immutableLog } from "../../worker/immutable/immutable-log.ts";
import { forgetPresent } from "../../worker/observer/kept-images.ts";
import { registration } from "./quorum.ts";
import { bringing } from "./bringing.ts";

const BASE = "https://kedge.example/kafka/v3/clusters";

const get = async (path: string): Promise<Response> =>
  exports.default.fetch(`${BASE}${path}`, await bringing("admin"));

/** What a broker says comes by a gateway. */
const post = async (path: string, body: unknown): Promise<Response> => {
  const role = path.includes("/rpc/") ? "gateway" : "admin";
  const init = { method: "POST", body: JSON.stringify(body) };
  return exports.default.fetch(`${BASE}${path}`, await bringing(role, init));
};

/** What never changes of a cluster, as the Worker itself asks for it. */
const immutable = ({ cluster_id, created_ms }: ClusterEntry, path: string): Promise<Response> =>
  exports.ImmutableLog({ props: { cluster_id, created_ms } }).fetch(`https://immutable${path}`);

/** The fields of an answer that is a 2xx; fails with what was refused otherwise. */
async function fieldsOf(answer: Promise<Response>): Promise<Readonly<Record<string, unknown>>> {
  const response = await answer;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  const fields: Readonly<Record<string, unknown>> = JSON.parse(text);
  return fields;
}

/** Broker 1 registers and is unfenced; its epoch. */
async function joinBroker(clusterId: string): Promise<unknown> {
  const { body } = registration({ cluster_id: clusterId }, 1);
  const rpc = `/${clusterId}/rpc`;
  const { errorCode, brokerEpoch } = await fieldsOf(post(`${rpc}/BrokerRegistration`, body));
  expect(errorCode).toBe(0);
  const heartbeat = { brokerId: 1, brokerEpoch, currentMetadataOffset: brokerEpoch };
  const wishes = { wantFence: false, wantShutDown: false, offlineLogDirs: [] };
  const answer = await fieldsOf(post(`${rpc}/BrokerHeartbeat`, { ...heartbeat, ...wishes }));
  expect(answer).toMatchObject({ errorCode: 0, isFenced: false });
  return brokerEpoch;
}

test("nobody is let in without a token, and no object is asked", async () => {
  const { status, headers } = await exports.default.fetch(BASE);
  expect([status, headers.get("WWW-Authenticate")]).toEqual([
    401,
    'Bearer realm="kedge", Basic realm="kedge"',
  ]);
});

test("a cluster, a broker and a topic are there after every object was evicted", async () => {
  const { cluster_id: clusterId } = await fieldsOf(post("", { voters: 3 }));
  const cluster = `/${String(clusterId)}`;

  const brokerEpoch = await joinBroker(String(clusterId));
  const topic = { topic_name: "orders", partitions_count: 3, replication_factor: 1 };
  const made = await fieldsOf(post(`${cluster}/topics`, topic));

  await abortAllDurableObjects();

  expect(await fieldsOf(get(`${cluster}/topics/orders`))).toEqual(made);
  expect(await fieldsOf(get(`${cluster}/brokers/1`))).toMatchObject({ broker_epoch: brokerEpoch });
  const more = { ...topic, topic_name: "payments" };
  expect(await fieldsOf(post(`${cluster}/topics`, more))).toMatchObject({ partitions_count: 3 });
  const listed = await fieldsOf(get(`${cluster}/topics`));
  expect(listed).toMatchObject({ data: [{ topic_name: "orders" }, { topic_name: "payments" }] });
});

test("what never changes is at an entrypoint of its own, which an isolate without an image asks", async () => {
  const { cluster_id: clusterId } = await fieldsOf(post("", { voters: 1 }));
  const entry = await env.DIRECTORY.getByName("directory").get(String(clusterId));
  if (entry === null || entry.state === "planned") throw new Error("not formed");
  const early = await immutable(entry.cluster, "/log/0-8192");
  expect([early.status, early.headers.get("Cache-Control")]).toEqual([404, "no-store"]);
  await joinBroker(String(clusterId));
  const topic = { topic_name: "wide", partitions_count: 9_000, replication_factor: 1 };
  const path = `/${String(clusterId)}/topics`;
  await fieldsOf(post(path, topic));

  const whole = await immutable(entry.cluster, "/log/0-8192");
  expect([whole.status, whole.headers.get("Cache-Control")]).toEqual([
    200,
    "public, max-age=86400, immutable",
  ]);
  const another = { ...entry.cluster, created_ms: entry.cluster.created_ms + 1 };
  expect((await immutable(another, "/log/0-8192")).status).toBe(404);

  const served = vi.spyOn(immutableLog, "fetch");
  forgetPresent(clusterKey(entry.cluster));
  expect(await fieldsOf(get(path))).toMatchObject({ data: [{ partitions_count: 9_000 }] });
  expect(served).toHaveBeenCalledOnce();
  expect((await served.mock.results[0]?.value)?.status).toBe(200);
}, 120_000);
