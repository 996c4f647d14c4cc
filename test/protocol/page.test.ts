/** docs/PROTOCOL.md says what the schemas say. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { protocolPage } from "../../scripts/protocol-page.ts";

test("the page of the protocol is what the schemas would write today", () => {
  expect(readFileSync("docs/PROTOCOL.md", "utf8")).toBe(protocolPage());
});
