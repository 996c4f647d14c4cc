/** Which requests go on without the directory, and what wakes an object at all. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  HEADERS,
  notControllerHeader,
  positionHeaders,
  type VoterStatus,
} from "../../durable-objects/contract.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";
import type { Directory } from "../../worker/env.ts";
import { giveUp } from "./given-up.ts";
import { edgeWith, type Arrival, type Edge } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const AT = positionHeaders({ offset: 41, epoch: 3 });

const STATUS: VoterStatus = {
  node_id: 3000,
  role: "leader",
  epoch: 3,
  leader_id: 3000,
  high_watermark: 42,
  log_start_offset: 0,
  log_end_offset: 42,
  applied_offset: 41,
  latest_snapshot: null,
  snapshot_failure: null,
  is_voter: true,
  active: true,
  distrusted_voters: [],
  tripped: null,
};

/** What a formed controller answers. */
function formed(entry: ClusterEntry, { nodeId, route }: Arrival): Response {
  switch (route) {
    case "entry":
      return Response.json(entry);
    case "status":
      return Response.json({ ...STATUS, node_id: nodeId, active: nodeId === 3000 });
    case "readIndex":
      return Response.json({ node_id: nodeId, epoch: 3, read_index: 42 });
    case "log": {
      const headers = {
        [HEADERS.nextOffset]: "0",
        [HEADERS.logStartOffset]: "0",
        [HEADERS.highWatermark]: "0",
      };
      return new Response("", { headers });
    }
    default:
      return new Response("a frame", { headers: AT });
  }
}

const unformed = (): Response =>
  Response.json(
    { error_code: 41, message: "controller 3000 is not part of a cluster yet" },
    { status: 421, headers: notControllerHeader(-1) },
  );

const never = (): Promise<never> => new Promise(() => undefined);

/** A directory that answers, until it is taken away. */
interface Scene {
  readonly edge: Edge;
  /** What arrived at controllers, as `3000 entry`. */
  readonly arrived: string[];
  /** How often the directory was asked for a cluster. */
  readonly asked: () => number;
  /** How the directory answers; without it, as that of one formed cluster. */
  directory: (() => Promise<ListedCluster | null>) | null;
  /** How controllers answer; without it, as formed ones. */
  controllers: ((arrival: Arrival) => Response | Promise<Response>) | null;
}

function scene(nodeIds: readonly number[] = [3000, 3001, 3002]): Scene {
  const arrived: string[] = [];
  let asked = 0;
  const get: Directory["get"] = () => {
    asked += 1;
    const listed: ListedCluster = { state: "formed", cluster: edge.entry };
    return made.directory === null ? Promise.resolve(listed) : made.directory();
  };
  const edge = edgeWith(
    nodeIds,
    (arrival) => {
      arrived.push(`${arrival.nodeId} ${arrival.route}`);
      if (made.controllers !== null) return made.controllers(arrival);
      return nodeIds.includes(arrival.nodeId) ? formed(edge.entry, arrival) : unformed();
    },
    { get, list: () => get("").then((listed) => (listed === null ? [] : [edge.entry])) },
  );
  const made: Scene = { edge, arrived, asked: () => asked, directory: null, controllers: null };
  return made;
}

/** Waits for an answer while the clock runs; the status, and how long it took. */
async function timed(request: Promise<Response>): Promise<{ status: number; tookMs: number }> {
  const begunMs = Date.now();
  const answered = request.then((response) => ({ response, tookMs: Date.now() - begunMs }));
  await vi.advanceTimersByTimeAsync(15_000);
  const { response, tookMs } = await answered;
  return { status: response.status, tookMs };
}

const FRAME: RequestInit = {
  method: "POST",
  headers: { "Content-Type": "application/octet-stream" },
  body: new Uint8Array(8),
};

/** Clients that come at once. */
const MANY = Array.from({ length: 16 }, (_, at) => at);

const countOf = (arrived: readonly string[], wanted: string): number =>
  arrived.filter((each) => each === wanted).length;

/** Frames, reads and health of one cluster. */
const REQUESTS = [
  ["a frame", ({ edge }: Scene) => edge.request("controllers/3001/frames", FRAME)],
  ["a read", ({ edge }: Scene) => edge.request("metadata-log")],
  [
    "health",
    ({ edge }: Scene) => edge.requestAt(`/health/ready?cluster_id=${edge.entry.cluster_id}`),
  ],
] as const;

const SILENCES = [
  ["never answers", never],
  ["throws", () => Promise.reject(new Error("it was reset"))],
  [
    "is overloaded",
    () => Promise.reject(Object.assign(new Error("too many"), { overloaded: true })),
  ],
] as const;

