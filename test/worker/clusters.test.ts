/** Clusters come and go: formed and led when the answer is there, and every step can be repeated. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clusterClient, formCluster, listClusters, posted } from "../../client/cluster-client.ts";
import type { QuorumStatus } from "../../worker/routes/quorum.ts";
import { refusalOf, runningQuorum } from "./running-quorum.ts";
import type { RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(3);
});
afterAll(() => quorum.stop());

const create = (body: unknown): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters`, posted(body));
const readiness = (query = ""): Promise<Response> => quorum.edge.fetch(`/health/ready${query}`);

describe("a new cluster", () => {
  test("is led and can commit when the answer is there", async () => {
    const ready = await readiness(`?cluster_id=${quorum.formed.cluster_id}`);
    expect(ready.status).toBe(200);
    const { body } = await quorum.cluster.get<QuorumStatus>("quorum");
    expect([3000, 3001, 3002]).toContain(body.leader_id);
    expect(body.voters).toHaveLength(3);
  });

  test("that is asked for again is the same cluster", async () => {
    const again = await create({ cluster_id: quorum.formed.cluster_id, voters: 3 });
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ controllers: quorum.formed.controllers });
  });

  test("cannot take the id of another", async () => {
    const refusal = await refusalOf(create({ cluster_id: quorum.formed.cluster_id, voters: 1 }));
    expect(refusal).toMatchObject({ status: 409, error_code: 40901 });
  });

  test("lives beside others, until it is deleted", async () => {
    const second = await formCluster(quorum.edge, { voters: 1 });
    const client = clusterClient(quorum.edge, second.cluster_id);
    expect((await listClusters(quorum.edge)).map((each) => each.cluster_id).toSorted()).toEqual(
      [quorum.formed.cluster_id, second.cluster_id].toSorted(),
    );
    expect((await client.log(0)).lines.length).toBeGreaterThan(0);

    const { edge } = quorum;
    const path = `/kafka/v3/clusters/${second.cluster_id}`;
    expect((await edge.fetch(path, { method: "DELETE" })).status).toBe(200);
    expect(await refusalOf(edge.fetch(path))).toMatchObject({ status: 410, error_code: 41004 });
    expect((await edge.fetch(`${path}:undelete`, { method: "POST" })).status).toBe(200);
    expect((await client.log(0)).lines.length).toBeGreaterThan(0);
    const purge = `${path}?purge=${second.cluster_id}`;
    expect((await edge.fetch(purge, { method: "DELETE" })).status).toBe(204);
    expect(await refusalOf(edge.fetch(path))).toMatchObject({ status: 404, error_code: 40401 });
    expect(await refusalOf(edge.fetch(path, { method: "DELETE" }))).toMatchObject({ status: 404 });
    expect((await readiness()).status).toBe(200);

    const reborn = await formCluster(quorum.edge, { voters: 1, cluster_id: second.cluster_id });
    expect(reborn.controllers[0]?.directory_id).not.toBe(second.controllers[0]?.directory_id);
    expect((await client.log(0)).lines[0]).toMatchObject({ offset: 0 });
  });

  test("may have one voter or five", async () => {
    for (const voters of [1, 5]) {
      const formed = await formCluster(quorum.edge, { voters });
      expect(formed.controllers).toHaveLength(voters);
      expect((await readiness(`?cluster_id=${formed.cluster_id}`)).status).toBe(200);
    }
  });
});

describe("health", () => {
  test("is live without asking anyone", async () => {
    const response = await quorum.edge.fetch(`/health/live`);
    expect([response.status, await response.json()]).toEqual([200, { live: true }]);
  });

  test("of an unknown cluster is a 404", async () => {
    expect(await refusalOf(readiness("?cluster_id=AAAAAAAAAAAAAAAAAAAAAQ"))).toMatchObject({
      status: 404,
      error_code: 40401,
    });
  });
});
