/** A run as people and programs read it: a table in Markdown, and all of its figures as JSON. */
import { judge, type Case, type Rounds, type Verdict } from "./verdict.ts";

export interface Row {
  readonly name: string;
  readonly case: Case;
  readonly ours: Rounds;
  /** As `Report.others` names them. */
  readonly theirs: readonly Rounds[];
}

export interface Report {
  /** As `2026-11-26`. */
  readonly date: string;
  /** Of Kafka. */
  readonly version: string;
  readonly rounds: number;
  readonly seconds: number;
  /** The load average of the last minute before the run: what the machine did besides. */
  readonly loadBefore: number;
  readonly others: readonly string[];
  readonly rows: readonly Row[];
  /** What went wrong, and what there was no time for. */
  readonly remarks: readonly string[];
}

export const verdictOf = (row: Row): Verdict => judge(row.case, row.ours, row.theirs);

export function markdownTable({ others, rows }: Report): string {
  const head = ["case", "kedge", ...others, "ratio", "goal", ""];
  const cells = rows.map((row) => {
    const { ours, theirs, ratio, isMet } = verdictOf(row);
    const { title, unit, goal } = row.case;
    const wanted = goal === null ? "" : `${unit === "ms" ? "≤" : "≥"} ${goal}`;
    const met = isMet === null ? "" : isMet ? "met" : "**missed**";
    return [
      title,
      ...[ours, ...theirs].map((figure) => shown(figure, unit)),
      Number.isNaN(ratio) ? "" : ratio.toPrecision(2),
      wanted,
      met,
    ];
  });
  const rule = head.map((_, column) =>
    column === 0 || column === head.length - 1 ? "---" : "---:",
  );
  return [head, rule, ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Three digits are as much as a run is worth. */
function shown(figure: number, unit: Case["unit"]): string {
  if (Number.isNaN(figure)) return "";
  const text =
    Math.abs(figure) >= 100
      ? Math.round(figure).toLocaleString("en-US")
      : figure.toFixed(Math.abs(figure) >= 10 ? 0 : 1);
  return unit === "ms" ? `${text} ms` : `${text}/s`;
}

const rounded = (_: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(value * 1_000) / 1_000 : value;

export function json(report: Report): string {
  const { rows, ...run } = report;
  const cases = rows.map((row) => {
    const { ratio, isMet } = verdictOf(row);
    const theirs = Object.fromEntries(row.theirs.map((rounds, nth) => [run.others[nth], rounds]));
    return { name: row.name, ...row.case, kedge: row.ours, ...theirs, ratio, is_met: isMet };
  });
  return `${JSON.stringify({ ...run, cases }, rounded, 2)}\n`;
}

const BEGIN = "<!-- the last run begins here -->";
const END = "<!-- the last run ends here -->";

/** `page` with this run's table where another one's stood. Throws where the page has no place for it. */
export function pageWith(page: string, report: Report): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`the page has no ${BEGIN} before an ${END}`);
  const minutes = Math.round(report.seconds / 60);
  const run = [
    `${report.date}, ${report.rounds} rounds, ${minutes} minutes, Kafka's release ${report.version}; load average before`,
    `the run: ${report.loadBefore.toFixed(1)}.`,
    "",
    markdownTable(report),
    ...(report.remarks.length > 0 ? ["", "```", ...report.remarks, "```"] : []),
  ];
  return `${page.slice(0, begin + BEGIN.length)}\n\n${run.join("\n")}\n\n${page.slice(end)}`;
}
