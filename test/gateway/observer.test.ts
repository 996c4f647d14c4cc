/**
 * What the gateway answers in a controller's stead, held against what that very controller answers; and when it leaves
 * the answer to the controller.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { LinkPlace } from "../../gateway/edge/link/link-watch.ts";
import type { LogNews } from "../../gateway/observer/log-news.ts";
import { ObservedStream, type LinkedFrames } from "../../gateway/observer/observed-stream.ts";
import { ServedPosition } from "../../gateway/observer/served-position.ts";
import { decodeResponseFrame, Fetch } from "../../src/protocol/index.ts";
import { describeQuorum } from "../../src/raft/index.ts";
import { CLUSTER, settled } from "../controller/world.ts";
import { directoryOf } from "../metadata/partition-notation.ts";
import {
  atEnd,
  ControllerSide,
  DIRECTORY,
  fetchFrame,
  MemoryLink,
  NODE_ID,
  observing,
  withEpochs,
  type FetchWish,
} from "./observed.ts";

const folders: string[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A gateway that has everything from `offset` on. */
async function observingFrom(side: ControllerSide, offset: number) {
  const observed = await observing({ side });
  const { log } = side.up.state;
  const epoch = log.epochs.findLast((each) => each.startOffset < offset)?.epoch ?? 0;
  const { bytes } = side.up.readCommitted({ from: offset, maxBytes: 100_000_000 });
  await observed.introduce(atEnd(side.up));
  // As an earlier life of the link has pushed it.
  const { link, observer } = observed;
  const head = link.pushes.at(-1);
  if (head === undefined) throw new Error("nothing was pushed");
  const fresh = await observing({ side });
  fresh.observer.served(NODE_ID, { ...questionless, offset: 1 }, { link: fresh.link, stream: 1 });
  fresh.observer.pushed(NODE_ID, fresh.link, {
    ...head,
    records: { from: offset, epochBefore: epoch, batches: bytes },
  });
  observer.close();
  await settled();
  return fresh;
}

const questionless = {
  apiVersion: 18,
  correlationId: 0,
  replicaId: -1,
  directoryId: DIRECTORY,
  epoch: 0,
  lastFetchedEpoch: 0,
  highWatermark: -1,
  maxWaitMs: 0,
  maxBytes: 0,
};

const near = (value: number): fc.Arbitrary<number> =>
  fc.integer({ min: value - 2, max: value + 2 });

