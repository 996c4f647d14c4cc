/**
 * Snapshots as files: which there are, whose bytes an answer has, and what a reader of the log is told who is too late.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { decodeSnapshot } from "../../src/protocol/index.ts";
import { CommittedLog, CutController, type Snapshot } from "./cut-log.ts";
import { edgeWith, type Arrival, type Edge } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

let log: CommittedLog;
let controllers: ReadonlyMap<number, CutController>;
let edge: Edge;
/** What happens to a call before the controller sees it. */
let intercept: (arrival: Arrival) => Response | undefined;

beforeEach(() => {
  log = new CommittedLog();
  for (let at = 0; at < 50; at += 1) log.appendTopic(`topic-${at}`);
  controllers = new Map([3000, 3001, 3002].map((id) => [id, new CutController(log)]));
  intercept = () => undefined;
  edge = edgeWith([3000, 3001, 3002], (arrival) => {
    const controller = controllers.get(arrival.nodeId);
    if (controller === undefined) throw new Error("nobody is there");
    return intercept(arrival) ?? controller.respond(arrival);
  });
});

const controller = (id: number): CutController => {
  const found = controllers.get(id);
  if (found === undefined) throw new Error(`there is no controller ${id}`);
  return found;
};

const give = (id: number, ...ends: readonly number[]): readonly Snapshot[] => {
  controller(id).snapshots = ends.map((end) => log.snapshotAt(end));
  return controller(id).snapshots;
};

describe("the list", () => {
  test("has every state that is kept once, newest first, with the controllers that have it", async () => {
    give(3000, 10, 30);
    give(3001, 20, 30);
    const response = await edge.request("snapshots");
    expect(await response.json()).toMatchObject({
      kind: "KafkaSnapshotList",
      data: [
        { end_offset: 30, epoch: 1, timestamp_ms: 30_000, controller_ids: [3000, 3001] },
        { end_offset: 20, controller_ids: [3001] },
        { end_offset: 10, controller_ids: [3000] },
      ],
    });
  });

  test("is what those say that answer, and a refusal when none does", async () => {
    give(3000, 10);
    intercept = ({ nodeId }) => {
      if (nodeId === 3000) return undefined;
      throw new Error("lost");
    };
    expect(await (await edge.request("snapshots")).json()).toMatchObject({
      data: [{ end_offset: 10 }],
    });
    intercept = () => {
      throw new Error("lost");
    };
    expect(await refusalOf(edge.request("snapshots"))).toMatchObject({
      status: 503,
      error_code: 50304,
    });
  });
});

