import { describe, expect, test } from "vitest";
import { svgPlot } from "./plot.ts";
import { json, markdownTable, pageWith, type Report } from "./report.ts";
import { goalAsGain, judge } from "./verdict.ts";

const TIME = { title: "a time", unit: "ms", goal: 0.5 } as const;
const RATE = { title: "a rate <of>", unit: "/s", goal: 2 } as const;

describe("a verdict", () => {
  test("compares a time with the shorter of the others', round by the middle one", () => {
    const verdict = judge(TIME, [40, 10, 12], [[30], [24, 20, 90]]);
    expect(verdict).toMatchObject({ ours: 12, theirs: [30, 24], ratio: 0.5, gain: 2, isMet: true });
  });

  test("compares a rate with the higher of the others'", () => {
    const verdict = judge(RATE, [150], [[100], [50]]);
    expect(verdict).toMatchObject({ ratio: 1.5, gain: 1.5, isMet: false });
  });

  test("leaves out one that has no figure, and says nothing without any", () => {
    expect(judge(TIME, [10], [[], [40]]).ratio).toBe(0.25);
    expect(judge(TIME, [10], [[], []]).isMet).toBeNull();
    expect(judge(TIME, [], [[10]]).isMet).toBeNull();
  });

  test("is none where no goal was set", () => {
    expect(judge({ ...TIME, goal: null }, [1], [[2]])).toMatchObject({ ratio: 0.5, isMet: null });
  });

  test("has its goal as a gain, whatever the unit", () => {
    expect([goalAsGain(TIME), goalAsGain(RATE), goalAsGain({ ...RATE, goal: null })]).toEqual([
      2,
      2,
      null,
    ]);
  });
});

const REPORT: Report = {
  date: "2026-11-26",
  version: "4.3.1",
  rounds: 1,
  seconds: 60,
  loadBefore: 0.5,
  others: ["KRaft", "KRaft, linger 0"],
  rows: [
    { name: "time", case: TIME, ours: [3.21], theirs: [[32], [12]] },
    { name: "rate", case: RATE, ours: [1_500], theirs: [[], [1_000]] },
    { name: "nothing", case: TIME, ours: [], theirs: [[1], [2]] },
  ],
  remarks: [],
};

test("the table says every figure, and nothing where there is none", () => {
  expect(markdownTable(REPORT).split("\n").slice(2)).toEqual([
    "| a time | 3.2 ms | 32 ms | 12 ms | 0.27 | ≤ 0.5 | met |",
    "| a rate <of> | 1,500/s |  | 1,000/s | 1.5 | ≥ 2 | **missed** |",
    "| a time |  | 1.0 ms | 2.0 ms |  | ≤ 0.5 |  |",
  ]);
});

test("a page has the table of the last run in place of an older one, and must have a place", () => {
  const page =
    "# A page\n\n<!-- the last run begins here --> old <!-- the last run ends here -->\n";
  const written = pageWith(pageWith(page, REPORT), REPORT);
  expect(written.split("| a time | 3.2 ms")).toHaveLength(2);
  expect(written).not.toContain("old");
  expect(() => pageWith("# Another page", REPORT)).toThrow("has no");
});

test("the JSON has every round under the name of its quorum", () => {
  expect(JSON.parse(json(REPORT)).cases[1]).toMatchObject({
    kedge: [1_500],
    KRaft: [],
    "KRaft, linger 0": [1_000],
    is_met: false,
  });
});

describe("the picture", () => {
  test("has a bar for each case that can be compared, to the side on which it lies", () => {
    const worse = { name: "worse", case: TIME, ours: [40], theirs: [[10]] };
    const svg = svgPlot({ ...REPORT, rows: [...REPORT.rows, worse] });
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)"/g)];
    const starts = bars.map(([, x]) => Number(x));
    expect(bars).toHaveLength(3);
    expect(starts[0]).toBe(starts[1]);
    expect(starts[2]).toBeLessThan(starts[0] ?? 0);
  });

  test("stays inside its frame for a figure beyond the scale", () => {
    const svg = svgPlot({
      ...REPORT,
      rows: [{ name: "far", case: TIME, ours: [1], theirs: [[1e6]] }],
    });
    const [, width = "0"] = /viewBox="0 0 (\d+)/.exec(svg) ?? [];
    const [, x = "0", length = "0"] = /<rect x="([\d.]+)" y="\d+" width="([\d.]+)"/.exec(svg) ?? [];
    expect(Number(x) + Number(length)).toBeLessThan(Number(width));
  });

  test("writes titles as text, not as markup", () => {
    expect(svgPlot(REPORT)).toContain("a rate &lt;of&gt;");
  });
});
