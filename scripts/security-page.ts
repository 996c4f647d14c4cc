/**
 * The tables of `docs/SECURITY.md`, from the code itself: which role may use which route, and which may call which of
 * Kafka's APIs. All between a table's two marks is written anew, and the rest of the page by hand. It writes the page;
 * with `--print` it prints it instead, and a test compares the two.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SERVED_APIS } from "../durable-objects/listener/served-apis.ts";
import { ROOT } from "../local/checkout.ts";
import { mayCall, ROLE_NAMES, ROLES } from "../src/access/index.ts";
import { PERMISSIONS } from "../worker/access/permissions.ts";
import { written } from "../worker/routes/parameters.ts";

const PAGE = join(ROOT, "docs", "SECURITY.md");

type Row = readonly string[];

/** Padded, as the formatter wants it. */
function table([head, ...rows]: readonly [Row, ...Row[]]): string {
  const widths = head.map((_, at) =>
    Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: Row): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const marks = (may: (role: (typeof ROLE_NAMES)[number]) => boolean): Row =>
  ROLE_NAMES.map((role) => (may(role) ? "yes" : ""));

const roles = (): string =>
  table([["role", "for"], ...ROLE_NAMES.map((role) => [role, ROLES[role]])]);

/** A route as the page of the HTTP interface writes it, but shorter: eight columns are to fit a line. */
const shortened = (route: string): string => {
  const path = written(route)
    .replace("/kafka/v3", "")
    .replace("/clusters/{cluster_id}", "…")
    .replace("/topics/{topic_name}/partitions", "/partitions");
  return `\`${path.replaceAll(/\{\w+_(\w+)\}/g, "{$1}")}\``;
};

const routes = (): string =>
  table([
    ["route", ...ROLE_NAMES],
    ...Object.entries(PERMISSIONS).map(([route, allowed]) => [
      shortened(route),
      ...marks((role) => allowed === null || allowed.includes(role)),
    ]),
  ]);

const kafkaApis = (): string =>
  table([
    ["API", ...ROLE_NAMES],
    ...SERVED_APIS.toSorted().map((name) => [name, ...marks((role) => mayCall(role, name))]),
  ]);

const TABLES = { roles, routes, apis: kafkaApis };

function securityPage(page: string): string {
  let whole = page;
  for (const [name, write] of Object.entries(TABLES)) {
    const [begin, end] = [
      `<!-- ${name}: written by scripts/security-page.ts -->`,
      `<!-- ${name} -->`,
    ];
    const [before, rest] = whole.split(begin);
    const [, after] = rest?.split(end) ?? [];
    if (before === undefined || after === undefined)
      throw new Error(`docs/SECURITY.md has no marks for the table of ${name}`);
    whole = `${before}${begin}\n\n${write()}\n\n${end}${after}`;
  }
  return whole;
}

const page = securityPage(await readFile(PAGE, "utf8"));
if (process.argv.includes("--print")) process.stdout.write(page);
else await writeFile(PAGE, page);
