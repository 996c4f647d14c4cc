/**
 * Failures, under a producer that never stops: brokers, controllers and the edge are killed, suspended and restarted.
 * Nothing acknowledged may be lost, and leaders, ISR and the quorum recover by themselves.
 */
import type { Cluster } from "../cluster.ts";
import type { Broker } from "../broker.ts";
import { inSync, movedFrom } from "../recovery.ts";
import { expect, type Step } from "../step.ts";
import { fencingsSince, freshName, nextCreation, underLoad } from "../under-load.ts";
import { seconds, timed, until } from "../../../local/until.ts";
import { setTimeout as pause } from "node:timers/promises";

/** Kafka's session timeout is 9 s; fencing and electing come after it. */
const FENCED_MS = 25_000;
const CUT_MS = 60_000;

/** Starts a broker that is down, so that the next step finds three. */
async function back(broker: Broker): Promise<void> {
  if (!broker.isRunning()) await broker.start();
}

const failover: Step = {
  title: "life: the active controller restarts",
  short: true,
  run: (cluster) =>
    underLoad(cluster, "failover", async () => {
      const before = await cluster.quorum.cluster.quorum();
      const fallen = await cluster.quorum.restartLeader();
      const ms = await nextCreation(cluster);
      const after = await cluster.quorum.cluster.quorum();
      expect(
        after.leader_epoch > before.leader_epoch,
        "a new epoch",
        JSON.stringify({ before, after }),
      );
      return `controller ${fallen} fell, ${after.leader_id} leads; next creation after ${seconds(ms)}`;
    }),
};

const killed: Step = {
  title: "life: a broker is killed and comes back",
  run: (cluster) =>
    underLoad(cluster, "killed", async (topic) => {
      const broker = cluster.brokerOf(2);
      await broker.kill();
      try {
        const movedMs = await movedFrom(2, cluster, { topic, withinMs: FENCED_MS });
        await broker.start();
        const syncMs = await inSync(cluster, topic);
        return `leaders moved after ${seconds(movedMs)}, in sync ${seconds(syncMs)} after its start`;
      } finally {
        await back(broker);
      }
    }),
};

const quickly: Step = {
  title: "life: a broker restarts within its session",
  run: (cluster) =>
    underLoad(cluster, "quick", async (topic) => {
      const broker = cluster.brokerOf(3);
      await broker.kill();
      const ms = await timed(() => broker.start());
      await inSync(cluster, topic);
      return `serving again after ${seconds(ms)}`;
    }),
};

/** Configs of a topic that may have any value beyond a year, so that a write can change all of them. */
const LONG_TIMES = [
  "delete.retention.ms",
  "file.delete.delay.ms",
  "flush.ms",
  "max.compaction.lag.ms",
  "retention.ms",
  "segment.ms",
];
const YEARS_MS = 1_000_000_000_000;

/**
 * Waits until every controller has cut its log above `offset`, changing configs of `topic` meanwhile: a topic for each
 * write would fill brokers' memory. Where the log begins then.
 */
async function cutAbove(cluster: Cluster, topic: string, offset: number): Promise<number> {
  let valueMs = YEARS_MS;
  return until(`the log is cut above ${offset}`, { withinMs: CUT_MS, everyMs: 50 }, async () => {
    const { body } = await cluster.quorum.cluster.get<{
      readonly controllers: readonly { readonly log_start_offset: number }[];
    }>("quorum");
    const start = Math.min(...body.controllers.map((each) => each.log_start_offset));
    if (start > offset) return start;
    valueMs += 1;
    const value = String(valueMs);
    const configs = LONG_TIMES.map((name) => ({ name, configOperation: 0, value }));
    const resources = [{ resourceType: 2, resourceName: topic, configs }];
    const answer = await cluster.quorum.cluster.rpc<{
      readonly responses: readonly { readonly errorCode: number }[];
    }>("IncrementalAlterConfigs", { resources, validateOnly: false });
    const isWritten = answer.body.responses.every(({ errorCode }) => errorCode === 0);
    expect(isWritten, "the configs are written", JSON.stringify(answer.body));
    return undefined;
  });
}

/** A log that began at `start` let the broker back in through a snapshot alone. */
async function cameBySnapshot(broker: Broker, start: number): Promise<void> {
  const ends = await broker.snapshotEnds();
  expect(
    ends.some((end) => end >= start),
    "it has fetched a snapshot",
    ends.join(" "),
  );
}

const emptyLog: Step = {
  title: "life: a broker loses its metadata log",
  short: true,
  run: (cluster) =>
    underLoad(cluster, "empty", async (topic) => {
      const start = await cutAbove(cluster, topic, 0);
      const broker = cluster.brokerOf(1);
      await broker.shutDown();
      await broker.loseMetadataLog();
      const ms = await timed(() => broker.start());
      await inSync(cluster, topic);
      await cameBySnapshot(broker, start);
      return `the log began at ${start}; caught up from a snapshot and serving after ${seconds(ms)}`;
    }),
};

