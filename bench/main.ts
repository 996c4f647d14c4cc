/** `npm run bench [-- boot | commit | frames]`: ratios within one run; nothing here passes or fails. */
import { boot } from "./boot.ts";
import { commit } from "./commit.ts";
import { frames } from "./frames.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = { boot, commit, frames };

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`no bench is called ${unknown}; there are ${Object.keys(BENCHES).join(", ")}`);
  process.exit(1);
}
for (const [name, run] of Object.entries(BENCHES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name}\n`);
  await run();
}
