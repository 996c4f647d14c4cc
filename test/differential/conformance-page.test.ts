/** docs/CONFORMANCE.md says what the ledger says. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KNOWN } from "./known.ts";
import { KNOWN_ELSEWHERE } from "./known/elsewhere.ts";

test("the page of what differs is what the ledger would write today", () => {
  const page = execFileSync(
    process.execPath,
    ["test/differential/conformance-page.ts", "--print"],
    {
      encoding: "utf8",
    },
  );
  expect(readFileSync("docs/CONFORMANCE.md", "utf8")).toBe(page);
});

test("no two entries have one title", () => {
  const titles = [...KNOWN, ...KNOWN_ELSEWHERE].map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});

test.each(KNOWN_ELSEWHERE)("what is not put to both is held by a test: $title", (entry) => {
  expect(existsSync(entry.test)).toBe(true);
});
