/**
 * Eligible leader replicas (KIP-966) under real brokers: with `min.insync.replicas` at 2 all three are lost one after the
 * other, and come back in the worst order. Nobody leads who may lack an acknowledged record; where an operator wants a
 * leader all the same, `kafka-leader-election` makes one.
 */
import type { Partition } from "../../../client/cluster-client.ts";
import type { Cluster } from "../cluster.ts";
import { readBack, startLoad } from "../load.ts";
import { expect, type Step } from "../step.ts";
import { SkippedError } from "../table.ts";
import { freshName } from "../under-load.ts";

const PER_SECOND = 100;
const LIVELY_MS = 60_000;
/** A session of 9 s, and a broker that boots on a busy machine. */
const SETTLED_MS = 60_000;

const sameIds = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && others.every((id) => some.includes(id));

/** A partition that nobody leads, with these who may. */
const leaderless =
  (eligible: readonly number[]) =>
  ({ leader_id: leader, isr_ids: isr, elr_ids: elr }: Partition): boolean =>
    leader === -1 && isr.length === 0 && sameIds(elr, eligible);

async function assertIsOn(cluster: Cluster): Promise<void> {
  const { output } = await cluster.viaControllers("kafka-features", ["describe"]);
  const line = output.split("\n").find((text) => text.includes("eligible.leader.replicas.version"));
  if (line?.includes("FinalizedVersionLevel: 1") !== true)
    throw new SkippedError(`not finalized with ${cluster.kafka.version}`);
}

const lostAndBack: Step = {
  title: "eligible replicas: all three are lost, and come back in the worst order",
  run: async (cluster) => {
    await assertIsOn(cluster);
    const { transcript } = cluster;
    const [kept, given] = [freshName("kept"), freshName("given")];
    await cluster.createTopic(kept, 3);
    const assignment = ["--create", "--topic", given, "--replica-assignment", "1:2:3"];
    await cluster.viaBrokers("kafka-topics", [...assignment, "--config", "min.insync.replicas=1"]);
    const [first, second, third] = [1, 2, 3].map(cluster.brokerOf);
    if (first === undefined || second === undefined || third === undefined) return "";

    const load = await startLoad(cluster, kept, PER_SECOND);
    await load.moreAcknowledged(PER_SECOND, LIVELY_MS);
    await third.shutDown();
    // What is acknowledged from here on is on the two others alone.
    await load.moreAcknowledged(PER_SECOND, LIVELY_MS);
    const { acknowledged } = await load.stop();
    await second.kill();
    await cluster.untilPartitions(
      kept,
      "broker 1 alone in sync, and broker 2 eligible",
      SETTLED_MS,
      ({ isr_ids: isr, elr_ids: elr }) => sameIds(isr, [1]) && sameIds(elr, [2]),
    );
    await first.shutDown();
    await cluster.untilPartitions(kept, "nobody leads", SETTLED_MS, leaderless([1, 2]));

    // It was away while records were acknowledged.
    await third.start();
    await cluster.untilPartitions(given, "nobody leads this one", SETTLED_MS, leaderless([1]));
    transcript.heading("eligible leader replicas");
    await cluster.viaBrokers("kafka-topics", ["--describe", "--topic", kept], { transcript });
    const wanted = ["--election-type", "unclean", "--topic", given, "--partition", "0"];
    await cluster.viaBrokers("kafka-leader-election", wanted, { transcript });
    await cluster.untilPartitions(
      given,
      "broker 3 leads uncleanly",
      SETTLED_MS,
      ({ leader_id: leader, isr_ids: isr, elr_ids: elr }) =>
        leader === 3 && sameIds(isr, [3]) && elr.length === 0,
    );
    const still = await cluster.partitions(kept);
    expect(still.every(leaderless([1, 2])), "nobody else is elected", JSON.stringify(still));

    // It was killed, and may have lost the end of its logs.
    await second.start();
    await cluster.untilPartitions(kept, "broker 2 trusted no more", SETTLED_MS, leaderless([1]));
    await first.start();
    await cluster.untilPartitions(
      kept,
      "three in sync",
      SETTLED_MS,
      ({ isr_ids: isr, elr_ids: elr }) => isr.length === 3 && elr.length === 0,
    );
    const there = new Set(await readBack(cluster, kept));
    const lost = acknowledged.filter((value) => !there.has(value));
    expect(lost.length === 0, "every acknowledged record is read back", `${lost.length} lost`);
    return `${acknowledged.length} acknowledged and read back; another topic was given up to broker 3`;
  },
};

export const eligibleReplicasSteps: readonly Step[] = [lostAndBack];
