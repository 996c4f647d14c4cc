/**
 * Gateways that follow a controller's log: what each is pushed, where it begins, and how much is under way at a time.
 */
import { describe, expect, test } from "vitest";
import type { Bearer } from "../../durable-objects/bearer.ts";
import type { Controller } from "../../durable-objects/controller.ts";
import { Followers } from "../../durable-objects/link/followers.ts";
import { operatorLogOf } from "../../durable-objects/operator-log.ts";
import type { CopyEnd, PushedRecords } from "../../src/link/index.ts";
import { ConfigRecord, recordBatches } from "../../src/protocol/index.ts";
import { epochBefore } from "../../src/raft/index.ts";
import { ControllerSide, MemoryLink, NODE_ID, type LinkedSide } from "../gateway/observed.ts";
import { Quorum, writing, type QuorumNode } from "./quorum.ts";
import { CLUSTER, settled } from "./world.ts";

const MIB = 1_048_576;
const NOTHING: CopyEnd = { offset: -1, epoch: 0, begins: true };

async function led(): Promise<ControllerSide> {
  const side = new ControllerSide();
  await side.lead();
  return side;
}

const endOf = (controller: Controller): CopyEnd => {
  const { log } = controller.state;
  return { offset: log.endOffset, epoch: log.epochs.at(-1)?.epoch ?? 0, begins: true };
};

/** A gateway's copy is there now. */
async function says(link: MemoryLink, end: CopyEnd): Promise<void> {
  link.position(1, { end, brokers: [] });
  await settled();
}

const recordsOf = (link: MemoryLink): readonly PushedRecords[] =>
  link.pushes.flatMap(({ records }) => records ?? []);

/** The offsets that a link was pushed, each batch as its first and last. */
const rangesOf = (link: MemoryLink): readonly (readonly [number, number])[] =>
  recordsOf(link).flatMap(({ batches }) =>
    [...recordBatches(batches)].map(
      ({ baseOffset, lastOffset }) => [baseOffset, lastOffset] as const,
    ),
  );

const bytesOf = (link: MemoryLink): number =>
  recordsOf(link).reduce((sum, { batches }) => sum + batches.byteLength, 0);

describe("a gateway that follows", () => {
  test("is told who leads and where it begins, and then every commit, once and in order", async () => {
    const side = await led();
    const link = new MemoryLink(side);
    await says(link, NOTHING);
    const { log, election } = side.up.state;
    const begin = log.endOffset;
    expect(link.pushes).toMatchObject([
      {
        epoch: election.epoch,
        leader: { id: NODE_ID, host: "localhost", port: 9_093 },
        highWatermark: begin,
        records: { from: begin, epochBefore: election.epoch },
      },
    ]);
    for (let count = 1; count <= 3; count++) {
      // oxlint-disable-next-line no-await-in-loop -- one commit after the other
      await side.write(count);
    }
    expect(rangesOf(link)).toEqual([
      [begin, begin],
      [begin + 1, begin + 2],
      [begin + 3, begin + 5],
    ]);
    expect(link.pushes.at(-1)?.highWatermark).toBe(begin + 6);
    expect(link.pushes).toHaveLength(4);
  });

  test("goes on from where it is, by offset and epoch", async () => {
    const side = await led();
    const end = endOf(side.up);
    await side.write(2);
    await side.lead();
    await side.write(3);
    const link = new MemoryLink(side);
    await says(link, end);
    expect(rangesOf(link)[0]).toEqual([end.offset, end.offset + 1]);
    expect(rangesOf(link).at(-1)?.[1]).toBe(endOf(side.up).offset - 1);
    expect(recordsOf(link)[0]).toMatchObject({ from: end.offset, epochBefore: end.epoch });
  });

  test("begins anew at the end where the log does not hold its place, or says what cannot be", async () => {
    const side = await led();
    await side.write(5);
    const end = endOf(side.up);
    for (const wrong of [
      { ...end, epoch: end.epoch + 1 },
      { ...end, epoch: -1 },
      { ...end, offset: end.offset + 1 },
      { ...end, offset: Number.MAX_SAFE_INTEGER },
      // Within a batch.
      { ...end, offset: end.offset - 1 },
    ]) {
      const link = new MemoryLink(side);
      // oxlint-disable-next-line no-await-in-loop -- one link after the other
      await says(link, wrong);
      expect(recordsOf(link)).toEqual([
        { from: end.offset, epochBefore: end.epoch, batches: new Uint8Array() },
      ]);
      expect(link.closings).toEqual([]);
    }
    expect(side.failures).toEqual([]);
  });

  test("that is eight megabytes behind begins anew", async () => {
    const side = await led();
    const start = endOf(side.up);
    const value = 300_000;
    for (let batch = 0; batch < 29; batch++) {
      // oxlint-disable-next-line no-await-in-loop -- one commit after the other
      await side.write(10, value / 10);
    }
    const [far, near] = [new MemoryLink(side), new MemoryLink(side)];
    await says(far, start);
    expect(recordsOf(far)[0]).toMatchObject({ from: endOf(side.up).offset });
    const { log } = side.up.state;
    const from = start.offset + 20;
    await says(near, { offset: from, epoch: epochBefore(log, from) ?? 0, begins: true });
    expect(recordsOf(near)[0]).toMatchObject({ from });
  });

  test("whose place was cut off below a snapshot begins anew, before and while it follows", async () => {
    const quorum = new Quorum(1, {
      "metadata.log.max.record.bytes.between.snapshots": 20_000,
      "metadata.max.retention.bytes": 1,
      "metadata.max.retention.ms": 1,
    });
    const side = sideOf(quorum.leader);
    const early = endOf(quorum.leader.up);
    const link = new MemoryLink(side);
    await says(link, early);
    link.isRead = false;
    // More than is pushed to who does not acknowledge.
    for (let batch = 0; batch < 30; batch++) quorum.submit(written(100_000));
    await settled();
    quorum.until(() => quorum.leader.up.state.log.startOffset > early.offset + 20);
    await settled();
    const { log } = quorum.leader.up.state;
    await says(link, { ...early, offset: log.startOffset - 3, begins: false });
    expect(recordsOf(link).at(-1)).toMatchObject({ from: log.endOffset });
    const later = new MemoryLink(side);
    await says(later, early);
    expect(recordsOf(later)).toMatchObject([{ from: log.endOffset }]);
    expect(later.pushes[0]?.logStartOffset).toBe(log.startOffset);
  });
});

