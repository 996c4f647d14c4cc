/** A quorum whose runtime was stopped in its sleep: who led is loaded no more, and nobody stands for election. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { formCluster } from "../../client/cluster-client.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

const SETTINGS = { "controller.quorum.sleep.after.ms": 1_000 };

let quorum: Quorum;
beforeAll(async () => {
  quorum = await startQuorum({
    form: (edge) => formCluster(edge, { voters: 3, settings: SETTINGS }),
  });
});
afterAll(() => quorum.stop());

interface Ready {
  readonly clusters: readonly { readonly asleep: boolean; readonly leader_id: number | null }[];
}

async function health(): Promise<Ready["clusters"][number] | undefined> {
  const response = await quorum.edge.fetch("/health/ready");
  const { clusters }: Ready = JSON.parse(await response.text());
  return clusters[0];
}

test("is found by the request that formed it, which wakes it", async () => {
  await expect.poll(health, { timeout: 20_000 }).toMatchObject({ asleep: true });
  await quorum.kill();
  await quorum.restart();
  expect(await health()).toMatchObject({ asleep: true, leader_id: null });
  const { cluster_id: clusterId } = quorum.formed;
  const wish = { cluster_id: clusterId, voters: 3, settings: SETTINGS };
  const found = await formCluster(quorum.edge, wish);
  expect(found.cluster_id).toBe(clusterId);
  expect(await health()).toMatchObject({ asleep: false });
}, 180_000);
