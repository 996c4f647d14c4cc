/**
 * `npm run build`: the programs as one file each, `dist/kedge.cjs` and `dist/kedge-gateway.cjs`, and in `dist/runtime`
 * what `kedge up` runs. With a name, `npm run build -- gateway` or `kedge`, that one alone; with a folder behind it,
 * there.
 */
import { join, relative } from "node:path";
import { ROOT } from "../local/checkout.ts";
import { bundleProgram, GATEWAY, KEDGE, type Program } from "../local/program-bundle.ts";
import { bundleRuntime } from "../local/runtime-build.ts";

const PROGRAMS: Readonly<Record<string, Program>> = { gateway: GATEWAY, kedge: KEDGE };

const [only, folder = join(ROOT, "dist")] = process.argv.slice(2);
if (only !== undefined && PROGRAMS[only] === undefined)
  throw new Error(`no program ${only}: there are ${Object.keys(PROGRAMS).join(" and ")}`);
for (const [name, program] of Object.entries(PROGRAMS)) {
  if (only !== undefined && name !== only) continue;
  const file = join(folder, program.name);
  const bytes = await bundleProgram(program, file);
  console.log(`${relative(process.cwd(), file)}: ${(bytes / 1024).toFixed(0)} KiB`);
  if (name !== "kedge") continue;
  const runtime = join(folder, "runtime");
  await bundleRuntime(runtime);
  console.log(`${relative(process.cwd(), runtime)}: what kedge up runs`);
}