const written = (bytes: number) =>
  writing(
    ConfigRecord.of(0, {
      resourceType: 2,
      resourceName: "t",
      name: "c",
      value: "x".repeat(Math.min(bytes, 30_000)),
    }),
    ...Array.from({ length: Math.floor(bytes / 30_000) }, (_, at) =>
      ConfigRecord.of(0, {
        resourceType: 2,
        resourceName: "t",
        name: `c${at}`,
        value: "x".repeat(30_000),
      }),
    ),
  );

function sideOf(node: QuorumNode): LinkedSide {
  const host = {
    get node() {
      return node.controller === null ? null : { voter: node.controller, cluster: CLUSTER };
    },
    clusterId: CLUSTER.cluster_id,
    nodeId: node.id,
    operatorLog: operatorLogOf({ cluster_id: null, node_id: null }),
  };
  const followers = new Followers({
    voter: () => node.controller,
    failed: (cause) => {
      throw cause;
    },
    clock: () => 0,
  });
  return { host, followers, observer: null };
}

describe("what is not committed (LK-1)", () => {
  test("is in no push: of a leader without its majority, and of one that is deposed", async () => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    const link = new MemoryLink(sideOf(leader));
    await says(link, NOTHING);
    const committed = leader.up.highWatermark ?? 0;
    quorum.cut.add(leader.id);
    leader.up.submit(written(10), 0, () => undefined);
    quorum.pass(100);
    await settled();
    expect(leader.up.state.log.endOffset).toBeGreaterThan(committed);
    expect(rangesOf(link)).toEqual([]);
    // Others lead on, and it gives up.
    quorum.until(() => leader.up.state.role.kind !== "leader");
    await settled();
    expect(link.pushes.at(-1)).toMatchObject({ highWatermark: null, records: null });
    quorum.cut.clear();
    quorum.until(() => quorum.leader !== leader && leader.up.state.role.kind === "follower");
    await settled();
    const { epoch } = quorum.leader.up.state.election;
    const leaderId = quorum.leader.id;
    expect(link.pushes.at(-1)).toMatchObject({ epoch, leader: { id: leaderId }, records: null });
    // It does not lead: what it hears is for the leader to push.
    quorum.submit(written(10));
    quorum.pass(1_000);
    await settled();
    expect(rangesOf(link)).toEqual([]);
  });

  test("a new leader pushes nothing of the log before it knows what is committed", async () => {
    const quorum = new Quorum(3, {});
    const old = quorum.leader;
    const link = new MemoryLink(sideOf(quorum.followers[0] ?? old));
    const others = quorum.followers;
    await says(link, endOf(old.up));
    expect(link.pushes).toMatchObject([
      { highWatermark: null, leader: { id: old.id }, records: null },
    ]);
    quorum.crash(old);
    quorum.until(() => others.some(({ controller }) => controller?.isActive === true));
    quorum.submit(written(10));
    await settled();
    const heard = link.pushes.filter(({ records }) => records !== null);
    for (const { highWatermark } of heard) expect(highWatermark).not.toBeNull();
    const isLeader = quorum.leader === others[0];
    expect(rangesOf(link).length > 0).toBe(isLeader);
  });
});

