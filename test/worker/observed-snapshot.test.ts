/** The observed image goes on through a snapshot: what is taken, by how many, and what a reader is never shown. */
import { beforeEach, describe, expect, test } from "vitest";
import { app } from "../../worker/app.ts";
import { clusterKey } from "../../worker/channel/controller-calls.ts";
import { forgetPresent, presentOf } from "../../worker/observer/kept-images.ts";
import { cutCluster, type CutCluster } from "./cut-log.ts";
import type { Arrival } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

let log: CutCluster["log"];
let one: CutCluster["one"];
let other: CutCluster["other"];
let edge: CutCluster["edge"];
let cutAll: CutCluster["cutAll"];
/** What happens to a call before the controller sees it. */
let intercept: (arrival: Arrival) => Response | undefined | Promise<Response | undefined>;

beforeEach(() => {
  intercept = () => undefined;
  ({ log, one, other, edge, cutAll } = cutCluster((arrival) => intercept(arrival)));
});

interface Read {
  readonly offset: number;
  readonly topics: number;
}

/** How far an answer reaches, and how many topics are there. */
async function read(query = ""): Promise<Read> {
  const response = await edge.request(`topics?page_size=5000${query}`);
  if (!response.ok) throw new Error(await response.text());
  const body: { readonly data: readonly unknown[] } = JSON.parse(await response.text());
  const offset = Number(response.headers.get("Kafka-Metadata-Offset"));
  return { offset, topics: body.data.length };
}

const countOf = (route: string): number =>
  [...one.asked, ...other.asked].filter((each) => each === route).length;

describe("an isolate that knows nothing", () => {
  test("begins with the newest snapshot, and reads the log from its end on", async () => {
    one.snapshots = [log.snapshotAt(10), log.snapshotAt(40)];
    const from: (string | null)[] = [];
    intercept = ({ route, query }) => {
      if (route === "log") from.push(query.get("from_offset"));
      return undefined;
    };
    expect(await read()).toEqual({ offset: 49, topics: 50 });
    expect(from).toEqual(["40"]);
  });

  test("replays the log where there is no snapshot", async () => {
    expect(await read()).toEqual({ offset: 49, topics: 50 });
  });
});

