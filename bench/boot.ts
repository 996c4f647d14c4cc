/**
 * How long a quorum takes from the start of its nodes until it serves, by the length of its log, and how long the
 * longest event of that is. The log is given to stopped nodes, as `long-log-node.ts` says.
 */
import { formCluster } from "../client/cluster-client.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import {
  ask,
  askEvery,
  fill,
  isActive,
  leads,
  untilLevel,
  untilOne,
  write,
} from "./long-log-quorum.ts";
import { slices } from "./slices.ts";

/** No snapshot is due before so many bytes, and none by time. */
const WITHOUT_SNAPSHOTS = {
  "metadata.log.max.record.bytes.between.snapshots": 2 ** 31 - 1,
  "metadata.log.max.snapshot.interval.ms": 0,
};
const COMMITS = [1_000, 100_000, 1_000_000];

export async function boot(): Promise<void> {
  await slices();
  console.log();
  const quorum = await startQuorum({
    config: "bench/wrangler.toml",
    // Nothing but the replay: `snapshots` says what snapshots change.
    form: (edge) => formCluster(edge, { voters: 3, settings: WITHOUT_SNAPSHOTS }),
  });
  try {
    console.log(
      "| commits | log offsets | led after ms | served after ms | longest event ms | events over 50 ms, of all |",
    );
    console.log("| ---: | ---: | ---: | ---: | ---: | ---: |");
    let commits = 0;
    for (const wanted of COMMITS) {
      console.log(await row(quorum, { commits: wanted, more: wanted - commits }));
      commits = wanted;
    }
  } finally {
    await quorum.stop();
  }
}

async function row(
  quorum: Quorum,
  { commits, more }: { readonly commits: number; readonly more: number },
): Promise<string> {
  const nodes = quorum.formed.controllers.map(({ node_id }) => node_id);
  const every = (path: string) => askEvery(quorum, nodes, path);
  await untilLevel(quorum, nodes);
  await every("/stop");
  const offsets = await fill(quorum, nodes, { commits: more });
  await every("/bench-longest");
  const beganMs = performance.now();
  await every("/start");
  const ledMs = (await untilOne(quorum, nodes, leads)) - beganMs;
  const servedMs = (await untilOne(quorum, nodes, isActive)) - beganMs;
  // One isolate holds all three, and counts their events together.
  const took = await ask(quorum, { nodeId: nodes[0] ?? 0, path: "/bench-longest" });
  const events = `${Number(took["long_events"])} of ${Number(took["events"])}`;
  await write(quorum);
  return `| ${[commits, offsets, ledMs.toFixed(0), servedMs.toFixed(0), Number(took["longest_ms"]), events].join(" | ")} |`;
}