describe("a gateway that does not read", () => {
  test("is pushed a megabyte, and goes on when it acknowledges", async () => {
    const side = await led();
    const link = new MemoryLink(side);
    const start = endOf(side.up);
    await says(link, start);
    for (let batch = 0; batch < 40; batch++) {
      // oxlint-disable-next-line no-await-in-loop -- one commit after the other
      await side.write(4, 25_000);
    }
    expect(bytesOf(link)).toBeGreaterThan(MIB / 2);
    expect(bytesOf(link)).toBeLessThanOrEqual(MIB);
    expect(side.followers.offeredBytes).toBe(bytesOf(link));
    const end = endOf(side.up).offset;
    for (let turns = 0; turns < 20 && (rangesOf(link).at(-1)?.[1] ?? 0) < end - 1; turns++) {
      const offset = (rangesOf(link).at(-1)?.[1] ?? 0) + 1;
      // oxlint-disable-next-line no-await-in-loop -- one position after the other
      await says(link, { ...start, offset, begins: false });
    }
    const ranges = rangesOf(link);
    expect(ranges[0]?.[0]).toBe(start.offset);
    expect(ranges.at(-1)?.[1]).toBe(end - 1);
    for (const [at, [base]] of ranges.entries())
      if (at > 0) expect(base).toBe((ranges[at - 1]?.[1] ?? 0) + 1);
    await says(link, { ...start, offset: end, begins: false });
    expect(side.followers.offeredBytes).toBe(0);
  });

  test("is closed after half a minute, with a reason, and its room is given back", async () => {
    const side = await led();
    const [dead, well] = [new MemoryLink(side), new MemoryLink(side)];
    await says(dead, endOf(side.up));
    await says(well, endOf(side.up));
    await side.write(4, 25_000);
    side.world.nowMs += 29_000;
    await side.write();
    expect(dead.closings).toEqual([]);
    await says(well, { ...endOf(side.up), begins: false });
    side.world.nowMs += 2_000;
    await side.write();
    expect(dead.closings).toEqual(["1008 the pushes of this link are not acknowledged"]);
    expect(well.closings).toEqual([]);
    expect(rangesOf(well).at(-1)?.[1]).toBe(endOf(side.up).offset - 1);
    expect(side.followers.offeredBytes).toBeLessThan(1_000);
  });

  test("a hundred of them beside batches of megabytes take 32 MiB together, in turns", async () => {
    const side = await led();
    const links = Array.from({ length: 100 }, () => new MemoryLink(side));
    for (const link of links) link.position(1, { end: endOf(side.up), brokers: [] });
    await settled();
    await side.write(100, 30_000);
    const size = Math.max(...links.map(bytesOf));
    expect(size).toBeGreaterThan(2.5 * MIB);
    expect(side.followers.offeredBytes).toBeGreaterThan(25 * MIB);
    expect(side.followers.offeredBytes).toBeLessThanOrEqual(32 * MIB);
    const served = (): number => links.filter((link) => bytesOf(link) > 0).length;
    expect(served()).toBeLessThan(15);
    // Whoever acknowledges makes room for those who were not served yet.
    for (let turns = 0; turns < 20 && served() < 100; turns++) {
      const ready = links.filter((link) => bytesOf(link) > 0);
      for (const link of ready)
        link.position(1, { end: { ...endOf(side.up), begins: false }, brokers: [] });
      // oxlint-disable-next-line no-await-in-loop -- one turn after the other
      await settled();
    }
    expect(served()).toBe(100);
    expect(links.map(bytesOf)).toEqual(links.map(() => size));
    // One of them all: encoded once.
    expect(new Set(links.slice(0, 9).map(({ messages }) => messages.at(-1)?.buffer)).size).toBe(1);
  });

  test("forty of them in different places are pushed what four megabytes of readings hold in one event, and the rest in later ones", async () => {
    const side = await led();
    const places: CopyEnd[] = [];
    for (let batch = 0; batch < 200; batch++) {
      places.push(endOf(side.up));
      // oxlint-disable-next-line no-await-in-loop -- one commit after the other
      await side.write(1, 30_000);
    }
    const links = places.slice(0, 40).map((end) => {
      const link = new MemoryLink(side);
      link.position(1, { end, brokers: [] });
      return link;
    });
    const pushed = (): number => links.reduce((sum, link) => sum + bytesOf(link), 0);
    // What follows this event at once, and no timer.
    await Promise.resolve();
    expect(pushed()).toBeGreaterThan(3 * MIB);
    // Some are where another was read for just before.
    expect(pushed()).toBeLessThanOrEqual(5 * MIB);
    // Nobody acknowledges anything meanwhile.
    await expect.poll(pushed).toBeGreaterThan(31 * MIB);
    expect(Math.min(...links.map(bytesOf))).toBeGreaterThan(MIB / 4);
    expect(side.followers.offeredBytes).toBe(pushed());
    expect(pushed()).toBeLessThanOrEqual(32 * MIB);
    for (const [at, link] of links.entries())
      expect(rangesOf(link)[0]?.[0]).toBe(places[at]?.offset);
  });

  test("is not read for again and again while there is no room for what comes next", async () => {
    const side = await led();
    const start = endOf(side.up);
    await side.write(4, 25_000);
    await side.write(40, 25_000);
    const link = new MemoryLink(side);
    await says(link, start);
    expect(rangesOf(link)).toHaveLength(1);
    let readings = 0;
    const read = side.up.readCommitted.bind(side.up);
    side.up.readCommitted = (range) => {
      readings += 1;
      return read(range);
    };
    for (let commit = 0; commit < 5; commit++) {
      // oxlint-disable-next-line no-await-in-loop -- one commit after the other
      await side.write();
    }
    expect(readings).toBe(0);
    await says(link, { ...start, offset: start.offset + 4, begins: false });
    expect(rangesOf(link).at(-1)?.[1]).toBe(endOf(side.up).offset - 1);
  });
});