describe("a fetch that does not wait", () => {
  test("is answered as the controller answers it, byte for byte, or left to it", async () => {
    const side = await withEpochs();
    const { log, election } = side.up.state;
    const boundaries = log.epochs.map(({ startOffset }) => startOffset);
    const cut = boundaries[1] ?? 0;
    const { ask } = await observingFrom(side, cut);
    const offset = fc.oneof(
      fc.integer({ min: -1, max: log.endOffset + 3 }),
      ...[...boundaries, log.endOffset].map(near),
    );
    const lastFetched = fc.oneof(
      { weight: 5, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: near(election.epoch) },
    );
    const wish = fc.record({
      offset,
      lastFetched,
      replicaId: fc.constantFrom(-1, 1, 1, 1, NODE_ID, 7),
      epoch: fc.oneof(
        { weight: 6, arbitrary: fc.constant(election.epoch) },
        { weight: 1, arbitrary: near(election.epoch) },
      ),
      version: fc.constantFrom(16, 17, 18),
      maxBytes: fc.oneof(fc.integer({ min: -1, max: 200_000 }), fc.constant(2 ** 31 - 1)),
      highWatermark: fc.oneof(
        fc.constantFrom(-1n, 2n ** 63n - 1n),
        fc.bigInt(0n, BigInt(log.endOffset + 2)),
      ),
      clusterId: fc.constantFrom(CLUSTER.cluster_id, CLUSTER.cluster_id, null, "another"),
      maxWaitMs: fc.constantFrom(0, 0, 0, -1),
    });
    const seen = { answered: 0, left: 0, records: 0 };
    await fc.assert(
      fc.asyncProperty(wish, async ({ lastFetched: said, ...rest }) => {
        const before = log.epochs.findLast(({ startOffset }) => startOffset < rest.offset)?.epoch;
        const sent = fetchFrame({ ...rest, lastFetchedEpoch: said ?? before ?? 0 });
        const own = await ask(sent);
        const isVoter = rest.replicaId === NODE_ID;
        if (own === null) seen.left += 1;
        // A connection that speaks as a voter was never let in here (`ObservedStream`).
        else if (!isVoter) {
          seen.answered += 1;
          expect(Buffer.from(own).equals(await side.answered(sent))).toBe(true);
          const { body } = decodeResponseFrame(Fetch, rest.version, own);
          if ((body.responses[0]?.partitions[0]?.records?.byteLength ?? 0) > 0) seen.records += 1;
        }
        const isCertain =
          !isVoter &&
          said === null &&
          rest.version >= 17 &&
          rest.clusterId !== "another" &&
          rest.maxWaitMs === 0 &&
          rest.epoch === election.epoch &&
          rest.offset >= cut &&
          rest.offset <= log.endOffset;
        if (isCertain) expect(own).not.toBeNull();
      }),
      { numRuns: 1_500 },
    );
    expect(Math.min(seen.answered, seen.left, seen.records)).toBeGreaterThan(100);
  });

  test("below the tail, in another epoch or at a place of another log is the controller's", async () => {
    const side = await withEpochs();
    const { log, election } = side.up.state;
    const cut = log.epochs[1]?.startOffset ?? 0;
    const { ask } = await observingFrom(side, cut);
    const valid = atEnd(side.up);
    expect(await ask(fetchFrame(valid))).not.toBeNull();
    const others: readonly Partial<FetchWish>[] = [
      { offset: cut - 1, lastFetchedEpoch: log.epochs[0]?.epoch ?? 0 },
      { offset: 0, lastFetchedEpoch: 0 },
      { epoch: election.epoch - 1, lastFetchedEpoch: election.epoch - 1 },
      { epoch: election.epoch + 1 },
      { lastFetchedEpoch: election.epoch - 1 },
      { offset: valid.offset + 1 },
    ];
    for (const other of others) expect(await ask(fetchFrame({ ...valid, ...other }))).toBeNull();
  });

  test("is left to the controller where its log was cut meanwhile", async () => {
    const side = await withEpochs();
    const { log, election } = side.up.state;
    const cut = log.epochs[1]?.startOffset ?? 0;
    const { ask, link, observer } = await observingFrom(side, cut);
    const wish = {
      epoch: election.epoch,
      offset: cut + 1,
      lastFetchedEpoch: log.epochs[1]?.epoch ?? 0,
    };
    expect(await ask(fetchFrame(wish))).not.toBeNull();
    const head = link.pushes.at(-1);
    if (head === undefined) throw new Error("nothing was pushed");
    observer.pushed(NODE_ID, link, { ...head, logStartOffset: cut + 2, records: null });
    expect(await ask(fetchFrame(wish))).toBeNull();
  });
});

