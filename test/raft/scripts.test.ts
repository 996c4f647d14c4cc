/**
 * Runs every golden script and compares it, commands and outcome, with what it renders to. After a wanted
 * change: `npx vitest run -u test/raft/scripts.test.ts`, and read the difference.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderScript } from "./script.ts";

const folder = join(import.meta.dirname, "scripts");

describe("golden scripts", () => {
  for (const name of globSync("**/*.txt", { cwd: folder }).toSorted()) {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8");
    const claim = (text.split("\n")[0] ?? "").replace(/^# /, "");
    test(`${name}: ${claim}`, async () => {
      expect(claim).toMatch(/\.$/);
      await expect(renderScript(text)).toMatchFileSnapshot(path);
    });
  }
});
