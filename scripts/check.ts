/**
 * `npm run check`: formatting, lint with types and the fences between folders, type-check, the house rules. It writes
 * nothing but type declarations under `dist/types`, which git ignores; `npm run fix` writes.
 */
import { runAll } from "./commands.ts";

const ok = await runAll([
  { title: "format", command: "oxfmt", args: ["--check", "."] },
  { title: "lint", command: "oxlint", args: ["--type-aware", "."] },
  { title: "types of the product and its fences", command: "tsc", args: ["-b"] },
  { title: "types of the bench's Worker", command: "tsc", args: ["-p", "tsconfig.edge.json"] },
  {
    title: "types of commands, benches and tests",
    command: "tsc",
    args: ["-p", "tsconfig.node.json"],
  },
  {
    title: "types in the objects' tests",
    command: "tsc",
    args: ["-p", "tsconfig.workers-tests.json"],
  },
  {
    title: "types in the page's tests",
    command: "tsc",
    args: ["-p", "tsconfig.page-tests.json"],
  },
  {
    title: "house rules",
    command: "vitest",
    args: ["run", "--project", "core", "test/tidy.test.ts"],
  },
]);
process.exitCode = ok ? 0 : 1;