describe("an image that the log leads on from no more", () => {
  beforeEach(async () => {
    one.known = 20;
    other.known = 20;
    expect(await read()).toEqual({ offset: 19, topics: 20 });
    one.known = Number.POSITIVE_INFINITY;
    other.known = Number.POSITIVE_INFINITY;
    cutAll(40);
  });

  test("is replaced by the newest snapshot, and gone before that is loaded", async () => {
    const kept: unknown[] = [];
    intercept = ({ route }) => {
      if (route === "snapshot") kept.push(presentOf(clusterKey(edge.entry)));
      return undefined;
    };
    expect(await read()).toEqual({ offset: 49, topics: 50 });
    expect(kept.length).toBeGreaterThan(1);
    expect(new Set(kept)).toEqual(new Set([undefined]));
  });

  test("is replaced once for all who wait for it", async () => {
    const reads = await Promise.all(Array.from({ length: 10 }, () => read()));
    expect(reads).toEqual(Array(10).fill({ offset: 49, topics: 50 }));
    const size = one.snapshots[0]?.bytes.length ?? 0;
    expect(countOf("snapshot")).toBe(Math.ceil(size / 1_000));
  });

  test("is loaded once, also when the first reader hangs up while it is", async () => {
    const begun = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    intercept = async ({ route, query }) => {
      if (route !== "snapshot" || query.get("position") === "0") return undefined;
      begun.resolve();
      await goesOn.promise;
      return undefined;
    };
    const kept: Promise<unknown>[] = [];
    const env = { ...edge.env, KEEP_ALIVE: (work: Promise<unknown>) => void kept.push(work) };
    const client = new AbortController();
    const path = `/kafka/v3/clusters/${edge.entry.cluster_id}/topics`;
    const gone = app.request(`http://localhost${path}`, { signal: client.signal }, env);
    await begun.promise;
    client.abort();
    const next = read();
    goesOn.resolve();
    expect(await next).toEqual({ offset: 49, topics: 50 });
    await gone;
    const size = one.snapshots[0]?.bytes.length ?? 0;
    expect(countOf("snapshot")).toBe(Math.ceil(size / 1_000));
    expect(kept.length).toBeGreaterThan(0);
  });

  test("is replaced by a newer snapshot when its controllers drop the one that is read", async () => {
    let ranges = 0;
    intercept = ({ route }) => {
      if (route === "snapshot" && (ranges += 1) === 2) cutAll(45);
      return undefined;
    };
    expect(await read()).toEqual({ offset: 49, topics: 50 });
    expect(countOf("snapshots")).toBeGreaterThan(4);
  });

  test("is not replaced by bytes that are not sound: another controller's are taken", async () => {
    const [sound] = one.snapshots;
    const bytes = sound?.bytes.slice() ?? new Uint8Array(0);
    bytes[bytes.length - 400] = (bytes[bytes.length - 400] ?? 0) ^ 1;
    one.snapshots = [{ endOffset: 40, epoch: 1, timestampMs: 0, bytes }];
    expect(await read()).toEqual({ offset: 49, topics: 50 });
    expect([one, other].map(({ asked }) => asked.includes("snapshot"))).toEqual([true, true]);
  });

  test("leaves what was shown known as position when no snapshot can be read", async () => {
    intercept = ({ route }) => {
      if (route === "snapshot") throw new Error("out of order");
      return undefined;
    };
    const response = await edge.request("topics");
    expect([response.status, response.headers.get("Kafka-Metadata-Offset")]).toEqual([503, "19"]);
    expect(await response.json()).toMatchObject({
      error_code: 50304,
      message: expect.stringMatching(/no snapshot could be read: 40-1 of 3000: out of order/),
    });
    // All that wait hear of it at once, and the next one tries again.
    intercept = () => undefined;
    expect(await read()).toEqual({ offset: 49, topics: 50 });
  });

  test("is not replaced by a snapshot that breaks off: another controller's is taken", async () => {
    const [sound] = one.snapshots;
    // Without the last batch, which is the footer.
    const bytes = sound?.bytes.slice(0, -75) ?? new Uint8Array(0);
    one.snapshots = [{ endOffset: 40, epoch: 1, timestampMs: 0, bytes }];
    expect(await read()).toEqual({ offset: 49, topics: 50 });
    expect([one, other].map(({ asked }) => asked.includes("snapshot"))).toEqual([true, true]);
  });

  test("stays, and leaves a 503, where no controller has a snapshot that ends above it", async () => {
    one.snapshots = [];
    other.snapshots = [log.snapshotAt(15)];
    expect(await refusalOf(edge.request("topics"))).toMatchObject({
      status: 503,
      error_code: 50304,
      message: expect.stringContaining("the log begins above 20"),
    });
    expect(presentOf(clusterKey(edge.entry))?.position.offset).toBe(19);
  });
});

test("no reader is shown less than one before, whichever snapshot there is", async () => {
  expect(await read()).toEqual({ offset: 49, topics: 50 });
  for (let at = 0; at < 30; at += 1) log.appendTopic(`later-${at}`);
  // The image had to go, and the controllers know less than was shown.
  forgetPresent(clusterKey(edge.entry));
  one.known = 30;
  other.known = 30;
  one.snapshots = [log.snapshotAt(20)];
  const refusal = await refusalOf(edge.request("topics?wait_ms=50"));
  expect(refusal).toMatchObject({ status: 503, error_code: 50303 });
  expect(refusal.message).toContain("offset 49 was not seen committed within 50 ms");
  expect(countOf("snapshot")).toBeGreaterThan(0);
  one.known = Number.POSITIVE_INFINITY;
  expect((await read()).offset).toBe(79);
});