describe("a fetch that waits", () => {
  test("is answered by the push, as the controller answers it when that is committed", async () => {
    const { side, ask, introduce, metrics } = await observing();
    await introduce(atEnd(side.up));
    for (const maxBytes of [1, 1_000_000]) {
      const sent = fetchFrame(atEnd(side.up, { maxWaitMs: 20_000, maxBytes }));
      const [own, theirs] = [ask(sent), side.answered(sent)];
      await settled();
      expect(metrics.fetchesParked).toBe(1);
      await side.write(3, 100);
      const answer = await own;
      expect(answer).not.toBeNull();
      expect(Buffer.from(answer ?? []).equals(await theirs)).toBe(true);
    }
    expect(metrics.fetchesParked).toBe(0);
    expect(metrics.fetchesObserved).toBe(2);
  });

  test("of many for one large batch is answered to a few at a time, as they take it", async () => {
    const { side, ask, introduce, observer } = await observing();
    await introduce(atEnd(side.up));
    const sent = fetchFrame(atEnd(side.up, { maxWaitMs: 20_000 }));
    const taken: number[] = [];
    const all = Array.from({ length: 60 }, async () => {
      const answer = await ask(sent);
      taken.push(answer?.byteLength ?? 0);
    });
    await settled();
    await side.write(100, 30_000);
    await settled();
    const [size = 0] = taken;
    expect(size).toBeGreaterThan(2_900_000);
    expect(taken.length).toBe(Math.floor((64 * 1_048_576) / size));
    for (let turns = 0; turns < 100 && taken.length < 60; turns++) {
      observer.taken(size);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await settled();
    }
    await Promise.all(all);
    expect(taken).toEqual(taken.map(() => size));
    // Who does not wait for room is the controller's to answer.
    expect(await ask(fetchFrame({ ...atEnd(side.up), offset: 1, lastFetchedEpoch: 0 }))).toBeNull();
  });

  test("ends empty at its time, as the controller ends it", async () => {
    const { side, ask, introduce } = await observing();
    await introduce(atEnd(side.up));
    const sent = fetchFrame(atEnd(side.up, { maxWaitMs: 40 }));
    const theirs = side.answered(sent);
    const own = await ask(sent);
    await side.world.pass(60);
    expect(Buffer.from(own ?? []).equals(await theirs)).toBe(true);
  });

  test("does not wait where it has not heard what is committed (KAFKA-14145)", async () => {
    const { side, ask, introduce } = await observing();
    await introduce(atEnd(side.up));
    const sent = fetchFrame(atEnd(side.up, { maxWaitMs: 20_000, highWatermark: 1n }));
    const own = await ask(sent);
    expect(Buffer.from(own ?? []).equals(await side.answered(sent))).toBe(true);
  });

  test("beyond what was pushed waits for the push, and is the controller's when none comes", async () => {
    const { side, ask, introduce, link } = await observing();
    await introduce(atEnd(side.up));
    link.isRead = false;
    await side.write();
    const sent = fetchFrame(atEnd(side.up, { maxWaitMs: 30 }));
    expect(await ask(sent)).toBeNull();
  });

  test("is the controller's at once when the link is lost, another leader is known, or the controller steps down", async () => {
    for (const end of ["lost", "newer", "deposed", "memory"] as const) {
      const { side, ask, introduce, link, observer } = await observing();
      await introduce(atEnd(side.up));
      const own = ask(fetchFrame(atEnd(side.up, { maxWaitMs: 20_000 })));
      await settled();
      expect(observer.parked).toBe(1);
      const head = link.pushes.at(-1);
      if (head === undefined) throw new Error("nothing was pushed");
      if (end === "lost") link.session.close(1012, "the controller leaves");
      else if (end === "memory") observer.lost(NODE_ID, link);
      else if (end === "deposed")
        observer.pushed(NODE_ID, link, {
          ...head,
          epoch: head.epoch + 1,
          leader: { id: 3001, host: "elsewhere", port: 1 },
          highWatermark: null,
          records: null,
        });
      else {
        // What another controller's link tells ends what this one, which does not know, would answer.
        const other = new MemoryLink(side);
        observer.served(3001, { ...questionless, offset: 1 }, { link: other, stream: 1 });
        observer.pushed(3001, other, { ...head, epoch: head.epoch + 1, records: null });
      }
      expect(await own).toBeNull();
    }
  });

  test("of a client that goes is forgotten", async () => {
    const { side, ask, introduce, observer } = await observing();
    await introduce(atEnd(side.up));
    const gone = new AbortController();
    const own = ask(fetchFrame(atEnd(side.up, { maxWaitMs: 20_000 })), gone.signal);
    await settled();
    expect(observer.parked).toBe(1);
    gone.abort();
    expect(await own).toBeNull();
    expect(observer.parked).toBe(0);
  });

  test("is not answered from a controller that has been silent", async () => {
    let now = 0;
    const { side, ask, introduce, observer } = await observing({ clock: () => now });
    await introduce(atEnd(side.up));
    now = 2_900;
    expect(await ask(fetchFrame(atEnd(side.up)))).not.toBeNull();
    now = 3_100;
    expect(await ask(fetchFrame(atEnd(side.up)))).toBeNull();
    observer.heard(NODE_ID);
    expect(await ask(fetchFrame(atEnd(side.up)))).not.toBeNull();
  });
});

