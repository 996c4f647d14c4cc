/**
 * `npm run bench [-- boot | snapshots [--largest] | commit | frames | link | peers | reads | feed | brokers | failover
 * [--rounds N] [--cases a,b] | kraft [--rounds N] [--cases a,b] [--json FILE] [--svg FILE] [--page FILE] | cost
 * [--seconds N] [--brokers N] [--gateways N] [--life awake|asleep] [--factor F]]`: ratios within one run, and times of
 * one machine; nothing here passes or fails, but for `cost`, which counts. Without a name, all but brokers, failover,
 * kraft and cost, which take twelve to twenty minutes each.
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

const { positionals: wanted, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    brokers: { type: "string" },
    gateways: { type: "string" },
    life: { type: "string" },
    factor: { type: "string" },
    rounds: { type: "string" },
    cases: { type: "string" },
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
  brokers,
  failover: () => failover(options),
  kraft: () => kraft(options),
  cost: () => cost(options),
};
const BY_NAME_ALONE: ReadonlySet<string> = new Set(["brokers", "failover", "kraft", "cost"]);

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
