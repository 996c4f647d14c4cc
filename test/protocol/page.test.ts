/** docs/PROTOCOL.md says what the schemas say. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the page of the protocol is what the schemas would write today", () => {
  const page = execFileSync(process.execPath, ["scripts/protocol-page.ts", "--print"], {
    encoding: "utf8",
  });
  expect(readFileSync("docs/PROTOCOL.md", "utf8")).toBe(page);
});