/** A log in which nothing is to be said. */
const silent = (line: string): void => expect(line).toBe("");

const stateFile = (text?: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "kedge-observer-"));
  folders.push(folder);
  const file = join(folder, "state");
  if (text !== undefined) writeFileSync(file, text);
  return file;
};

describe("nobody is shown an older log than another was", () => {
  test("by a controller that lags", async () => {
    const { side, ask, introduce, link, observer } = await observing();
    await introduce(atEnd(side.up));
    const before = link.pushes.at(-1);
    const sent = fetchFrame(atEnd(side.up));
    await side.write();
    expect(await ask(sent)).not.toBeNull();
    if (before === undefined) throw new Error("nothing was pushed");
    observer.pushed(NODE_ID, link, { ...before, records: null });
    expect(await ask(sent)).toBeNull();
  });

  test("after a restart, where the position is kept in a file", async () => {
    const file = stateFile();
    const served = new ServedPosition(file, CLUSTER.cluster_id, silent);
    const { side, ask, introduce, observer } = await observing({ served });
    await introduce(atEnd(side.up));
    await side.write();
    expect(await ask(fetchFrame(atEnd(side.up)))).not.toBeNull();
    observer.close();
    const { log: summary, election } = side.up.state;
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      cluster_id: CLUSTER.cluster_id,
      offset: summary.endOffset,
      epoch: election.epoch,
    });
    // Beside a controller that has less of the log.
    const lagging = new ControllerSide();
    const again = await observing({
      served: new ServedPosition(file, CLUSTER.cluster_id, silent),
      side: lagging,
    });
    expect(again.metrics.logShownOffset).toBe(summary.endOffset);
    await again.introduce(atEnd(lagging.up));
    expect(again.metrics.logHeld?.offset).toBe(lagging.up.state.log.endOffset);
    expect(lagging.up.state.log.endOffset).toBeLessThan(summary.endOffset);
    expect(await again.ask(fetchFrame(atEnd(lagging.up)))).toBeNull();
    await lagging.write(summary.endOffset);
    expect(await again.ask(fetchFrame(atEnd(lagging.up)))).not.toBeNull();
    again.observer.close();
  });

  test("a file is written at most once a second, whole", async () => {
    vi.useFakeTimers();
    const file = stateFile();
    const served = new ServedPosition(file, CLUSTER.cluster_id, () => undefined);
    for (let offset = 1; offset <= 45; offset++) {
      served.note({ offset, epoch: 1 });
      vi.advanceTimersByTime(100);
    }
    // The last second's is not in it yet.
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ offset: 40 });
    served.note({ offset: 3, epoch: 1 });
    served.close();
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ offset: 45, epoch: 1 });
  });

  test.each([
    ["garbage", "{", "holds no position of a gateway"],
    ["no position", '{"cluster_id":"x","offset":-1,"epoch":1}', "holds no position of a gateway"],
    ["another cluster's", '{"cluster_id":"x","offset":1,"epoch":1}', "is of another cluster than"],
  ])("a file with %s is refused", (_, text, sentence) => {
    const file = stateFile(text);
    expect(() => new ServedPosition(file, CLUSTER.cluster_id, () => undefined)).toThrow(sentence);
  });

  test("a file that cannot be written is said once, and stops nobody", () => {
    const lines: string[] = [];
    const file = join(stateFile(), "below", "it");
    const served = new ServedPosition(file, CLUSTER.cluster_id, (line) => void lines.push(line));
    for (const offset of [1, 2]) {
      served.note({ offset, epoch: 1 });
      served.close();
    }
    expect(lines).toHaveLength(1);
    expect(served.place?.offset).toBe(2);
  });
});

