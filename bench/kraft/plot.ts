/**
 * A run as a picture, in SVG: a bar for each case, to the right where this quorum is better and to the left where it is
 * worse, and a stroke where the goal lies. The scale is logarithmic: twice as good and half as good are as long.
 */
import { verdictOf, type Report, type Row } from "./report.ts";
import { goalAsGain } from "./verdict.ts";

const WIDTH = 760;
const LABELS = 290;
const MARGIN = 60;
const ROW = 20;
const TOP = 52;
/** A bar ends here whatever its figure, which stands beside it. */
const EDGES = { min: 0.1, max: 100 };
const TICKS = [0.1, 1, 10, 100];
const COLORS = { met: "#2e7d4f", missed: "#c0582b", free: "#7a8794", goal: "#1b1f24" };

export function svgPlot(report: Report): string {
  const rows = report.rows.filter((row) => Number.isFinite(verdictOf(row).gain));
  const height = TOP + rows.length * ROW + 34;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>${escaped(titleOf(report))}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="22" font-size="14" font-weight="600" fill="#1b1f24">${escaped(titleOf(report))}</text>
<text x="16" y="40" fill="#57606a">green: the goal is met, red: it is missed, grey: none was set; the stroke is the goal</text>
${TICKS.map((tick) => tickMark(tick, height)).join("\n")}
${rows.map((row, nth) => bar(row, TOP + nth * ROW)).join("\n")}
</svg>
`;
}

const titleOf = ({ date }: Report): string =>
  `How many times better than the better KRaft, ${date}`;

/** How wide a figure is at most. */
const FIGURE = 26;

/** Where a gain lies from left to right. */
function across(gain: number): number {
  const within = Math.min(EDGES.max, Math.max(EDGES.min, gain));
  const share = Math.log(within / EDGES.min) / Math.log(EDGES.max / EDGES.min);
  return LABELS + share * (WIDTH - LABELS - MARGIN);
}

function tickMark(tick: number, height: number): string {
  const x = across(tick).toFixed(1);
  return `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${height - 28}" stroke="${tick === 1 ? "#1b1f24" : "#d0d7de"}"/>
<text x="${x}" y="${height - 12}" text-anchor="middle" fill="#57606a">× ${tick}</text>`;
}

function bar(row: Row, y: number): string {
  const { gain, isMet } = verdictOf(row);
  const [from, to] = [across(1), across(gain)];
  const fill = isMet === null ? COLORS.free : isMet ? COLORS.met : COLORS.missed;
  const goal = goalAsGain(row.case);
  const aim = goal === null ? "" : across(goal).toFixed(1);
  const stroke =
    goal === null
      ? ""
      : `<line x1="${aim}" x2="${aim}" y1="${y + 1}" y2="${y + 17}" stroke="${COLORS.goal}" stroke-width="2"/>`;
  // Not where the stroke would go through the figure.
  const at = Math.max(from, to) + 6;
  const isCrossed = goal !== null && across(goal) > at - 6 && across(goal) < at + FIGURE;
  const end = isCrossed ? across(goal) + 6 : at;
  return `<text x="${LABELS - 12}" y="${y + 13}" text-anchor="end" fill="#1b1f24">${escaped(row.case.title)}</text>
<rect x="${Math.min(from, to).toFixed(1)}" y="${y + 4}" width="${Math.abs(to - from).toFixed(1)}" height="10" fill="${fill}"/>${stroke}
<text x="${end.toFixed(1)}" y="${y + 13}" fill="#57606a">${shown(gain)}</text>`;
}

const shown = (gain: number): string => (gain >= 10 ? gain.toFixed(0) : gain.toPrecision(2));

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
