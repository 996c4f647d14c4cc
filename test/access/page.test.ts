/** docs/SECURITY.md says what the tables of the code say. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ROLE_NAMES } from "../../src/access/index.ts";

const page = readFileSync("docs/SECURITY.md", "utf8");

test("the tables of the page are what the code would write today", () => {
  const written = execFileSync(process.execPath, ["scripts/security-page.ts", "--print"], {
    encoding: "utf8",
  });
  expect(page).toBe(written);
});

test("the page has a row for every role, and every cell of a row", () => {
  for (const role of ROLE_NAMES) expect(page).toMatch(new RegExp(`^\\| ${role} +\\| \\S`, "m"));
  const rows = [...page.matchAll(/^\| `(?:GET|POST|PATCH|DELETE) .*$/gm)];
  expect(rows.length).toBeGreaterThan(20);
  for (const [row] of rows) expect(row.split("|")).toHaveLength(ROLE_NAMES.length + 3);
});
