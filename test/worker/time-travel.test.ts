/** Metadata reads of the past, and what changed between two offsets. */
import { beforeEach, describe, expect, test } from "vitest";
import { clusterKey } from "../../worker/channel/controller-calls.ts";
import { presentOf } from "../../worker/observer/kept-images.ts";
import { record } from "../metadata/world.ts";
import { cutCluster, topicRecord, type CutCluster } from "./cut-log.ts";
import type { Arrival } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

let log: CutCluster["log"];
let one: CutCluster["one"];
let other: CutCluster["other"];
let edge: CutCluster["edge"];
let cutAll: CutCluster["cutAll"];
/** What happens to a call before the controller sees it. */
let intercept: (arrival: Arrival) => Response | Promise<Response> | undefined;

beforeEach(() => {
  intercept = () => undefined;
  ({ log, one, other, edge, cutAll } = cutCluster((arrival) => intercept(arrival)));
});

interface Past {
  readonly offset: number;
  readonly names: readonly string[];
}

async function past(query: string): Promise<Past> {
  const response = await edge.request(`topics?page_size=5000&${query}`);
  if (!response.ok) throw new Error(await response.text());
  const body: { readonly data: readonly { readonly topic_name: string }[] } = JSON.parse(
    await response.text(),
  );
  const offset = Number(response.headers.get("Kafka-Metadata-Offset"));
  return { offset, names: body.data.map(({ topic_name: name }) => name) };
}

const namesBelow = (end: number): readonly string[] =>
  Array.from({ length: end }, (_, at) => `topic-${at}`).toSorted();

describe("a read of an offset", () => {
  test("answers as of then, and says so", async () => {
    expect(await past("at_offset=12")).toEqual({ offset: 12, names: namesBelow(13) });
    const { headers } = await edge.request("topics/topic-3?at_offset=12");
    // Of the cluster whose entry was made at 1.
    expect(headers.get("ETag")).toBe('"1:12:1"');
    expect(await refusalOf(edge.request("topics/topic-13?at_offset=12"))).toMatchObject({
      status: 404,
      error_code: 40403,
    });
  });

  test("begins with the newest snapshot at or below, whoever has it", async () => {
    one.snapshots = [log.snapshotAt(10), log.snapshotAt(40)];
    other.snapshots = [log.snapshotAt(30)];
    const from: (string | null)[] = [];
    intercept = ({ route, query }) => {
      if (route === "log") from.push(query.get("from_offset"));
      return undefined;
    };
    expect(await past("at_offset=35")).toEqual({ offset: 35, names: namesBelow(36) });
    expect(from).toEqual(["30"]);
    expect(await past("at_offset=39")).toEqual({ offset: 39, names: namesBelow(40) });
    expect(from).toEqual(["30"]);
  });

  test("is rounded down to the end of a batch", async () => {
    log.append(["a", "b", "c"].map(topicRecord));
    expect((await past("at_offset=51")).offset).toBe(49);
    expect((await past("at_offset=52")).offset).toBe(52);
  });

  test("is rounded down to where no metadata transaction was open", async () => {
    log.append([record("BEGIN_TRANSACTION_RECORD", 0, { name: "t" }), topicRecord("begun")]);
    log.append([topicRecord("within")]);
    log.append([record("END_TRANSACTION_RECORD", 0, {})]);
    log.appendTopic("after");
    for (const offset of [50, 51, 52]) {
      expect(await past(`at_offset=${offset}`)).toEqual({ offset: 49, names: namesBelow(50) });
    }
    expect((await past("at_offset=53")).names).toEqual(
      [...namesBelow(50), "begun", "within"].toSorted(),
    );
  });

  test("is read once for all who ask at a time, and kept for a while", async () => {
    one.snapshots = [log.snapshotAt(40)];
    const reads = await Promise.all(Array.from({ length: 5 }, () => past("at_offset=45")));
    expect(new Set(reads.map(({ offset }) => offset))).toEqual(new Set([45]));
    await past("at_offset=45");
    const ranges = one.asked.filter((each) => each === "snapshot").length;
    expect(ranges).toBe(Math.ceil((one.snapshots[0]?.bytes.length ?? 0) / 1_000));
  });

  test("is made beside a few others, however many are asked for, and each in its turn", async () => {
    let underWay = 0;
    let most = 0;
    intercept = (arrival) => {
      if (arrival.route !== "log") return undefined;
      underWay += 1;
      most = Math.max(most, underWay);
      return new Promise((settle) => setTimeout(settle, 5)).then(() => {
        underWay -= 1;
        return one.respond(arrival);
      });
    };
    const offsets = Array.from({ length: 20 }, (_, at) => 10 + at);
    const reads = await Promise.all(offsets.map((offset) => past(`at_offset=${offset}`)));
    expect(reads.map(({ offset }) => offset)).toEqual(offsets);
    expect(most).toBe(4);
  });

  test("leaves what was observed as it is", async () => {
    const now = await past("");
    const image = presentOf(clusterKey(edge.entry))?.image;
    await past("at_offset=5");
    expect(presentOf(clusterKey(edge.entry))?.image).toBe(image);
    expect(await past("max_staleness_ms=60000")).toEqual(now);
  });

  test("that is not committed yet is a 400, and a 503 while somebody may know better", async () => {
    expect(await refusalOf(edge.request("topics?at_offset=50"))).toMatchObject({
      status: 400,
      error_code: 40005,
      message: expect.stringContaining("the newest committed record is at 49"),
    });
    intercept = ({ nodeId }) => {
      if (nodeId === 3000) throw new Error("lost");
      return undefined;
    };
    expect(await refusalOf(edge.request("topics?at_offset=50"))).toMatchObject({ status: 503 });
    intercept = () => undefined;
    await past("");
    for (const controller of [one, other]) controller.known = 40;
    expect(await refusalOf(edge.request("topics?at_offset=45"))).toMatchObject({
      status: 503,
      error_code: 50303,
    });
  });

  test("is waited for when the controller that is asked lags behind another", async () => {
    one.known = 20;
    let asked = 0;
    intercept = ({ route, nodeId, query }) => {
      if (route !== "log" || nodeId !== 3000) return undefined;
      asked += 1;
      if (Number(query.get("wait_ms")) > 0) one.known = 50;
      return undefined;
    };
    expect(await past("at_offset=45")).toEqual({ offset: 45, names: namesBelow(46) });
    expect(asked).toBeGreaterThan(1);
  });

  test("that is not kept any more is a 410 that says how far back one can go", async () => {
    cutAll(20);
    expect(await refusalOf(edge.request("topics?at_offset=18"))).toMatchObject({
      status: 410,
      error_code: 41003,
      message: expect.stringContaining("offset 19, of 1970-01-01T00:00:20.000Z, is the oldest"),
      oldest_offset: 19,
      oldest_timestamp_ms: 20_000,
    });
    expect(await past("at_offset=19")).toEqual({ offset: 19, names: namesBelow(20) });
  });

  test("goes on with a newer snapshot when the log is cut meanwhile", async () => {
    one.snapshots = [log.snapshotAt(10)];
    let cuts = 0;
    intercept = ({ route }) => {
      if (route === "log" && (cuts += 1) === 1) cutAll(30);
      return undefined;
    };
    expect(await past("at_offset=35")).toEqual({ offset: 35, names: namesBelow(36) });
  });

  test.each([
    ["at_offset=-1", "at_offset: must be a whole number"],
    ["at_offset=x", "at_offset: must be a whole number"],
    ["at_time=yesterday", "at_time: must be milliseconds since 1970, or ISO 8601 with its zone"],
    ["at_time=2026-01-31T08:00:00", "at_time: must be milliseconds"],
    ["at_time=2026-13-31T08:00:00Z", "at_time: must be milliseconds"],
    ["at_offset=5&at_time=5000", "at_offset: cannot be asked together with at_time"],
    ["at_offset=5&min_offset=5", "min_offset: cannot be asked together with at_offset"],
    ["at_time=5000&max_staleness_ms=5", "max_staleness_ms: cannot be asked together with at_time"],
    ["at_offset=5&wait_ms=5", "wait_ms: cannot be asked together with at_offset"],
  ])("is refused as %s", async (query, message) => {
    expect(await refusalOf(edge.request(`topics?${query}`))).toMatchObject({
      status: 400,
      error_code: 40002,
      message: expect.stringContaining(message),
    });
  });
});

