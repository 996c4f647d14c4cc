/**
 * How long the first write takes that wakes a quorum: one whose leader is still in memory, and one whose objects the
 * runtime has dropped in their sleep, so that there is an election first. Beside them a write to one that is awake.
 */
import { setTimeout as pause } from "node:timers/promises";
import { jsonBroker } from "../client/json-broker.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import { quantile } from "./quantile.ts";

const QUIET_MS = 1_000;
/** workerd drops an object that nobody has called for ten seconds, if it waits for nothing. */
const DROPPED_MS = 13_000;
const LOOK_MS = 100;

const WAYS = [
  { title: "awake", rounds: 40, sleepMs: null },
  { title: "asleep, in memory", rounds: 40, sleepMs: 0 },
  { title: "asleep, dropped from memory", rounds: 12, sleepMs: DROPPED_MS },
] as const;

export async function wake(): Promise<void> {
  const quorum = await startQuorum({ config: "bench/wrangler.toml" });
  try {
    await changeSetting(quorum);
    const epoch = await jsonBroker(quorum.cluster, 1).register();
    console.log("| the quorum is | writes | p50 ms | p99 ms | elections |");
    console.log("| :--- | ---: | ---: | ---: | ---: |");
    for (const way of WAYS) console.log(await row(quorum, epoch, way));
  } finally {
    await quorum.stop();
  }
}

async function row(
  quorum: Quorum,
  brokerEpoch: number,
  { title, rounds, sleepMs }: (typeof WAYS)[number],
): Promise<string> {
  const { cluster } = quorum;
  const before = await cluster.quorum();
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (sleepMs !== null) {
      await untilAsleep(quorum);
      await pause(sleepMs);
    }
    const beganMs = performance.now();
    await cluster.rpc("AllocateProducerIds", { brokerId: 1, brokerEpoch }, 0);
    tookMs.push(performance.now() - beganMs);
  }
  const after = await cluster.quorum();
  const elections = after.leader_epoch - before.leader_epoch;
  const [half, most] = [quantile(tookMs, 0.5), quantile(tookMs, 0.99)];
  return `| ${[title, rounds, half.toFixed(0), most.toFixed(0), elections].join(" | ")} |`;
}

async function changeSetting({ edge, formed }: Quorum): Promise<void> {
  const response = await edge.fetch(`/kafka/v3/clusters/${formed.cluster_id}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ settings: { "controller.quorum.sleep.after.ms": QUIET_MS } }),
  });
  if (!response.ok) throw new Error(`settings: ${response.status} ${await response.text()}`);
}

async function untilAsleep({ edge, formed }: Quorum): Promise<void> {
  for (;;) {
    const response = await edge.fetch(`/health/ready?cluster_id=${formed.cluster_id}`);
    if ((await response.text()).includes('"asleep":true')) return;
    await pause(LOOK_MS);
  }
}
