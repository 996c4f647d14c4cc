/**
 * A controller over its ports, in Node: office, rounds, duties and what it reads from the log, with a sole voter, whose
 * every step commits. What only the platform can show is in test/durable-objects.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import type { Controller } from "../../durable-objects/controller.ts";
import {
  controllerApis,
  type ControlContext,
  type ControlRule,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import {
  BrokerHeartbeat,
  BrokerRegistration,
  ConfigRecord,
  encodeMetadataRecord,
} from "../../src/protocol/index.ts";
import { ImmutableMap } from "../../src/std/immutable-map.ts";
import { registrationOf } from "../metadata/office.ts";
import { dataBatch } from "../../durable-objects/replica/entries.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import { CLUSTER, VOTER, World } from "./world.ts";

/** An operation that answers with the context it was given. */
const lookAround = (_: MetadataImage, context: ControlContext) => ({
  records: [],
  response: context,
});

/** An operation that writes one record. */
const setConfig = (value: string) => () => ({
  records: [ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name: "a", value })],
  response: value,
});

/** Registers a broker and unfences it by a first heartbeat; resolves with what sends another. */
async function brokerOf(controller: Controller, brokerId: number): Promise<() => Promise<unknown>> {
  const request = BrokerRegistration.request.fill({
    ...registrationOf(brokerId),
    brokerId,
    clusterId: CLUSTER.cluster_id,
  });
  const registered = await submit(controller, controllerApis.BrokerRegistration?.run, request);
  expect(registered).toMatchObject({ errorCode: 0 });
  const { brokerEpoch } = BrokerRegistration.response.fill(Object(registered));
  const beat = (): Promise<unknown> => {
    const currentMetadataOffset = controller.committedEnd - 1;
    const body = BrokerHeartbeat.request.fill({ brokerId, brokerEpoch, currentMetadataOffset });
    return submit(controller, controllerApis.BrokerHeartbeat?.run, body);
  };
  expect(await beat()).toMatchObject({ errorCode: 0, isFenced: false });
  return beat;
}

/** Runs a registration or a heartbeat; resolves with its response once it is committed. */
async function submit<Request, Response>(
  controller: Controller,
  rule: ControlRule<Request, Response> | undefined,
  body: Request,
): Promise<unknown> {
  if (rule === undefined) throw new Error("no such operation");
  const operation: Operation<unknown> = (view, context) => rule(view, body, context);
  const outcome = await new Promise<Outcome<unknown>>((resolve) =>
    controller.submit(operation, 0, resolve),
  );
  return outcome.kind === "committed" ? outcome.response : outcome;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an office", () => {
  test("opens when its first records are committed, and not before", async () => {
    const world = new World();
    world.disk.fault = new Error("the disk is full");
    expect(world.boot().isActive).toBe(false);
    world.disk.fault = null;
    const controller = world.boot();
    await world.pass(0);
    expect(controller.isActive).toBe(true);
    expect(controller.committedImage.features.metadataVersion).toBe(25);
    expect(controller.highWatermark).toBe(controller.committedEnd);
  });

  test("gathers what arrives while a round is under way into the next one", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const before = world.disk.batches;
    const outcomes = ["a", "b", "c", "d"].map((value) =>
      world.submit(controller, setConfig(value)),
    );
    expect(await Promise.all(outcomes)).toMatchObject([
      { kind: "committed", response: "a" },
      { kind: "committed", response: "b" },
      { kind: "committed", response: "c" },
      { kind: "committed", response: "d" },
    ]);
    expect(world.disk.batches - before).toBe(2);
  });

  test("appends what is submitted together as one batch, also when no round is under way", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const before = world.disk.batches;
    const outcomes: Promise<unknown>[] = [];
    controller.together(() => {
      for (const value of ["a", "b", "c"])
        outcomes.push(world.submit(controller, setConfig(value)));
      expect(world.disk.batches).toBe(before);
    });
    expect(world.disk.batches).toBe(before + 1);
    expect(await Promise.all(outcomes)).toMatchObject([
      { kind: "committed", response: "a" },
      { kind: "committed", response: "b" },
      { kind: "committed", response: "c" },
    ]);
  });

  test("appends what was submitted together when the work throws half way", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const before = world.disk.batches;
    const submitted: Promise<unknown>[] = [];
    const work = (): void => {
      submitted.push(world.submit(controller, setConfig("a")));
      throw new Error("half way");
    };
    expect(() => controller.together(work)).toThrow("half way");
    expect(await submitted[0]).toMatchObject({ kind: "committed" });
    expect(world.disk.batches).toBe(before + 1);
  });

  test("dies with its epoch: what waits is answered, and nothing runs in it any more", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const waiting = ["a", "b"].map((value) => world.submit(controller, setConfig(value)));
    controller.stop();
    expect(await waiting[1]).toEqual({ kind: "not-controller" });
    expect(controller.isActive).toBe(false);
    const end = world.disk.endOffset();
    expect(await world.submit(controller, setConfig("c"))).toEqual({ kind: "not-controller" });
    await world.pass(600_000);
    expect(world.disk.endOffset()).toBe(end);
  });

  test("begins anew in a later epoch, with everything committed before", async () => {
    const world = new World();
    const first = await world.inOffice();
    await world.submit(first, setConfig("kept"));
    const { epoch } = first.state.election;
    first.stop();
    const second = await world.inOffice();
    expect(second.isActive).toBe(true);
    expect(second.state.election.epoch).toBeGreaterThan(epoch);
    expect(second.committedImage.configs).toEqual(first.committedImage.configs);
  });
});

