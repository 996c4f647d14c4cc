/**
 * A cluster in a jurisdiction. The runtime of these tests has none, so a network stands in for the platform: each
 * jurisdiction has objects of its own, under the same names.
 */
import { expect, test } from "vitest";
import type { ClusterPlan } from "../../durable-objects/cluster-entry.ts";
import type { Creation, ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { app } from "../../worker/app.ts";
import type { Bindings, ControllerNamespace } from "../../worker/env.ts";
import { edgeWith } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";
import { posted } from "../../client/cluster-client.ts";

const CLUSTER_ID = "JEXY6aqzQY-32P5TStzaFg";
const CLUSTERS = "/kafka/v3/clusters";

const asking = (jurisdiction: string): RequestInit =>
  posted({ cluster_id: CLUSTER_ID, jurisdiction });

test("is refused where the runtime has none, and nothing is listed", async () => {
  const edge = edgeWith([3000], () => new Response("", { status: 500 }));
  const refusal = await refusalOf(Promise.resolve(edge.requestAt(CLUSTERS, asking("eu"))));
  expect(refusal).toMatchObject({ status: 400, error_code: 40002 });
  expect(refusal.message).toBe(
    "jurisdiction: must be left out here: this network has no jurisdictions",
  );
});

test("has every one of its objects there", async () => {
  const called: string[] = [];
  const created: ClusterPlan[] = [];
  const among = (place: string): ControllerNamespace => ({
    jurisdiction: (name) => among(name),
    getByName: (name, options) => ({
      fetch: async () => {
        called.push(`${place} ${name.split("/")[1] ?? ""} ${options?.locationHint ?? ""}`);
        return new Response("", { status: 500 });
      },
    }),
  });
  const directory = {
    ...edgeWith([3000], () => new Response()).env.DIRECTORY.getByName("directory"),
    create: async (plan: ClusterPlan): Promise<Creation> => {
      created.push(plan);
      const listed: ListedCluster = { state: "planned", cluster: plan };
      return { outcome: "created", listed, users: [] };
    },
  };
  const env: Bindings = {
    KEDGE_LOOPBACK: "true",
    KEDGE_AUTH: "none",
    CONTROLLERS: among("anywhere"),
    DIRECTORY: { getByName: () => directory },
  };
  // No controller prepares itself here: what counts is which ones were asked to.
  expect((await app.request(`http://localhost${CLUSTERS}`, asking("eu"), env)).status).toBe(503);
  expect(created).toMatchObject([{ cluster_id: CLUSTER_ID, jurisdiction: "eu" }]);
  expect(called.toSorted()).toEqual(["eu 3000 weur", "eu 3001 eeur", "eu 3002 weur"]);
});