describe("a file", () => {
  test("is the newest state, whole, under Kafka's name", async () => {
    give(3000, 10, 30);
    const [, newest] = controller(3000).snapshots;
    const response = await edge.request("snapshots/latest");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": 'attachment; filename="00000000000000000030-0000000001.checkpoint"',
      etag: 'W/"30-1"',
      "kafka-snapshot-end-offset": "30",
      "kafka-snapshot-epoch": "1",
      "kafka-snapshot-size": String(bytes.length),
      "kafka-metadata-offset": "29",
    });
    expect(bytes).toEqual(newest?.bytes);
    expect(decodeSnapshot(bytes).values).toHaveLength(30);
  });

  test("is to be had by its id, and not again by who has it", async () => {
    const [older] = give(3000, 10, 30);
    const response = await edge.request("snapshots/10-1");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(older?.bytes);
    const headers = { "If-None-Match": 'W/"10-1"' };
    expect((await edge.request("snapshots/10-1", { headers })).status).toBe(304);
  });

  test("has the bytes of one controller, though another has the same state in others", async () => {
    give(3000, 30);
    const [other] = give(3001, 30);
    // As a build would write it that orders the records otherwise: as long, and not the same.
    const bytes = (other?.bytes ?? new Uint8Array(0)).map((byte) => byte ^ 0xff);
    controller(3001).snapshots = [{ endOffset: 30, epoch: 1, timestampMs: 0, bytes }];
    const response = await edge.request("snapshots/latest");
    const sent = new Uint8Array(await response.arrayBuffer());
    const wholes = [controller(3000), controller(3001)].map((each) => each.snapshots[0]?.bytes);
    expect(wholes).toContainEqual(sent);
    const asked = [3000, 3001].map((id) =>
      controller(id).asked.filter((each) => each === "snapshot"),
    );
    expect(asked.map((each) => each.length).toSorted((a, b) => a - b)).toEqual([
      0,
      Math.ceil(sent.length / 1_000),
    ]);
  });

  test("comes from another controller when the first does not begin to serve it", async () => {
    const [whole] = give(3000, 30);
    give(3001, 30);
    intercept = ({ nodeId, route }) => {
      if (nodeId === 3000 && route === "snapshot") throw new Error("lost");
      return undefined;
    };
    const response = await edge.request("snapshots/latest");
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(whole?.bytes);
    expect(controller(3001).asked).toContain("snapshot");
  });

  test("breaks off when its controller fails on the way, and is not finished from another", async () => {
    give(3000, 30);
    give(3001, 30);
    let ranges = 0;
    intercept = ({ route }) => {
      if (route === "snapshot" && (ranges += 1) > 1) throw new Error("lost");
      return undefined;
    };
    const response = await edge.request("snapshots/latest");
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow("lost");
    expect(ranges).toBe(2);
  });

  test("that is not there yet is a 404 that says from when on", async () => {
    const refusal = await refusalOf(edge.request("snapshots/latest"));
    expect(refusal).toMatchObject({ status: 404, error_code: 40407 });
    expect(refusal.message).toContain("one is made when the log has 20971520 bytes");
    expect(refusal.message).toContain("3600000 ms old");
  });

  test("that is not kept any more is a 410, one that never was a 404", async () => {
    give(3000, 30, 40);
    expect(await refusalOf(edge.request("snapshots/20-1"))).toMatchObject({
      status: 410,
      error_code: 41002,
      message: expect.stringContaining("the oldest that is, is 30-1"),
    });
    for (const id of ["35-1", "30-2", "9000000-1"]) {
      expect(await refusalOf(edge.request(`snapshots/${id}`))).toMatchObject({
        status: 404,
        error_code: 40407,
      });
    }
  });

  test.each(["30", "30-", "-1-1", "30-1-1", "abc-1", "30-1.checkpoint", "newest"])(
    "whose id is %s is a 400",
    async (id) => {
      give(3000, 30);
      expect(await refusalOf(edge.request(`snapshots/${id}`))).toMatchObject({
        status: 400,
        error_code: 40002,
      });
    },
  );
});

const readLog = (from: number): Promise<Response> =>
  edge.request(`metadata-log?from_offset=${from}`);

describe("the log", () => {
  test("that begins above the offset refuses it with the newest snapshot and where to go on", async () => {
    for (const id of [3000, 3001, 3002]) controller(id).cut(20);
    give(3000, 20, 30);
    const refusal = await refusalOf(readLog(5));
    const { cluster_id: clusterId } = edge.entry;
    expect(refusal).toMatchObject({
      status: 410,
      error_code: 41001,
      snapshot: {
        end_offset: 30,
        epoch: 1,
        related: `http://localhost/kafka/v3/clusters/${clusterId}/snapshots/30-1`,
      },
      next_offset: 30,
    });
    const next = await readLog(30);
    expect((await next.text()).split("\n")).toHaveLength(21);
  });

  test("is served by the controller whose log goes back the furthest", async () => {
    controller(3000).cut(20);
    controller(3001).cut(30);
    const response = await readLog(5);
    expect(response.headers.get("Kafka-Log-Start-Offset")).toBe("0");
    expect((await response.text()).split("\n")[0]).toContain('"offset":5');
  });

  test("says no snapshot where none ends above the offset: to go on there would leave records out", async () => {
    for (const id of [3000, 3001, 3002]) controller(id).start = 20;
    give(3000, 10);
    const refusal = await refusalOf(readLog(12));
    expect(refusal).toMatchObject({ status: 410, error_code: 41001 });
    expect(refusal).not.toHaveProperty("next_offset");
  });
});
