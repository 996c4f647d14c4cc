/**
 * The Worker and a controller over their contract: what goes over it, and what either side makes of the other's
 * answers.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  CreateTopics,
  DescribeCluster,
  ErrorCode,
  decodeRequestFrame,
  responseFrame,
} from "../../src/protocol/index.ts";
import {
  ROUTES,
  isControllerStatus,
  notControllerHeader,
  positionHeaders,
  positionIn,
  refusal,
  routeOf,
  urlOf,
} from "../../durable-objects/contract.ts";
import { edgeWith } from "./network.ts";
import type { Arrival } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";
import { posted } from "../../client/cluster-client.ts";

const AT = positionHeaders({ offset: 41, epoch: 3 });

/** The answer of a controller to DescribeCluster. */
function describeCluster(
  { body }: Arrival,
  {
    errorCode,
    headers,
  }: { readonly errorCode: number; readonly headers: Readonly<Record<string, string>> },
): Response {
  const request = decodeRequestFrame(body);
  if (request.name !== "DescribeCluster") throw new Error(`${request.name} was not expected`);
  const response = DescribeCluster.response.fill({ errorCode, clusterId: "c", controllerId: 3001 });
  return new Response(responseFrame(DescribeCluster, request, response), { headers });
}

const DESCRIBE = { includeClusterAuthorizedOperations: false, endpointType: 2 };

afterEach(() => {
  vi.useRealTimers();
});

/** A body that breaks off. */
const broken = (): ReadableStream =>
  new ReadableStream({ pull: (controller) => controller.error(new Error("object reset")) });

describe("an API call in JSON", () => {
  test("reaches a controller as a frame, and its response comes back as JSON", async () => {
    const arrivals: Arrival[] = [];
    const edge = edgeWith([3000], (arrival) => {
      arrivals.push(arrival);
      return describeCluster(arrival, { errorCode: 0, headers: AT });
    });
    const response = await edge.request("rpc/DescribeCluster?version=1", posted(DESCRIBE));
    expect(await response.json()).toMatchObject({ errorCode: 0, clusterId: "c", brokers: [] });
    expect(positionIn(response.headers)).toEqual({ offset: 41, epoch: 3 });
    expect(arrivals.map(({ route }) => route)).toEqual(["frames"]);
    const frame = decodeRequestFrame(arrivals[0]?.body ?? new Uint8Array());
    expect(frame).toMatchObject({ name: "DescribeCluster", apiVersion: 1 });
    expect(frame).toMatchObject({ clientId: "kedge-worker", body: { endpointType: 2 } });
  });

  test("that a standby refuses in its frame goes to the leader that the header names", async () => {
    const asked: number[] = [];
    const edge = edgeWith([3000, 3001, 3002], (arrival) => {
      asked.push(arrival.nodeId);
      return arrival.nodeId === 3002
        ? describeCluster(arrival, { errorCode: 0, headers: AT })
        : describeCluster(arrival, {
            errorCode: ErrorCode.NOT_CONTROLLER,
            headers: { ...AT, ...notControllerHeader(3002) },
          });
    });
    const response = await edge.request("rpc/DescribeCluster?version=1", posted(DESCRIBE));
    expect(await response.json()).toMatchObject({ errorCode: 0 });
    expect(asked).toEqual([3000, 3002]);
  });

  test("of an API that controllers do not serve is a 404 with the controller's sentence", async () => {
    const edge = edgeWith([3000], () => refusal(400, "DescribeAcls is not served"));
    expect(
      await refusalOf(
        edge.request(
          "rpc/DescribeAcls",
          posted({
            resourceTypeFilter: 1,
            resourceNameFilter: null,
            principalFilter: null,
            hostFilter: null,
            operation: 1,
            permissionType: 1,
          }),
        ),
      ),
    ).toEqual({ status: 404, error_code: 40405, message: "DescribeAcls is not served" });
  });

  test.each([
    ["a write", "AllocateProducerIds", { brokerId: 1, brokerEpoch: 1 }, 50302],
    ["a read", "DescribeCluster", DESCRIBE, 50301],
  ])("that breaks off within the answer to %s is no answer", async (_, api, request, code) => {
    vi.useFakeTimers();
    const edge = edgeWith([3000], () => new Response(broken(), { headers: AT }));
    const refused = refusalOf(
      edge.request(`rpc/${api}?version=${api === "DescribeCluster" ? 1 : 0}`, posted(request)),
    );
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await refused).toMatchObject({ status: 503, error_code: code });
  });

  test("that timed out at the controller is a topic's in doubt", async () => {
    const edge = edgeWith([3000], ({ body }) => {
      const request = decodeRequestFrame(body);
      if (request.name !== "CreateTopics") throw new Error(`${request.name} was not expected`);
      const errorCode = ErrorCode.REQUEST_TIMED_OUT;
      const topics = [{ name: "t", errorCode, errorMessage: "it may be committed yet" }];
      const response = CreateTopics.response.fill({ topics });
      return new Response(responseFrame(CreateTopics, request, response), { headers: AT });
    });
    const refused = await refusalOf(edge.request("topics", posted({ topic_name: "t" })));
    expect(refused).toEqual({
      status: 503,
      error_code: 50302,
      message: "REQUEST_TIMED_OUT: it may be committed yet",
    });
  });

  test("that JSON can say and a frame cannot is refused with the field's path", async () => {
    const edge = edgeWith([3000], () => refusal(500, "no call was expected"));
    const topic = { name: "x".repeat(40_000), numPartitions: 1, replicationFactor: 1 };
    const body = { topics: [{ ...topic, assignments: [], configs: [] }], timeoutMs: 1 };
    const refused = await refusalOf(edge.request("rpc/CreateTopics?version=4", posted(body)));
    expect(refused).toMatchObject({ status: 400, error_code: 40002 });
    expect(refused.message).toContain("CreateTopics v4: topics[0].name: ");
  });
});