describe("a heartbeat", () => {
  test("looks at no other broker: the timer that it postpones is left to fire early", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const brokers: (() => Promise<unknown>)[] = [];
    for (let id = 0; id < 20; id += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each registration sees the one before
      brokers.push(await brokerOf(controller, id));
    }
    await world.pass(1_000);
    const scans = vi.spyOn(ImmutableMap.prototype, "values");
    for (const beat of brokers) {
      world.nowMs += 1;
      // oxlint-disable-next-line no-await-in-loop -- one heartbeat after the other
      await beat();
    }
    expect(scans).not.toHaveBeenCalled();
  });

  test("keeps its broker unfenced, and a silent broker is fenced when its session is over", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const beat = await brokerOf(controller, 1);
    await brokerOf(controller, 2);
    const silentSinceMs = world.nowMs;
    for (let second = 1; second <= 9; second += 1) {
      // oxlint-disable-next-line no-await-in-loop -- time passes between heartbeats
      await world.pass(1_000);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await beat();
    }
    expect(fencedBrokers(controller)).toEqual([]);
    await world.pass(silentSinceMs + 9_001 - world.nowMs);
    expect(fencedBrokers(controller)).toEqual([2]);
    await world.pass(9_000);
    expect(fencedBrokers(controller)).toEqual([1, 2]);
    expect(world.lines).toEqual([]);
  });
});

describe("the voters", () => {
  test("that an operation sees are those of the log, whatever the entry says by now", async () => {
    const world = new World();
    (await world.inOffice()).stop();
    const others = [3001, 3002].map((id) => voterOf(id));
    const grown = { ...CLUSTER, initial_voters: [...CLUSTER.initial_voters, ...others] };
    const controller = await world.inOffice(grown);
    const seen = { response: { controllers: [{ id: 3000, endpoints: [{ port: 9093 }] }] } };
    expect(await world.submit(controller, lookAround)).toMatchObject(seen);
    expect(controller.read(lookAround, 0)).toMatchObject(seen);
  });
});

describe("a step that cannot be stored", () => {
  test("stops the controller, keeps nothing of it and asks for a restart", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const end = world.disk.endOffset();
    world.disk.fault = new Error("the disk is full");
    expect(await world.submit(controller, setConfig("a"))).toEqual({ kind: "abandoned" });
    expect(world.failures).toMatchObject([{ tripped: null }]);
    expect(world.disk.endOffset()).toBe(end);
    world.disk.fault = null;
    expect((await world.inOffice()).isActive).toBe(true);
  });
});

describe("a wait for the next commit", () => {
  test("ends when its caller hangs up, at the next commit, and when its time is over", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const ended: string[] = [];
    controller.nextCommit(30_000, () => ended.push("hung up"))();
    expect(ended).toEqual(["hung up"]);
    controller.nextCommit(30_000, () => ended.push("committed"));
    await world.submit(controller, setConfig("a"));
    expect(ended).toEqual(["hung up", "committed"]);
    controller.nextCommit(10, () => ended.push("over"));
    await world.pass(10);
    expect(ended).toEqual(["hung up", "committed", "over"]);
  });
});

describe("a clock that jumps", () => {
  // One of three, whose peers are away: it goes on asking for votes without end.
  const voters = [3000, 3001, 3002].map((node_id) => ({ ...VOTER, node_id }));

  test("ahead for a moment, and then back, stops no timer of a controller", async () => {
    const world = new World();
    const controller = world.boot({ ...CLUSTER, initial_voters: voters });
    world.nowMs += 86_400_000;
    controller.onDeadline();
    world.clockBehindMs = 86_400_000;
    controller.onDeadline();
    const before = controller.state.now;
    const roles = new Set<string>();
    for (let at = 0; at < 20; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- time passes step by step
      await world.pass(250);
      roles.add(controller.state.role.kind);
    }
    expect(roles).toEqual(new Set(["unattached", "prospective"]));
    expect(controller.state.now - before).toBeGreaterThanOrEqual(4_000);
  });

  test.each(["nobody", "somebody"])(
    "back, while timers run and %s calls, makes nothing wait once more (T-7)",
    async (who) => {
      const world = new World();
      world.peersHang = true;
      const controller = world.boot({ ...CLUSTER, initial_voters: voters });
      const before = controller.state.now;
      await world.pass(900);
      world.clockBehindMs = 3_600_000;
      // By the clock no time has passed then.
      if (who === "somebody") controller.onDeadline();
      await world.pass(9_100);
      controller.onDeadline();
      const passed = controller.state.now - before;
      expect(passed).toBeGreaterThanOrEqual(9_990);
      expect(passed).toBeLessThanOrEqual(10_010);
    },
  );
});

