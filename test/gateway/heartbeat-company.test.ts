/** For how long heartbeats wait for each other, and that it is the controller that answers them. */
import { describe, expect, test } from "vitest";
import { HeartbeatCompany } from "../../gateway/observer/heartbeat-company.ts";
import { ObservedStream, type LinkedFrames } from "../../gateway/observer/observed-stream.ts";
import {
  BrokerHeartbeat,
  requestFrame,
  type BrokerHeartbeatRequest,
} from "../../src/protocol/index.ts";
import { CLUSTER } from "../controller/world.ts";
import { DIRECTORY, NODE_ID, observing } from "./observed.ts";

const beatOf = (said: Partial<BrokerHeartbeatRequest>): BrokerHeartbeatRequest => ({
  brokerId: 1,
  brokerEpoch: 1,
  currentMetadataOffset: 1,
  wantFence: false,
  wantShutDown: false,
  offlineLogDirs: [],
  cordonedLogDirs: null,
  ...said,
});

describe("heartbeats (LK-2)", () => {
  test("wait for those of others, and not while one broker beats", () => {
    let now = 0;
    const company = new HeartbeatCompany(100, () => now);
    const at = (ms: number, brokerId: number): number => {
      now = ms;
      return company.waitOf(beatOf({ brokerId }));
    };
    expect([at(0, 1), at(2_000, 1)]).toEqual([0, 0]);
    expect([at(2_100, 2), at(4_000, 1), at(4_100, 2)]).toEqual([0, 100, 100]);
    expect(at(13_000, 1)).toBe(100);
    expect(at(15_000, 1)).toBe(0);
  });

  test("of whoever beats in a loop wait, whatever he calls himself, and others are not held up for long", () => {
    let now = 0;
    const company = new HeartbeatCompany(100, () => now);
    let atOnce = 0;
    for (let nth = 0; nth < 60_000; nth += 1) {
      now = nth;
      const beat = beatOf({ brokerId: nth % 7, brokerEpoch: nth, wantFence: nth % 2 === 0 });
      if (company.waitOf(beat) === 0) atOnce += 1;
    }
    // In a minute: what a cluster may start with, and twenty a second.
    expect(atOnce).toBeGreaterThan(1_600);
    expect(atOnce).toBeLessThanOrEqual(500 + 60 * 20);
    now += 1_000;
    expect(company.waitOf(beatOf({ brokerId: 9_000 }))).toBe(0);
  });

  test("do not wait when they come early", () => {
    let now = 0;
    const company = new HeartbeatCompany(100, () => now);
    const both = (): number[] =>
      [1, 2].map((brokerId) => company.waitOf(beatOf({ brokerId, currentMetadataOffset: now })));
    expect(both()).toEqual([0, 0]);
    now = 499;
    expect(both()).toEqual([0, 0]);
    now = 999;
    expect(both()).toEqual([100, 100]);
  });

  test.each<[string, Partial<BrokerHeartbeatRequest>, number]>([
    ["that it is another registration's", { brokerEpoch: 2 }, 0],
    ["that a directory is gone", { offlineLogDirs: [DIRECTORY] }, 0],
    ["that a directory is cordoned", { cordonedLogDirs: [DIRECTORY] }, 0],
    ["that it wants to stop", { wantShutDown: true }, 0],
    ["that it wants to be fenced", { wantFence: true }, 0],
    ["only how far it has read", { currentMetadataOffset: 100 }, 100],
  ])("wait, but for one that says %s", (_, news, waitMs) => {
    let now = 0;
    const company = new HeartbeatCompany(100, () => now);
    for (const brokerId of [1, 2]) company.waitOf(beatOf({ brokerId }));
    now = 2_000;
    expect(company.waitOf(beatOf({ brokerId: 1, ...news }))).toBe(waitMs);
    now = 4_000;
    // What is asked again is asked for all the same.
    const asks = news.wantFence === true || news.wantShutDown === true;
    expect(company.waitOf(beatOf({ brokerId: 1, ...news }))).toBe(asks ? 0 : 100);
  });

  test("are sent on, with the time that they may wait, and are never answered here", async () => {
    let now = 0;
    const { observer, place } = await observing({ clock: () => now });
    const waits: number[] = [];
    const frames: LinkedFrames = {
      place,
      send: (frame, _, waitMs = -1) => {
        waits.push(waitMs);
        return Promise.resolve(frame);
      },
      end: () => undefined,
    };
    const streams = [1, 2].map(
      () =>
        new ObservedStream({ observer, clusterId: CLUSTER.cluster_id, nodeId: NODE_ID, frames }),
    );
    for (now of [0, 2_000]) {
      for (const [brokerId, stream] of streams.entries()) {
        const frame = requestFrame(
          BrokerHeartbeat,
          { apiVersion: 1, correlationId: 1, clientId: null },
          beatOf({ brokerId }),
        );
        expect(await stream.send(frame, new AbortController().signal)).toBe(frame);
      }
    }
    expect(waits).toEqual([0, 0, 100, 100]);
  });
});