describe("a controller's status", () => {
  const idle = {
    node_id: 3000,
    role: "unformed",
    active: false,
    tripped: null,
    refused: null,
    flight_record: null,
  };
  const voter = {
    ...idle,
    role: "follower",
    epoch: 1,
    leader_id: 3001,
    high_watermark: null,
    log_start_offset: 0,
    log_end_offset: 4,
    applied_offset: 3,
    latest_snapshot: { end_offset: 9, epoch: 2, size: 400, timestamp_ms: 1_700_000_000_000 },
    snapshot_failure: null,
    distrusted_voters: [],
  };

  test.each([
    ["of a node outside the quorum", idle, true],
    ["of a voter", voter, true],
    ["of a voter without its epoch", { ...voter, active: true, epoch: undefined }, false],
    ["with a text for a number", { ...voter, active: true, high_watermark: "4" }, false],
    ["that is null", null, false],
    ["that is a sentence", "tripped", false],
  ])("%s: %j is one: %s", (_, value, is) => {
    expect(isControllerStatus(value)).toBe(is);
  });

  test("that is not what the contract says makes the controller unreachable, not the answer wrong", async () => {
    const edge = edgeWith([3000], () => Response.json({ role: "leader" }));
    const response = await edge.request("quorum");
    expect(await response.json()).toMatchObject({
      leader_id: -1,
      controllers: [{ node_id: 3000, unreachable: expect.stringContaining("contract") }],
    });
  });
});

describe("a route", () => {
  test("is found again from its own URL, and by its method alone", () => {
    const found = Object.values(ROUTES).map(({ method, path }) => routeOf(method, path));
    expect(found).toEqual(Object.keys(ROUTES));
    expect(routeOf("GET", "/frames")).toBeUndefined();
    expect(urlOf("log", { from_offset: 7, wait_ms: 0 })).toBe(
      "https://controller/log?from_offset=7&wait_ms=0",
    );
  });
});
