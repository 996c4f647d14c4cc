/**
 * The ids that code, scripts, tests and documents cite: each must be explained on the page that defines its
 * family, so that a reader can look it up.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MUTANTS } from "../mutants/table.ts";

const RULES = "src/raft/RULES.md";
const PROMISES = "docs/PROMISES.md";

const tracked = execFileSync("git", ["ls-files"], { encoding: "utf8" })
  .split("\n")
  .filter((path) => /\.(ts|md|txt)$/.test(path) && existsSync(path))
  // A design page names the rules that its code will bring.
  .filter((path) => !/^(test\/fixtures|docs\/design)\//.test(path));
const read = (path: string): string => readFileSync(path, "utf8");

/** The ids that a page explains: the bold word at the head of a list item. */
const explainedBy = (page: string): readonly string[] =>
  [...read(page).matchAll(/^- \*\*([A-Z]{1,2}-?\d+)\*\*/gm)].map(([, id]) => id ?? "");

/** Every citation that no explanation stands behind, as `file: id`. */
const unexplained = (cited: RegExp, page: string): readonly string[] => {
  const explained = new Set(explainedBy(page));
  const strays = tracked.flatMap((path) =>
    [...read(path).matchAll(cited)]
      .filter(([id]) => !explained.has(id))
      .map(([id]) => `${path}: ${id}`),
  );
  return [...new Set(strays)];
};

describe("the table of invariants", () => {
  const rows = [
    ...read("docs/TESTING.md").matchAll(/^\| (I-\d+) +\| .*? \| (.*?) +\| (.*?) +\|$/gm),
  ];
  const simulator = read("test/sim/README.md");
  const names = new Set(MUTANTS.map(({ name }) => name));

  test("has a row for every one that is checked, and for no other", () => {
    const leftOut = new Set(["I-10", "I-11", "I-18"]);
    const checked = explainedBy(RULES).filter((id) => id.startsWith("I-") && !leftOut.has(id));
    expect(rows.map(([, id]) => id)).toEqual(
      checked.toSorted((one, other) => Number(one.slice(2)) - Number(other.slice(2))),
    );
  });

  test("names judges and mutants that there are", () => {
    for (const [, id, judge = "", mutant = ""] of rows) {
      const checker = judge.replaceAll("`", "");
      const isThere =
        existsSync(`test/sim/checkers/${checker}.ts`) || simulator.includes(`- \`${checker}\`:`);
      expect(isThere || /^\(\d\)$/.test(judge), `${id}: ${judge}`).toBe(true);
      expect(names.has(mutant) || /^\(\d\)$/.test(mutant), `${id}: ${mutant}`).toBe(true);
    }
  });
});

describe("the ids of rules and promises", () => {
  test("every rule that is cited anywhere is explained", () => {
    expect(unexplained(/\b(?:[ADEFHILMNQRSTVW]|SN|MB)-\d+\b/g, RULES)).toEqual([]);
  });

  test("every promise that is cited anywhere is explained", () => {
    expect(unexplained(/\bP\d\d\b/g, PROMISES)).toEqual([]);
  });

  test.each([RULES, PROMISES])("%s explains an id once, and something on every page", (page) => {
    const ids = explainedBy(page);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("a golden script says in its claim which rule, issue or KIP it is about, and nothing undefined", () => {
    const claims = tracked
      .filter((path) => path.startsWith("test/raft/scripts/"))
      .map((path) => [path, read(path).split("\n")[0] ?? ""] as const);
    const strays = claims.filter(([, claim]) => {
      const [head = ""] = claim.replace(/^# /, "").split(": ");
      return head.split(", ").some((word) => !/^([A-Z]{1,2}-\d+|KAFKA-\d+|KIP-\d+)$/.test(word));
    });
    expect(strays).toEqual([]);
  });
});
