/**
 * `npm run fix`: formats every file and applies the fixes that lint calls safe. `npm run check` judges.
 */
import { runAll } from "./commands.ts";

const ok = await runAll([
  { title: "lint", command: "oxlint", args: ["--type-aware", "--fix", "."] },
  { title: "format", command: "oxfmt", args: ["."] },
]);
process.exitCode = ok ? 0 : 1;
