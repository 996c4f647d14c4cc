/** axe-core in a page: what it finds wrong, in words. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Empty where nothing is wrong. It is run past the page's policy, by the browser's own protocol. */
export async function violationsIn(page: Page): Promise<readonly string[]> {
  await page.evaluate(source);
  const found: { readonly violations: readonly Violation[] } = await page.evaluate("axe.run()");
  return found.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ""}`)
        .join("; ")}`,
  );
}