const bearerOf = (role: Bearer["role"], brokerIds: readonly number[] = []): Bearer => ({
  role,
  broker_ids: [...brokerIds],
  principal: "someone",
  client_address: null,
  token_id: "AAAAAAAAAAAAAAAAAAAAAA",
});
const broker = (id: number) => ({ id, directoryId: new Uint8Array(16), offset: 1 });

describe("who may", () => {
  test("not read the log is pushed nothing", async () => {
    const side = await led();
    const link = new MemoryLink(side, bearerOf("viewer"));
    await says(link, NOTHING);
    await side.write();
    expect([link.pushes, link.closings]).toEqual([[], []]);
  });

  test("speak for some brokers alone says nothing of others", async () => {
    const side = await led();
    const link = new MemoryLink(side, bearerOf("broker", [1]));
    link.position(1, { end: null, brokers: [broker(1)] });
    expect(link.closings).toEqual([]);
    link.position(1, { end: null, brokers: [broker(2)] });
    expect(link.closings).toEqual(["1002 this token does not speak for broker 2"]);
    const gateway = new MemoryLink(side, bearerOf("gateway"));
    gateway.position(1, { end: null, brokers: [broker(1), broker(2)] });
    expect(gateway.closings).toEqual([]);
  });

  test("a position in the name of nobody closes the link", async () => {
    const side = await led();
    const link = new MemoryLink(side);
    link.position(7, { end: NOTHING, brokers: [] });
    expect(link.closings).toEqual(["1002 stream 7 has not begun"]);
  });

  test("a client that ends takes what is pushed in its name along", async () => {
    const side = await led();
    const link = new MemoryLink(side);
    await says(link, NOTHING);
    link.say({ kind: "end", stream: 1 });
    const before = link.pushes.length;
    await side.write();
    expect(link.pushes).toHaveLength(before);
    link.say({ kind: "begin", stream: 2, principal: null });
    link.position(2, { end: { ...NOTHING, begins: false }, brokers: [] });
    await settled();
    expect(link.pushes.length).toBeGreaterThan(before);
  });

  test("after a goodbye nobody begins to follow", async () => {
    const side = await led();
    const link = new MemoryLink(side);
    link.session.sayGoodbye(3001, "it leaves");
    await says(link, NOTHING);
    expect(link.pushes).toEqual([]);
  });
});
