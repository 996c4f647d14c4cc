/**
 * `npm run bench [-- NAME …]`, where a name is one of boot, snapshots [--largest], commit, frames, link, peers, wake,
 * reads, feed, brokers, failover [--rounds N] [--cases a,b], cost [--minutes N] and kraft [--rounds N] [--cases a,b]
 * [--json FILE] [--svg FILE] [--page FILE]. Ratios within one run, and times of one machine; nothing here passes or
 * fails. Without a name, all but brokers, cost, failover and kraft, which take twelve to twenty minutes each.
 */
import { parseArgs } from "node:util";
import { boot } from "./boot.ts";
import { commit } from "./commit.ts";
import { cost } from "./cost.ts";
import { failover } from "./failover.ts";
import { feed } from "./feed.ts";
import { frames } from "./frames.ts";
import { kraft } from "./kraft.ts";
import { reads } from "./reads.ts";
import { brokers } from "./brokers.ts";
import { link } from "./link.ts";
import { peers } from "./peers.ts";
import { snapshots } from "./snapshots.ts";
import { wake } from "./wake.ts";

const { positionals: wanted, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    cases: { type: "string" },
    minutes: { type: "string" },
    largest: { type: "boolean" },
    json: { type: "string" },
    svg: { type: "string" },
    page: { type: "string" },
  },
});

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  boot,
  snapshots: () => snapshots(options),
  commit,
  frames,
  reads,
  feed,
  link,
  peers,
  wake,
  brokers,
  cost: () => cost(options),
  failover: () => failover(options),
  kraft: () => kraft(options),
};
const BY_NAME_ALONE: ReadonlySet<string> = new Set(["brokers", "cost", "failover", "kraft"]);

const unknown = wanted.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`no bench is called ${unknown}; there are ${Object.keys(BENCHES).join(", ")}`);
  process.exit(1);
}
// An exit ends the runtime as well; a signal by itself would leave it behind.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, () => {
    console.error(`ended by ${signal}`);
    process.exit(1);
  });
}
for (const [name, run] of Object.entries(BENCHES)) {
  if (wanted.length > 0 ? !wanted.includes(name) : BY_NAME_ALONE.has(name)) continue;
  console.log(`\n${name}\n`);
  await run();
}
