/**
 * A broker that dies while the quorum sleeps: it is found by the end of its session, and the quorum sleeps again. A
 * producer keeps writing meanwhile, which is no concern of a controller's.
 */
import type { Cluster } from "../cluster.ts";
import { inSync, movedFrom } from "../recovery.ts";
import { expect, type Step } from "../step.ts";
import { fencingsSince, underLoad } from "../under-load.ts";
import { seconds, timed, until } from "../../../local/until.ts";

/** Of Kafka's own session, a second to look, and what a machine with much else to do may add. */
const FENCED_ASLEEP_MS = 9_000 + 1_000 + 5_000;
/** Ten seconds of quiet, after what a broker that has just started still writes. */
const ASLEEP_MS = 60_000;

interface Sleeping {
  readonly controllers: readonly {
    readonly sleep: { readonly asleep_since_ms: number | null; readonly count: number } | null;
  }[];
}

/** Waits until every controller sleeps; how often they have fallen asleep, in all. */
async function untilAsleep(cluster: Cluster): Promise<number> {
  return until("every controller sleeps", { withinMs: ASLEEP_MS }, async () => {
    const { body } = await cluster.quorum.cluster.get<Sleeping>("quorum");
    const sleeps = body.controllers.map(({ sleep }) => sleep);
    const isNight = sleeps.every((sleep) => (sleep?.asleep_since_ms ?? null) !== null);
    return isNight ? sleeps.reduce((sum, sleep) => sum + (sleep?.count ?? 0), 0) : undefined;
  });
}

export const night: Step = {
  title: "night: a broker is killed while the quorum sleeps",
  run: (cluster) =>
    underLoad(cluster, "night", async (topic) => {
      const sleptMs = await timed(() => untilAsleep(cluster));
      const { high_watermark: from } = await cluster.quorum.cluster.quorum();
      const before = await untilAsleep(cluster);
      const broker = cluster.brokerOf(2);
      await broker.kill();
      try {
        const movedMs = await movedFrom(2, cluster, { topic, withinMs: FENCED_ASLEEP_MS });
        const after = await untilAsleep(cluster);
        expect(after > before, "the quorum was woken, and sleeps again", `${before} ${after}`);
        const fencings = await fencingsSince(cluster, from);
        expect(fencings.length === 1, "nobody else is fenced", JSON.stringify(fencings));
        return `asleep after ${seconds(sleptMs)}, leaders moved ${seconds(movedMs)} after the kill`;
      } finally {
        await broker.start();
        await inSync(cluster, topic);
      }
    }),
};