describe.each(SILENCES)("while the directory %s", (_, silence) => {
  describe.each(REQUESTS)("%s", (__, request) => {
    test("goes on in an isolate that knows the cluster, at once", async () => {
      const warm = scene();
      expect((await timed(request(warm))).status).toBe(200);
      warm.directory = silence;
      for (let asked = 0; asked < 5; asked += 1)
        expect(await timed(request(warm))).toEqual({ status: 200, tookMs: 0 });
      expect(warm.asked()).toBe(1);
    });

    test("goes on there when the controllers do not say either who they are, after two seconds", async () => {
      const warm = scene();
      await timed(request(warm));
      warm.directory = silence;
      warm.controllers = (arrival) =>
        arrival.route === "entry" ? never() : formed(warm.edge.entry, arrival);
      const { status, tookMs } = await timed(request(warm));
      expect(status).toBe(200);
      expect(tookMs).toBeLessThanOrEqual(2_250);
    });

    test("goes on in an isolate that never knew it, after a second", async () => {
      const cold = scene();
      cold.directory = silence;
      const { status, tookMs } = await timed(request(cold));
      expect(status).toBe(200);
      expect(tookMs).toBeLessThanOrEqual(1_000);
      expect(await timed(request(cold))).toEqual({ status: 200, tookMs: 0 });
    });
  });

  test("a frame goes on in one that never knew it, whatever ids its controllers have", async () => {
    const cold = scene([7, 8, 9]);
    cold.directory = silence;
    const { edge } = cold;
    expect((await timed(edge.request("controllers/8/frames", FRAME))).status).toBe(200);
    // From then on reads do as well.
    expect((await timed(edge.request("metadata-log"))).status).toBe(200);
  });

  test("a list and a change are refused, and say why", async () => {
    const { edge } = scene();
    const cold = edgeWith([3000], (arrival) => formed(edge.entry, arrival), {
      list: silence,
      create: silence,
      delete: silence,
    });
    const path = "/kafka/v3/clusters";
    for (const asked of [
      cold.requestAt(path),
      cold.requestAt("/health/ready"),
      cold.requestAt(path, { method: "POST" }),
      cold.requestAt(`${path}/${edge.entry.cluster_id}`, { method: "DELETE" }),
    ]) {
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await refusalOf(asked)).toMatchObject({ status: 503, error_code: 50_306 });
    }
  });

  test("a cluster that no controller knows is a 503, and is not asked for again at once", async () => {
    const cold = scene();
    cold.directory = silence;
    cold.controllers = unformed;
    for (let times = 0; times < 5; times += 1) {
      const refused = refusalOf(cold.edge.request("controllers/5/frames", FRAME));
      await vi.advanceTimersByTimeAsync(times === 0 && silence === never ? 1_000 : 0);
      expect(await refused).toMatchObject({ status: 503, error_code: 50_306 });
    }
    expect(cold.asked()).toBe(1);
    cold.controllers = null;
    vi.advanceTimersByTime(1_000);
    expect((await timed(cold.edge.request("controllers/3000/frames", FRAME))).status).toBe(200);
    cold.arrived.splice(4);
    expect(cold.arrived.toSorted()).toEqual(
      ["3000 entry", "3001 entry", "3002 entry", "5 entry"].toSorted(),
    );
  });
});

