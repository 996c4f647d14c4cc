/**
 * The Worker whole, as it is deployed: its entrance, its routes and its objects in the platform's own test runtime.
 * What each route answers is tested over plain workerd (`test/worker`); this shows that the parts meet here as well,
 * and that what was acknowledged is there after every object was evicted.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import type entrance from "../../worker/index.ts";
import { registration } from "./quorum.ts";
import { bringing } from "./bringing.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: { default: typeof entrance };
    }
  }
}

const BASE = "https://kedge.example/kafka/v3/clusters";

const get = async (path: string): Promise<Response> =>
  exports.default.fetch(`${BASE}${path}`, await bringing("admin"));

/** What a broker says comes by a gateway. */
const post = async (path: string, body: unknown): Promise<Response> => {
  const role = path.includes("/rpc/") ? "gateway" : "admin";
  const init = { method: "POST", body: JSON.stringify(body) };
  return exports.default.fetch(`${BASE}${path}`, await bringing(role, init));
};

/** The fields of an answer that is a 2xx; fails with what was refused otherwise. */
async function fieldsOf(answer: Promise<Response>): Promise<Readonly<Record<string, unknown>>> {
  const response = await answer;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  const fields: Readonly<Record<string, unknown>> = JSON.parse(text);
  return fields;
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

  const { body } = registration({ cluster_id: String(clusterId) }, 1);
  const { errorCode, brokerEpoch } = await fieldsOf(
    post(`${cluster}/rpc/BrokerRegistration`, body),
  );
  expect(errorCode).toBe(0);
  const heartbeat = { brokerId: 1, brokerEpoch, currentMetadataOffset: brokerEpoch };
  const wishes = { wantFence: false, wantShutDown: false, offlineLogDirs: [] };
  const beat = { ...heartbeat, ...wishes };
  expect(await fieldsOf(post(`${cluster}/rpc/BrokerHeartbeat`, beat))).toMatchObject({
    errorCode: 0,
    isFenced: false,
  });
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
