/**
 * A cluster with an authorizer behind the whole Worker: who a token says that one is decides, on frames, `/rpc` and
 * REST alike. Reads of the observed image stay what a role may.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorized, clusterClient, formCluster, posted } from "../../client/cluster-client.ts";
import { STANDARD_AUTHORIZER } from "../../durable-objects/cluster-settings.ts";
import { refusalOf, runningQuorum, type RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
let path = "";
beforeAll(async () => {
  quorum = await runningQuorum(1);
  const formed = await formCluster(quorum.edge, {
    voters: 1,
    settings: { "authorizer.class.name": STANDARD_AUTHORIZER, "super.users": "User:admin" },
  });
  path = `/kafka/v3/clusters/${formed.cluster_id}`;
});
afterAll(() => quorum.stop());

const tokenOf = (principal: string): Promise<string> =>
  quorum.edge.mint({ role: "admin", cluster: "*", principal });

const asked = async (principal: string, at: string, init: RequestInit = {}): Promise<Response> =>
  await fetch(`${quorum.edge.url}${path}${at}`, authorized(await tokenOf(principal), init));

const rpc = async (principal: string, api: string, body: object): Promise<unknown> =>
  (await asked(principal, `/rpc/${api}`, posted(body))).json();

describe("a cluster with an authorizer", () => {
  test("shows its settings", async () => {
    const response = await asked("mallory", "");
    expect(await response.json()).toMatchObject({
      settings: {
        "authorizer.class.name": STANDARD_AUTHORIZER,
        "super.users": "User:admin",
        "allow.everyone.if.no.acl.found": false,
      },
    });
  });

  test("refuses by /rpc whom nothing allows, whatever the role, and obeys a super user", async () => {
    const broker = { brokerId: 1 };
    expect(await rpc("mallory", "UnregisterBroker", broker)).toMatchObject({
      errorCode: 31,
      errorMessage: "Request UnregisterBroker needs ALTER permission.",
    });
    // It is allowed, and there is no such broker.
    expect(await rpc("admin", "UnregisterBroker", broker)).toMatchObject({ errorCode: 102 });
  });

  test("refuses to fence a broker in REST's words", async () => {
    const at = "/brokers/1:fence";
    expect(await refusalOf(asked("mallory", at, { method: "POST" }))).toMatchObject({
      status: 403,
      message: "CLUSTER_AUTHORIZATION_FAILED: Request FenceBroker needs ALTER permission.",
    });
    // It is allowed, and there is no such broker.
    expect(await refusalOf(asked("admin", at, { method: "POST" }))).toMatchObject({ status: 404 });
  });

  test("refuses a change of topics in REST's words", async () => {
    const init = posted({ topic_name: "orders" });
    expect(await refusalOf(asked("mallory", "/topics", init))).toMatchObject({
      status: 403,
      message: "TOPIC_AUTHORIZATION_FAILED: Authorization failed.",
    });
    // It is allowed, and no broker is there to hold it.
    expect(await refusalOf(asked("admin", "/topics", init))).toMatchObject({ status: 400 });
    expect(await refusalOf(asked("mallory", "/topics/orders", { method: "DELETE" }))).toMatchObject(
      {
        status: 403,
        message: "TOPIC_AUTHORIZATION_FAILED: Topic authorization failed.",
      },
    );
  });

  test("shows what is observed to a role that may read, and the leader's view by DESCRIBE", async () => {
    expect((await asked("mallory", "/topics")).status).toBe(200);
    expect((await asked("mallory", "/metadata-log")).status).toBe(200);
    expect(await refusalOf(asked("mallory", "/quorum"))).toMatchObject({
      status: 403,
      message: "the authorizer of this cluster denies DESCRIBE on it to User:mallory",
    });
    expect((await asked("admin", "/quorum")).status).toBe(200);
  });

  test.each([
    ["adding", "POST", "/controllers"],
    ["removing", "DELETE", "/controllers/3000"],
    ["replacing", "POST", "/controllers/3000:replace"],
  ])(
    "refuses %s a voter before anything is changed: none is wiped, none joins",
    async (_, method, at) => {
      expect(await refusalOf(asked("mallory", at, { method }))).toMatchObject({
        status: 403,
        message: "the authorizer of this cluster denies ALTER on it to User:mallory",
      });
      const controllers = await (await asked("admin", "/controllers")).json();
      expect(controllers).toMatchObject({ data: [{ node_id: 3000, status: { active: true } }] });
      expect(controllers).toHaveProperty("data.length", 1);
    },
  );

  test("lets a voter come and go for whom it allows ALTER", async () => {
    const added = await asked("admin", "/controllers", posted({}));
    expect([added.status, await added.json()]).toMatchObject([201, { node_id: 3001 }]);
    const removed = await asked("admin", "/controllers/3001", { method: "DELETE" });
    expect(await removed.json()).toEqual({ node_id: 3001, removed: true, unconfirmed: [] });
  });

  test("is asked of no other cluster", async () => {
    const { cluster_id: clusterId } = quorum.formed;
    const client = clusterClient({ ...quorum.edge, token: await tokenOf("mallory") }, clusterId);
    expect((await client.get("quorum")).status).toBe(200);
  });
});