describe("a read of a time", () => {
  test.each([
    ["at_time=13000", 12],
    ["at_time=13999", 12],
    ["at_time=1970-01-01T00:00:13Z", 12],
    ["at_time=1970-01-01T02:00:13.500%2B02:00", 12],
    [`at_time=${Date.UTC(2020, 0)}`, 49],
  ])("with %s answers as of the newest record of then or before", async (query, offset) => {
    expect(await past(query)).toEqual({ offset, names: namesBelow(offset + 1) });
  });

  test("counts a record by what its leader's clock said, though an older one claims to be later", async () => {
    log.appendTopic("late", 60_000);
    log.appendTopic("early", 20_500);
    const { offset, names } = await past("at_time=21000");
    expect([offset, names.includes("late"), names.includes("early")]).toEqual([51, true, true]);
  });

  test("searches from the newest snapshot of then or before", async () => {
    one.snapshots = [log.snapshotAt(10), log.snapshotAt(30)];
    const from: (string | null)[] = [];
    intercept = ({ route, query }) => {
      if (route === "log") from.push(query.get("from_offset"));
      return undefined;
    };
    expect((await past("at_time=20000")).offset).toBe(19);
    expect(from[0]).toBe("10");
  });

  test("of which nothing is kept is a 410, and of the future a 400", async () => {
    expect(await refusalOf(edge.request("topics?at_time=500"))).toMatchObject({
      status: 410,
      error_code: 41003,
      oldest_timestamp_ms: 1_000,
    });
    cutAll(20);
    expect(await refusalOf(edge.request("topics?at_time=15000"))).toMatchObject({
      status: 410,
      oldest_timestamp_ms: 20_000,
    });
    expect((await past("at_time=20000")).offset).toBe(19);
    expect(await refusalOf(edge.request(`topics?at_time=${Date.now() + 60_000}`))).toMatchObject({
      status: 400,
      error_code: 40005,
      message: expect.stringContaining("at_time: lies in the future"),
    });
  });
});