const observed = async () => {
  let now = 0;
  const gateway = await observing({ clock: () => now });
  const sent: Uint8Array[] = [];
  const { side, place, observer } = gateway;
  const frames: LinkedFrames & { place: LinkPlace | null } = {
    place,
    send: async (frame) => {
      sent.push(frame);
      return await side.answered(frame);
    },
    end: () => undefined,
  };
  const parts = { observer, clusterId: CLUSTER.cluster_id, nodeId: NODE_ID, frames };
  const stream = new ObservedStream({ ...parts, clock: () => now });
  const { signal } = new AbortController();
  const asked = async (wish: Partial<FetchWish> = {}): Promise<number> => {
    const before = sent.length;
    observer.heard(NODE_ID);
    await stream.send(fetchFrame(atEnd(side.up, wish)), signal);
    await settled();
    return sent.length - before;
  };
  return { ...gateway, frames, stream, asked, pass: (ms: number) => void (now += ms) };
};

describe("a connection", () => {
  test("asks the controller first, and once a minute from there on while anything is committed", async () => {
    const { asked, pass, side } = await observed();
    expect(await asked()).toBe(1);
    expect(await asked()).toBe(0);
    await side.write();
    pass(59_000);
    expect(await asked()).toBe(0);
    pass(1_000);
    expect(await asked()).toBe(1);
    expect(await asked()).toBe(0);
    // The controller would say the same again.
    pass(3_600_000);
    expect(await asked()).toBe(0);
    await side.write();
    expect(await asked()).toBe(1);
    expect(await asked()).toBe(0);
  });

  test("asks it again in another replica's name, and over another link", async () => {
    const { asked, frames, side } = await observed();
    await asked();
    expect(await asked()).toBe(0);
    expect(await asked({ replicaId: 2 })).toBe(1);
    expect(await asked({ replicaId: 2 })).toBe(0);
    expect(await asked({ replicaId: 2, directoryId: directoryOf(2) })).toBe(1);
    const other = new MemoryLink(side);
    frames.place = null;
    expect(await asked()).toBe(1);
    frames.place = { link: other, stream: 1 };
    expect(await asked()).toBe(1);
  });

  test("that the controller refuses is answered nothing here", async () => {
    const { asked, pass } = await observed();
    await asked({ replicaId: 5 });
    expect(await asked({ replicaId: NODE_ID })).toBe(1);
    expect(await asked({ replicaId: NODE_ID })).toBe(1);
    // And what it was let do before is asked anew.
    expect(await asked({ replicaId: 5 })).toBe(1);
    pass(1);
    expect(await asked({ replicaId: 5 })).toBe(0);
  });

  test("whose controller has lost its memory asks again", async () => {
    const { asked, link } = await observed();
    await asked();
    expect(await asked()).toBe(0);
    link.generation += 1;
    expect(await asked()).toBe(1);
  });

  test("that ends leaves the log to be followed in another's name", async () => {
    const { asked, stream, observer, link, place, side } = await observed();
    await asked();
    link.say({ kind: "begin", stream: 2, principal: null });
    observer.served(NODE_ID, { ...questionless, replicaId: 2, offset: 1 }, { ...place, stream: 2 });
    stream.end();
    link.say({ kind: "end", stream: 1 });
    observer.report();
    const before = link.pushes.length;
    observer.left(NODE_ID, { link, stream: 3 });
    await side.write();
    expect(link.pushes.length).toBeGreaterThan(before);
  });

  test("passes on what is no fetch of the log, and what cannot be read", async () => {
    const { stream, frames } = await observed();
    const sent: Uint8Array[] = [];
    frames.send = async (frame) => {
      sent.push(frame);
      return await Promise.resolve(frame);
    };
    const { signal } = new AbortController();
    const garbage = [
      new Uint8Array(),
      Uint8Array.of(0, 1, 0, 17),
      Uint8Array.of(0, 1, 0, 17, 0, 0, 0, 1, 255, 255),
      Uint8Array.of(0, 1, 0, 99, 0, 0, 0, 1),
      Uint8Array.of(0, 63, 0, 1, 0, 0, 0, 1, 9),
      new TextEncoder().encode("not Kafka at all"),
    ];
    for (const frame of garbage) expect(await stream.send(frame, signal)).toBe(frame);
    expect(sent).toEqual(garbage);
  });
});

