/** `/health/ready` of a deployment with many clusters: how many are asked, and how many at a time. */
import { afterEach, expect, test, vi } from "vitest";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { refusal } from "../../durable-objects/contract.ts";
import { edgeWith, type Arrival } from "./network.ts";

afterEach(() => {
  vi.useRealTimers();
});

const VOTERS = 3;

/** `count` clusters beside that of the network, each with three controllers. */
const clustersOf = (count: number): ClusterEntry[] =>
  Array.from({ length: count }, (_, at) => ({
    cluster_id: `${String(at).padStart(21, "c")}A`,
    initial_voters: Array.from({ length: VOTERS }, (__, voter) => ({
      node_id: 3000 + voter,
      directory_id: "JEXY6aqzQY-32P5TStzaFg",
      host: "localhost",
      port: 9093,
    })),
    metadata_version: 25,
    created_ms: 1,
  }));

/** A quorum that 3000 leads, and whose majority confirms that. */
const leads = ({ nodeId, route }: Arrival): Response =>
  route === "readIndex"
    ? Response.json({ node_id: nodeId, epoch: 1, read_index: 9 })
    : Response.json(statusOf(nodeId));

const statusOf = (nodeId: number) => ({
  node_id: nodeId,
  role: nodeId === 3000 ? "leader" : "follower",
  epoch: 1,
  leader_id: 3000,
  high_watermark: 9,
  log_start_offset: 0,
  log_end_offset: 9,
  applied_offset: 8,
  latest_snapshot: null,
  snapshot_failure: null,
  active: nodeId === 3000,
  distrusted_voters: [],
  tripped: null,
});

interface Readiness {
  readonly ready: boolean;
  readonly not_asked: number;
  readonly clusters: readonly {
    readonly cluster_id: string;
    readonly ready: boolean;
    readonly reason: string | null;
  }[];
}

test("six calls are under way at most, a hundred clusters are asked, and the rest is counted", async () => {
  let [underWay, most, calls] = [0, 0, 0];
  const edge = edgeWith(
    [3000],
    async (arrival) => {
      calls += 1;
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((settle) => setTimeout(settle, 1));
      underWay -= 1;
      return leads(arrival);
    },
    { list: () => Promise.resolve(clustersOf(130)) },
  );
  const response = await edge.requestAt("/health/ready");
  const body: Readiness = JSON.parse(await response.text());
  expect([response.status, body.ready, body.not_asked]).toEqual([200, true, 30]);
  expect(body.clusters).toHaveLength(100);
  expect(new Set(body.clusters.map((each) => each.cluster_id)).size).toBe(100);
  expect([calls, most]).toEqual([100 * (VOTERS + 1), 6]);
});

test("a controller that never answers keeps its place for five seconds, and the others are asked", async () => {
  vi.useFakeTimers();
  const [hung, , lost] = clustersOf(9).map((each) => each.cluster_id);
  const edge = edgeWith(
    [3000],
    (arrival) => {
      if (arrival.clusterId === hung) return new Promise(() => undefined);
      if (arrival.clusterId === lost) throw new Error("it was reset");
      return leads(arrival);
    },
    { list: () => Promise.resolve(clustersOf(9)) },
  );
  const asked = edge.requestAt("/health/ready");
  await vi.advanceTimersByTimeAsync(5_000);
  const response = await asked;
  const body: Readiness = JSON.parse(await response.text());
  expect([response.status, body.ready, body.not_asked]).toEqual([503, false, 0]);
  const unready = body.clusters.filter((each) => !each.ready);
  expect(unready.map((each) => [each.cluster_id, each.reason])).toEqual([
    [hung, expect.stringContaining("3001: no answer within 5000 ms")],
    [lost, expect.stringContaining("3002: it was reset")],
  ]);
});

test("a leader that no majority confirms is not ready, nor is one that keeps silent about it", async () => {
  vi.useFakeTimers();
  const [doubted, silent] = clustersOf(3).map((each) => each.cluster_id);
  const edge = edgeWith(
    [3000],
    (arrival) => {
      const isAsked = arrival.route === "readIndex";
      if (isAsked && arrival.clusterId === doubted)
        return refusal(503, "no majority has confirmed");
      if (isAsked && arrival.clusterId === silent) return new Promise(() => undefined);
      return leads(arrival);
    },
    { list: () => Promise.resolve(clustersOf(3)) },
  );
  const asked = edge.requestAt("/health/ready");
  await vi.advanceTimersByTimeAsync(5_000);
  const response = await asked;
  const body: Readiness = JSON.parse(await response.text());
  expect([response.status, body.ready]).toEqual([503, false]);
  expect(body.clusters.map(({ ready, reason }) => [ready, reason?.split(";")[0]])).toEqual([
    [false, "no controller can commit: 3000: no majority has confirmed"],
    [false, "no controller can commit: 3000: no answer within 5000 ms"],
    [true, undefined],
  ]);
});