const away: Step = {
  title: "life: a broker is away while the log is cut",
  run: (cluster) =>
    underLoad(cluster, "away", async (topic) => {
      const broker = cluster.brokerOf(2);
      await broker.shutDown();
      try {
        const { high_watermark: left } = await cluster.quorum.cluster.quorum();
        const start = await cutAbove(cluster, topic, left);
        const ms = await timed(() => broker.start());
        await inSync(cluster, topic);
        await cameBySnapshot(broker, start);
        return `left at ${left}, the log began at ${start}; serving after ${seconds(ms)}`;
      } finally {
        await back(broker);
      }
    }),
};

const controlled: Step = {
  title: "life: controlled shutdown",
  run: (cluster) =>
    underLoad(cluster, "controlled", async (topic) => {
      const broker = cluster.brokerOf(3);
      let clean = false;
      const ms = await timed(async () => {
        clean = await broker.shutDown();
      });
      try {
        expect(clean, "it says that its shutdown completed", broker.log());
        await cluster.untilPartitions(
          topic,
          "no leader on it",
          5_000,
          ({ leader_id: leader }) => leader !== 3,
        );
      } finally {
        await back(broker);
      }
      await inSync(cluster, topic);
      return `down in ${seconds(ms)}`;
    }),
};

const crashing: Step = {
  title: "life: a controller keeps crashing",
  run: (cluster) =>
    underLoad(cluster, "crashing", async () => {
      const { leader_id: victim } = await cluster.quorum.cluster.quorum();
      const endMs = performance.now() + 10_000;
      const creations: number[] = [];
      let crashes = 0;
      while (performance.now() < endMs) {
        await cluster.quorum.cluster.post(`controllers/${victim}:restart`).catch(() => undefined);
        crashes += 1;
        await pause(100);
        if (crashes % 10 === 0) creations.push(await nextCreation(cluster));
      }
      const { leader_id: leader } = await cluster.quorum.cluster.quorum();
      const slowest = seconds(Math.max(...creations));
      return `${victim} crashed ${crashes} times, ${leader} leads; ${creations.length} creations, slowest ${slowest}`;
    }),
};

const twoOfThree: Step = {
  title: "life: a controller is down for long",
  run: (cluster) =>
    underLoad(cluster, "twoofthree", async () => {
      const { cluster: client } = cluster.quorum;
      const { leader_id: victim } = await cluster.quorum.cluster.quorum();
      await client.post(`controllers/${victim}:stop`);
      try {
        const first = await nextCreation(cluster);
        // Longer than a session: brokers whose heartbeats depended on it would be fenced by now.
        await pause(12_000);
        const second = await nextCreation(cluster);
        const { output } = await cluster.viaBrokers("kafka-metadata-quorum", [
          "describe",
          "--status",
        ]);
        const { leader_id: leader } = await cluster.quorum.cluster.quorum();
        expect(leader !== victim, "another controller leads", output);
        return `${victim} down, ${leader} leads; creations after ${seconds(first)}, ${seconds(second)}`;
      } finally {
        await client.post(`controllers/${victim}:start`);
      }
    }),
};

const edgeKilled: Step = {
  title: "life: the whole edge is killed and restarted",
  run: (cluster) =>
    underLoad(cluster, "edge", async (topic) => {
      const before = await cluster.quorum.cluster.quorum();
      const downMs = await timed(() => cluster.quorum.crash());
      const ms = await nextCreation(cluster);
      const after = await cluster.quorum.cluster.quorum();
      expect(after.high_watermark >= before.high_watermark, "nothing committed is gone");
      await pause(12_000);
      const { output } = await cluster.viaBrokers("kafka-topics", [
        "--describe",
        "--unavailable-partitions",
      ]);
      expect(output.trim() === "", "every partition has a leader", output);
      await inSync(cluster, topic);
      return `up in ${seconds(downMs)}, creation ${seconds(ms)} later`;
    }),
};

const edgeStill: Step = {
  title: "life: the whole edge is suspended for longer than a session",
  run: (cluster) =>
    underLoad(cluster, "still", async () => {
      const { high_watermark: from } = await cluster.quorum.cluster.quorum();
      await cluster.quorum.suspend(15_000);
      const ms = await nextCreation(cluster);
      // Long enough for every broker to be heard again, and for one that was fenced to be seen.
      await pause(5_000);
      const fencings = await fencingsSince(cluster, from);
      expect(fencings.length === 0, "no broker is fenced because of it", JSON.stringify(fencings));
      return `creation ${seconds(ms)} later, no broker fenced`;
    }),
};

const down: Step = {
  title: "life: all brokers restart at once",
  run: async (cluster) => {
    const { brokers } = cluster;
    const topic = freshName("down");
    await cluster.createTopic(topic, 6);
    await Promise.all(brokers.map((broker) => broker.kill()));
    const ms = await timed(() => Promise.all(brokers.map((broker) => broker.start())));
    const syncMs = await inSync(cluster, topic);
    return `serving after ${seconds(ms)}, in sync after ${seconds(syncMs)}`;
  },
};

export const lifeSteps: readonly Step[] = [
  failover,
  killed,
  quickly,
  emptyLog,
  away,
  controlled,
  crashing,
  twoOfThree,
  edgeKilled,
  edgeStill,
  down,
];