describe("the alarm", () => {
  test("is left to fire while the controller is awake, and set anew when it has", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const first = world.alarmAtMs;
    const seen = new Set<number>();
    for (let second = 0; second < 90; second += 1) {
      // oxlint-disable-next-line no-await-in-loop -- time passes second by second
      await world.pass(1_000);
      controller.onDeadline();
      expect(world.alarmAtMs).toBeGreaterThan(world.nowMs);
      seen.add(world.alarmAtMs);
    }
    expect([...seen]).toEqual([first, first + 45_000, first + 90_000]);
    expect(world.alarmsFired).toBe(2);
  });

  test("that is lost is set anew, for a moment that differs from its old one", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const lost = world.alarmAtMs;
    world.alarmAtMs = Number.POSITIVE_INFINITY;
    await world.pass(lost + 5_000 - world.nowMs);
    controller.onDeadline();
    expect(world.alarmAtMs).toBe(world.nowMs + 1_000);
    await world.pass(1_000);
    expect(world.alarmsFired).toBe(1);
  });
});

/** A log that `controller` would have after `count` more commits of one record each. */
function longLog(controller: Controller, count: number): readonly StoredBatch[] {
  const { endOffset } = controller.state.log;
  const { epoch } = controller.state.election;
  return Array.from({ length: count }, (_, at) => {
    const baseOffset = endOffset + at;
    const value = encodeMetadataRecord(
      ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name: "a", value: String(at) }),
    );
    const bytes = dataBatch({ baseOffset, values: [value], timestampMs: 0 }, epoch);
    return { baseOffset, lastOffset: baseOffset, epoch, control: false, bytes };
  });
}

describe("the replay of a long log", () => {
  const COMMITS = 30_000;

  async function bootLong(): Promise<{ world: World; logBytes: number }> {
    const world = new World();
    const first = await world.inOffice();
    const batches = longLog(first, COMMITS);
    first.stop();
    world.disk.load(batches);
    return { world, logBytes: batches.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) };
  }

  test("never takes one event for long, and is led and served when it is done", async () => {
    const { world, logBytes } = await bootLong();
    const controller = world.boot();
    await world.pass(10_000);
    expect(world.longestEventBytes).toBeLessThan(logBytes / 20);
    expect(controller.isActive).toBe(true);
    expect(controller.committedEnd).toBe(controller.highWatermark);
    expect(await world.submit(controller, setConfig("after"))).toMatchObject({ kind: "committed" });
  });

  test("leaves the quorum alive: requests are answered in between, reads and writes are not", async () => {
    const { world } = await bootLong();
    const controller = world.boot();
    let between = 0;
    const answers: unknown[] = [];
    world.afterEvent = () => {
      if (controller.state.role.kind !== "leader" || controller.isActive) return;
      if (controller.committedEnd === controller.highWatermark) return;
      between += 1;
      if (between !== 3) return;
      expect(controller.read(lookAround, 0)).toEqual({ kind: "not-controller" });
      controller.submit(setConfig("early"), 0, (outcome) => answers.push(outcome));
      const { election, log } = controller.state;
      const vote = {
        api: "vote",
        clusterId: CLUSTER.cluster_id,
        receiver: null,
        candidate: { id: 3001, directoryId: "MvDxzVmcRsaTz33bUuRU6A" },
        epoch: election.epoch,
        logEnd: { offset: log.endOffset, epoch: election.epoch },
        preVote: true,
      } as const;
      controller.ask(vote, (reply) => answers.push(reply));
    };
    await world.pass(10_000);
    expect(between).toBeGreaterThan(20);
    expect(answers).toMatchObject([{ kind: "not-controller" }, { api: "vote", error: "NONE" }]);
  });

  test("holds up a change of the voters, which has its place in the log afterwards (M-11)", async () => {
    const { world } = await bootLong();
    const controller = world.boot();
    const answers: unknown[] = [];
    let asked = 0;
    world.afterEvent = () => {
      if (controller.state.role.kind !== "leader" || controller.isActive || asked > 0) return;
      asked += 1;
      const { local } = controller.state.config;
      const endpoints = local.endpoints.map((endpoint) => ({ ...endpoint, host: "elsewhere" }));
      const update = {
        api: "update-raft-voter",
        clusterId: CLUSTER.cluster_id,
        epoch: controller.state.election.epoch,
        voter: local.key,
        endpoints,
        kraftVersions: local.kraftVersions,
      } as const;
      controller.ask(update, (reply) => answers.push(reply));
      expect(answers).toEqual([]);
    };
    await world.pass(10_000);
    expect(asked).toBe(1);
    expect(answers).toMatchObject([{ api: "update-raft-voter", error: "NONE" }]);
    expect(world.failures).toEqual([]);
    expect(await world.submit(controller, setConfig("after"))).toMatchObject({ kind: "committed" });
  });

  test("takes a large batch in parts, and shows nothing of it before its end", async () => {
    const world = new World();
    const first = await world.inOffice();
    const { endOffset } = first.state.log;
    const { epoch } = first.state.election;
    const values = Array.from({ length: 9_999 }, (_, at) =>
      encodeMetadataRecord(
        ConfigRecord.of(0, { resourceType: 2, resourceName: `t${at}`, name: "a", value: "b" }),
      ),
    );
    const bytes = dataBatch({ baseOffset: endOffset, values, timestampMs: 9 }, epoch);
    const lastOffset = endOffset + values.length - 1;
    first.stop();
    world.disk.load([{ baseOffset: endOffset, lastOffset, epoch, control: false, bytes }]);
    const controller = world.boot();
    const ends: number[] = [];
    world.afterEvent = () => ends.push(controller.committedEnd);
    await world.pass(0);
    expect(ends.filter((end) => end === endOffset).length).toBeGreaterThan(5);
    expect(ends.filter((end) => end > endOffset && end <= lastOffset)).toEqual([]);
    const { configs, provenance } = controller.committedImage;
    expect(configs.size).toBe(values.length);
    expect(provenance.timestampMs).toBe(9);
  });

  test("ends with the controller that was stopped meanwhile", async () => {
    const { world } = await bootLong();
    const controller = world.boot();
    await world.pass(0);
    const { bytesRead } = world.disk;
    controller.stop();
    await world.pass(10_000);
    expect(world.disk.bytesRead).toBe(bytesRead);
  });
});

