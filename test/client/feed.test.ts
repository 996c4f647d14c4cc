/** The feed of the client: every record once and in order, whatever is cut, and never over into another log. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Fetch } from "../../client/caller.ts";
import type { FeedEvent, FeedWish } from "../../client/feed.ts";
import { kedge, type Cluster } from "../../client/kedge.ts";
import { runningQuorum, type RunningQuorum } from "../worker/running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(1);
}, 120_000);
afterAll(() => quorum.stop());

const clusterOver = (ask: Fetch, clusterId = quorum.formed.cluster_id): Cluster =>
  kedge({ url: quorum.edge.url, token: quorum.edge.token, send: ask }).cluster(clusterId);

const change = (cluster: Cluster, value: string): Promise<void> =>
  cluster.configs.defaults.set("log.cleaner.threads", value);

/** The feed's events until `isEnough`. */
async function followed(
  cluster: Cluster,
  wish: FeedWish,
  isEnough: (events: readonly FeedEvent[]) => boolean,
): Promise<readonly FeedEvent[]> {
  const events: FeedEvent[] = [];
  for await (const event of cluster.feed(wish)) {
    events.push(event);
    if (isEnough(events)) break;
  }
  return events;
}

/** The response, whose body ends after so many bytes. */
function cutAfter(response: Response, bytes: number): Response {
  let left = bytes;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) controller.terminate();
    },
  });
  const { status, headers } = response;
  return new Response(response.body?.pipeThrough(cut) ?? null, { status, headers });
}

const offsetsIn = (events: readonly FeedEvent[]): readonly number[] =>
  events.flatMap((event) =>
    event.kind === "records" ? event.lines.map(({ offset }) => offset) : [],
  );

test("shows what is committed, then what comes", async () => {
  const cluster = clusterOver(fetch);
  const end = (await cluster.quorum.describe()).high_watermark;
  const following = followed(cluster, { from: 0 }, (events) => offsetsIn(events).includes(end));
  await change(cluster, "4");
  expect(offsetsIn(await following)).toEqual(Array.from({ length: end + 1 }, (_, at) => at));
});

test("goes on after the last record when the connection is cut at any byte", async () => {
  const whole = await clusterOver(fetch).log.range({ from: 0 });
  let streams = 0;
  const cutting: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    streams += 1;
    // The first ones end early, each somewhat later than the one before it, and mostly within a record.
    return streams > 6 ? response : cutAfter(response, 220 * streams - 1);
  };
  const events = await followed(clusterOver(cutting), { from: 0 }, (seen) =>
    offsetsIn(seen).includes(whole.next - 1),
  );
  expect(streams).toBeGreaterThan(3);
  expect(offsetsIn(events)).toEqual(whole.lines.map(({ offset }) => offset));
});

test("resumes after the position that was seen", async () => {
  const cluster = clusterOver(fetch);
  const { lines } = await cluster.log.range({ from: 0 });
  const seen = lines[1];
  if (seen === undefined) throw new Error("the log has no second record");
  const after = { offset: seen.offset, epoch: seen.leader_epoch };
  const events = await followed(cluster, { from: 0, after }, (each) => offsetsIn(each).length > 0);
  expect(offsetsIn(events)[0]).toBe(2);
});

test("says that the log is another one, and ends", async () => {
  const { cluster_id: id } = await kedge(quorum.edge).clusters.form({ voters: 1 });
  const cluster = clusterOver(fetch, id);
  await change(cluster, "2");
  const { lines } = await cluster.log.range({ from: 0 });
  const last = lines.at(-1);
  const seen = { offset: last?.offset ?? 0, epoch: (last?.leader_epoch ?? 0) + 7 };
  const events = await followed(cluster, { from: 0, after: seen }, () => false);
  expect(events).toEqual([{ kind: "diverged", seen }]);
  const beyond = await followed(cluster, { from: 1_000_000 }, () => false);
  expect(beyond).toMatchObject([{ kind: "diverged" }]);
  await kedge(quorum.edge).clusters.purge(id);
});

test("ends with its reader's signal", async () => {
  const ended = new AbortController();
  const reason = new Error("enough");
  const following = followed(clusterOver(fetch), { from: 0, signal: ended.signal }, () => {
    ended.abort(reason);
    return false;
  });
  await expect(following).rejects.toBe(reason);
});

test("ends with a refusal once its token holds no more, for a token to be asked for", async () => {
  const token = await quorum.edge.mint({
    role: "viewer",
    cluster: quorum.formed.cluster_id,
    principal: "guest",
    lifetimeS: 3,
  });
  const guest = kedge({ url: quorum.edge.url, token }).cluster(quorum.formed.cluster_id);
  const events: FeedEvent[] = [];
  const reading = async (): Promise<void> => {
    for await (const event of guest.feed({ from: 0 })) events.push(event);
  };
  await expect(reading()).rejects.toMatchObject({ status: 401, errorCode: 40_101 });
  expect(offsetsIn(events).length).toBeGreaterThan(0);
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["records"]));
});