const describedOf = (side: ControllerSide): ReadonlyMap<number, number | null> =>
  new Map(
    describeQuorum(side.up.state, side.world.nowMs).observers.map((each) => [
      each.key.id,
      each.logEndOffset,
    ]),
  );

describe("where brokers are", () => {
  test("is said when they have moved, and then and now when they have not", async () => {
    let now = 0;
    const { side, ask, introduce, observer, link } = await observing({ clock: () => now });
    await introduce(atEnd(side.up, { replicaId: 1 }));
    await introduce(atEnd(side.up, { replicaId: 2 }));
    await side.write();
    await ask(fetchFrame(atEnd(side.up, { replicaId: 1 })));
    observer.report();
    const end = side.up.state.log.endOffset;
    expect(describedOf(side)).toEqual(
      new Map([
        [1, end],
        [2, end - 1],
      ]),
    );
    const said = link.positions.length;
    observer.report();
    expect(link.positions).toHaveLength(said);
    now = 31_000;
    observer.heard(NODE_ID);
    await ask(fetchFrame(atEnd(side.up, { replicaId: 1 })));
    observer.report();
    expect(link.positions.slice(said)).toMatchObject([
      { end: null, brokers: [{ id: 1, offset: end }] },
    ]);
    // With the next heartbeat, of which there is one every 2 s.
    expect(link.waits.slice(said)).toEqual([2_500]);
  });

  test("is of nobody whom the leader has not served", async () => {
    const { side, link, introduce } = await observing();
    await introduce(atEnd(side.up, { replicaId: 1 }));
    const directoryId = new Uint8Array(16);
    link.position(1, {
      end: null,
      brokers: [
        { id: 9, directoryId, offset: 1 },
        { id: 1, directoryId, offset: 1 },
      ],
    });
    expect([...describedOf(side).keys()]).toEqual([1]);
    expect(describedOf(side).get(1)).toBe(side.up.state.log.endOffset);
    expect(link.closings).toEqual([]);
  });
});

describe("who votes", () => {
  test("is told when the log says it, and when the log begins anew", async () => {
    const { side, observer, introduce, link } = await observing();
    const told: LogNews[] = [];
    observer.onNews((news) => void told.push(news));
    expect(observer.isFollowing).toBe(false);
    await introduce(atEnd(side.up, { replicaId: 1 }));
    expect(observer.isFollowing).toBe(true);
    expect(told).toEqual([{ kind: "gap" }, { kind: "leader", nodeId: NODE_ID }]);
    await side.write(3, 20);
    await settled();
    expect(told).toHaveLength(2);
    const { bytes } = side.up.readCommitted({ from: 0, maxBytes: 100 });
    const head = link.pushes.at(-1);
    if (head === undefined) throw new Error("nothing was pushed");
    const fresh = await observing({ side });
    const heard: LogNews[] = [];
    fresh.observer.onNews((news) => void heard.push(news));
    fresh.observer.served(NODE_ID, { ...questionless, offset: 1 }, { link: fresh.link, stream: 1 });
    // The first batch of an office names the voters.
    const records = { from: side.up.state.log.startOffset, epochBefore: 0, batches: bytes };
    fresh.observer.pushed(NODE_ID, fresh.link, { ...head, records });
    expect(heard).toContainEqual({ kind: "voters", nodeIds: [NODE_ID] });
    fresh.observer.lost(NODE_ID, fresh.link);
    expect(fresh.observer.isFollowing).toBe(false);
  });
});