interface Diff {
  readonly metadata: { readonly next: string | null };
  readonly from_offset: number;
  readonly to_offset: number;
  readonly change_count: number;
  readonly data: readonly { readonly entity: string; readonly id: Record<string, unknown> }[];
}

async function diff(query: string): Promise<Diff> {
  const response = await edge.request(`metadata-diff?${query}`);
  if (!response.ok) throw new Error(await response.text());
  const body: Diff = JSON.parse(await response.text());
  return body;
}

describe("a difference", () => {
  test("is what came, went or changed between two offsets, field by field", async () => {
    const { topicId } = Object(topicRecord("topic-3").data);
    const broker = { brokerId: 1, brokerEpoch: 50, fenced: true };
    log.append([record("REGISTER_BROKER_RECORD", 3, broker)]);
    log.append([
      record("BROKER_REGISTRATION_CHANGE_RECORD", 1, { brokerId: 1, brokerEpoch: 50, fenced: -1 }),
      record("REMOVE_TOPIC_RECORD", 0, { topicId }),
    ]);
    const body = await diff("from=50&to=52");
    expect(body).toMatchObject({
      kind: "KafkaMetadataDiff",
      cluster_id: edge.entry.cluster_id,
      from_offset: 50,
      to_offset: 52,
      change_count: 2,
    });
    expect(body.data).toEqual([
      {
        entity: "BROKER",
        change: "CHANGED",
        id: { brokerId: 1 },
        fields: { fenced: { from: true, to: false } },
      },
      {
        entity: "TOPIC",
        change: "DELETED",
        id: { topicId, name: "topic-3" },
        fields: { partitionCount: { from: 0, to: null } },
      },
    ]);
  });

  test("reaches to the newest record where it does not say how far, and both ends are rounded down", async () => {
    log.append(["a", "b", "c"].map(topicRecord));
    const body = await diff("from=51");
    expect([body.from_offset, body.to_offset]).toEqual([49, 52]);
    expect(new Set(body.data.map(({ id }) => id["name"]))).toEqual(new Set(["a", "b", "c"]));
    expect((await diff("from=49&to=51")).data).toEqual([]);
  });

  test("comes page by page, of the same two offsets, though the log goes on", async () => {
    const names: unknown[] = [];
    let next = "from=9&page_size=7";
    for (;;) {
      const page = await diff(next);
      expect(page.change_count).toBe(40);
      names.push(...page.data.map(({ id }) => id["name"]));
      log.appendTopic(`later-${names.length}`);
      if (page.metadata.next === null) break;
      next = new URL(page.metadata.next).searchParams.toString();
    }
    expect(names).toHaveLength(40);
    const later = namesBelow(50).filter((name) => Number(name.slice(6)) >= 10);
    expect(new Set(names)).toEqual(new Set(later));
  });

  test("begins in a snapshot, and reads what is above it once", async () => {
    cutAll(20);
    const body = await diff("from=19&to=30");
    expect(body.data).toHaveLength(11);
    expect(await refusalOf(edge.request("metadata-diff?from=18&to=30"))).toMatchObject({
      status: 410,
      error_code: 41003,
    });
  });

  test("of more than can be told is refused", async () => {
    // A hundred thousand and one configs, in as few batches as hold them.
    for (let at = 0; at < 11; at += 1) {
      const values = Array.from({ length: at < 10 ? 10_000 : 1 }, (_, name) =>
        record("CONFIG_RECORD", 0, {
          resourceType: 4,
          resourceName: `${at}-${name >> 6}`,
          name: `k${name & 63}`,
          value: "v",
        }),
      );
      log.append(values);
    }
    expect(await refusalOf(edge.request("metadata-diff?from=49"))).toMatchObject({
      status: 400,
      error_code: 40006,
    });
    expect((await diff("from=49&to=100048&page_size=1")).change_count).toBe(90_000);
  });

  test.each([
    ["", "from: must be the offset to begin at"],
    ["from=x", "from: must be a whole number"],
    ["from=9&to=8", "to: must be an offset not below from, which is 9"],
    ["from=9&page_token=%21", "page_token: must be a token that an earlier page gave"],
    ["from=9&page_size=0", "page_size: must be a whole number from 1"],
  ])("is refused as '%s'", async (query, message) => {
    expect(await refusalOf(edge.request(`metadata-diff?${query}`))).toMatchObject({
      status: 400,
      error_code: 40002,
      message: expect.stringContaining(message),
    });
  });

  test("to an offset that is not committed yet is a 400", async () => {
    expect(await refusalOf(edge.request("metadata-diff?from=9&to=50"))).toMatchObject({
      status: 400,
      error_code: 40005,
    });
  });
});