describe("a log that cannot be replayed", () => {
  test("because a row is gone trips the controller: a hole is never stepped over (I-15)", async () => {
    const world = new World();
    const first = await world.inOffice();
    const { endOffset } = first.state.log;
    world.disk.load(longLog(first, 3));
    first.stop();
    world.disk.loseBatchAt(endOffset + 1);
    world.boot();
    await world.pass(10_000);
    const tripped = `the log should go on at ${endOffset + 1}, and its next batch begins at ${endOffset + 2}`;
    expect(world.failures).toMatchObject([{ tripped }]);
  });

  test("because this build does not know a record trips it with the offset and the reason", async () => {
    const world = new World();
    const first = await world.inOffice();
    const { endOffset } = first.state.log;
    const { epoch } = first.state.election;
    // Frame version 1, type 99, version 0: a record of a release to come.
    const value = Uint8Array.of(1, 99, 0);
    const bytes = dataBatch({ baseOffset: endOffset, values: [value], timestampMs: 0 }, epoch);
    world.disk.load([
      { baseOffset: endOffset, lastOffset: endOffset, epoch, control: false, bytes },
    ]);
    first.stop();
    world.boot();
    await world.pass(10_000);
    expect(world.failures).toHaveLength(1);
    expect(world.failures[0]?.tripped).toMatch(
      new RegExp(`^this build cannot replay the committed batch at ${endOffset}: .*99`),
    );
  });
});

const voterOf = (nodeId: number) => ({
  node_id: nodeId,
  directory_id: "MvDxzVmcRsaTz33bUuRU6A",
  host: "localhost",
  port: nodeId,
});

const fencedBrokers = (controller: Controller): readonly number[] =>
  [...controller.committedImage.cluster.brokers.values()]
    .filter(({ fenced }) => fenced)
    .map(({ id }) => id);

describe("a read whose answer is a passing one", () => {
  test("is held back, and made again at the next commit", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const end = controller.committedEnd;
    const settled = controller.readSettled(lookAround, 0, ({ nextOffset }) => nextOffset === end);
    await world.submit(controller, setConfig("a"));
    expect(await settled).toMatchObject({ kind: "committed", response: { nextOffset: end + 1 } });
  });

  test("is answered as it is once a bound has passed", async () => {
    const world = new World();
    const controller = await world.inOffice();
    let hasAnswered = false;
    const settled = controller
      .readSettled(lookAround, 0, () => true)
      .finally(() => {
        hasAnswered = true;
      });
    await world.pass(1_999);
    expect(hasAnswered).toBe(false);
    await world.pass(1);
    expect(await settled).toMatchObject({ kind: "committed" });
  });
});