describe("an id that is no cluster's", () => {
  const BAD_FORMS = ["x", "-AAAAAAAAAAAAAAAAAAAAA", "A".repeat(23), `${"A".repeat(21)}B`, "%2e%2e"];

  test.each(BAD_FORMS)("wakes no object when its form is %s", async (id) => {
    const { edge, arrived, asked } = scene();
    const base = `/kafka/v3/clusters/${id}`;
    for (const [path, init] of [
      [base, {}],
      [`${base}/topics`, {}],
      [`${base}/controllers/3000/frames`, FRAME],
      [base, { method: "DELETE" }],
      [`${base}:undelete`, { method: "POST" }],
      [`/health/ready?cluster_id=${id}`, {}],
    ] as const) {
      const response = edge.requestAt(path, init);
      expect(await refusalOf(response)).toMatchObject({ status: 404 });
    }
    expect([arrived, asked()]).toEqual([[], 0]);
  });

  test("is asked for once in three seconds, and of the directory alone", async () => {
    const unknown = scene();
    unknown.directory = () => Promise.resolve(null);
    const ask = (): Promise<unknown> =>
      refusalOf(unknown.edge.request("controllers/3000/frames", FRAME));
    for (let times = 0; times < 20; times += 1)
      expect(await ask()).toMatchObject({ status: 404, error_code: 40_401 });
    expect([unknown.asked(), unknown.arrived]).toEqual([1, []]);
    vi.advanceTimersByTime(3_000);
    await ask();
    expect(unknown.asked()).toBe(2);
  });

  test("is found at once by the isolate that creates it", async () => {
    const unknown = scene();
    const { edge } = unknown;
    unknown.directory = () => Promise.resolve(null);
    expect((await edge.request("controllers")).status).toBe(404);
    unknown.directory = null;
    const { entry } = edge;
    const again = { cluster_id: entry.cluster_id, voters: 3 };
    const created = edge.requestAt("/kafka/v3/clusters", {
      method: "POST",
      body: JSON.stringify(again),
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await created;
    expect((await edge.request("controllers")).status).toBe(200);
  });
});

describe("what an isolate knows of a cluster", () => {
  test("is asked of its controllers every ten seconds, by one request, and not of the directory", async () => {
    const { edge, arrived, asked } = scene();
    await edge.request("controllers/3000/frames", FRAME);
    vi.advanceTimersByTime(9_999);
    await edge.request("controllers/3000/frames", FRAME);
    expect(arrived).toEqual(["3000 frames", "3000 frames"]);
    vi.advanceTimersByTime(1);
    arrived.length = 0;
    await Promise.all([1, 2, 3].map(() => edge.request("controllers/3000/frames", FRAME)));
    expect([...arrived].toSorted()).toEqual([
      "3000 entry",
      "3000 frames",
      "3000 frames",
      "3000 frames",
    ]);
    expect(asked()).toBe(1);
  });

  test.each([0, 12_499, 12_500, 60_000, 3_600_000])(
    "is asked once after a pause of %i ms, for all who come at once",
    async (pauseMs) => {
      const { edge, arrived, asked } = scene();
      await edge.request("controllers/3000/frames", FRAME);
      vi.advanceTimersByTime(pauseMs);
      arrived.length = 0;
      const answers = await Promise.all(
        MANY.map(() => edge.request("controllers/3000/frames", FRAME)),
      );
      expect(answers.map(({ status }) => status)).toEqual(MANY.map(() => 200));
      expect(countOf(arrived, "3000 entry")).toBe(pauseMs === 0 ? 0 : 1);
      expect(asked()).toBe(1);
    },
  );

  test("is asked of the directory once by all who come first at once", async () => {
    const cold = scene();
    const listed = Promise.withResolvers<ListedCluster>();
    cold.directory = () => listed.promise;
    const answers = MANY.map(() => cold.edge.request("controllers/3001/frames", FRAME));
    await vi.advanceTimersByTimeAsync(900);
    listed.resolve({ state: "formed", cluster: cold.edge.entry });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(MANY.map(() => 200));
    expect([cold.asked(), countOf(cold.arrived, "3000 entry")]).toEqual([1, 0]);
  });

  test("is a refusal for all who wait, and leaves nobody waiting", async () => {
    const warm = scene();
    await warm.edge.request("controllers/3000/frames", FRAME);
    warm.directory = () => Promise.resolve(null);
    warm.controllers = unformed;
    vi.advanceTimersByTime(60_000);
    const answers = await Promise.all(
      MANY.map(() => warm.edge.request("controllers/3000/frames", FRAME)),
    );
    expect(answers.map(({ status }) => status)).toEqual(MANY.map(() => 404));
    expect([warm.asked(), countOf(warm.arrived, "3000 entry")]).toEqual([2, 1]);
    // One that is not formed yet is not refused from memory, and still asked for once.
    warm.directory = () =>
      Promise.resolve({ state: "planned", cluster: clusterRequestOf({}, 0).plan });
    vi.advanceTimersByTime(3_000);
    const planned = await Promise.all(
      MANY.map(() => warm.edge.request("controllers/3000/frames", FRAME)),
    );
    expect(planned.map(({ status }) => status)).toEqual(MANY.map(() => 503));
    expect(warm.asked()).toBe(3);
  });

  test("is asked once more for all when the request that asks is given up", async () => {
    const warm = scene();
    const { edge } = warm;
    await edge.request("controllers/3000/frames", FRAME);
    vi.advanceTimersByTime(60_000);
    const path = `/kafka/v3/clusters/${edge.entry.cluster_id}/controllers/3000/frames`;
    await giveUp(edge.env, `http://localhost${path}`, FRAME);
    warm.arrived.length = 0;
    const answers = Promise.all(
      MANY.map(() => timed(edge.request("controllers/3000/frames", FRAME))),
    );
    expect(await answers).toEqual(MANY.map(() => ({ status: 200, tookMs: 2_500 })));
    expect(countOf(warm.arrived, "3000 entry")).toBe(1);
  });

  test("is kept from no request that names one of its controllers by those that name none", async () => {
    const cold = scene([7, 8, 9]);
    cold.directory = never;
    const blind = MANY.map(() => refusalOf(cold.edge.request("metadata-log")));
    const named = MANY.map(() => timed(cold.edge.request("controllers/8/frames", FRAME)));
    expect((await Promise.all(named)).map(({ status }) => status)).toEqual(MANY.map(() => 200));
    for (const { status } of await Promise.all(blind)) expect(status).toBe(503);
    expect(countOf(cold.arrived, "8 entry")).toBe(1);
  });

  test("is taken from another of them while one says nothing", async () => {
    const warm = scene();
    await warm.edge.request("controllers/3001/frames", FRAME);
    warm.controllers = (arrival) =>
      arrival.nodeId === 3000 ? never() : formed(warm.edge.entry, arrival);
    vi.advanceTimersByTime(10_000);
    const { status, tookMs } = await timed(warm.edge.request("controllers/3001/frames", FRAME));
    expect([status, tookMs, warm.asked()]).toEqual([200, 250, 1]);
  });

  test("is forgotten when its controllers know it no more, and the directory neither", async () => {
    const warm = scene();
    await warm.edge.request("controllers");
    warm.directory = () => Promise.resolve(null);
    warm.controllers = unformed;
    vi.advanceTimersByTime(10_000);
    expect((await warm.edge.request("controllers")).status).toBe(404);
  });
});

test("what one controller says of itself is asked of that one alone", async () => {
  const { edge, arrived } = scene();
  expect((await edge.request("controllers/3001")).status).toBe(200);
  expect(arrived).toEqual(["3001 status"]);
});

describe("a deleted cluster", () => {
  const UNTIL = 4_000_000_000_000;
  const DESCRIBE = `{"includeClusterAuthorizedOperations":false,"endpointType":2,"includeFencedBrokers":false}`;
  const deleted = ({ route }: Arrival): Response =>
    route === "status"
      ? Response.json({})
      : Response.json(
          { error_code: 41, message: "controller 3000 was deleted with its cluster" },
          {
            status: 421,
            headers: { ...notControllerHeader(-1), [HEADERS.undeleteUntil]: String(UNTIL) },
          },
        );

  test.each([
    ["a frame", "controllers/3000/frames", FRAME],
    ["a read", "metadata-log", {}],
    ["a list of snapshots", "snapshots", {}],
    [
      "a call",
      "rpc/DescribeCluster",
      { method: "POST", headers: { "Content-Type": "application/json" }, body: DESCRIBE },
    ],
    ["a start", "controllers/3000:start", { method: "POST" }],
    ["a restart", "controllers/3000:restart", { method: "POST" }],
  ] as const)("refuses %s by what its controllers say, at once", async (_, path, init) => {
    const warm = scene();
    await warm.edge.request("controllers");
    warm.controllers = deleted;
    const refused = refusalOf(warm.edge.request(path, init));
    await vi.advanceTimersByTimeAsync(100);
    expect(await refused).toMatchObject({
      status: 410,
      error_code: 41_004,
      undelete_until_ms: UNTIL,
      message: `cluster ${warm.edge.entry.cluster_id} is deleted; it can be undeleted until 2096-10-02T07:06:40.000Z`,
    });
  });

  test.each(SILENCES)("is a 410 without the directory too, which %s", async (_, silence) => {
    const cold = scene();
    cold.directory = silence;
    cold.controllers = deleted;
    expect((await timed(cold.edge.request("topics"))).status).toBe(410);
  });

  test("has no part in a scrape of all, and keeps no other from it", async () => {
    const gone = scene().edge.entry;
    const alive = edgeWith(
      [3000],
      (arrival) => (arrival.clusterId === gone.cluster_id ? deleted(arrival) : unformed()),
      { list: async () => [gone, alive.entry] },
    );
    const text = await (await alive.requestAt("/metrics")).text();
    expect(text).toContain(`kedge_controller_up{cluster_id="${alive.entry.cluster_id}"`);
    expect(text).not.toContain(gone.cluster_id);
  });

  test("that was undeleted is there although one controller has not heard of it", async () => {
    const warm = scene();
    await warm.edge.request("controllers");
    warm.controllers = (arrival) =>
      arrival.nodeId === 3000 ? deleted(arrival) : formed(warm.edge.entry, arrival);
    vi.advanceTimersByTime(10_000);
    const { status } = await timed(warm.edge.request("controllers/3001/frames", FRAME));
    expect(status).toBe(200);
  });
});
