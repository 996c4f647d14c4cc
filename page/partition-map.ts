/**
 * Every partition as a square of a map, those first that need a hand: offline, under-replicated, not led by their
 * preferred leader, on their way. It is drawn on a canvas, so ten thousand cost what ten do; where there are more than
 * there is room for, the first are drawn, which are all that are not well.
 */
import type { TopicHealth } from "../client/topics.ts";
import { h, say } from "./element.ts";
import { whole } from "./numbers.ts";

/** From the worst on. */
export const STATES = [
  "offline",
  "under-replicated",
  "not preferred",
  "reassigning",
  "well",
] as const;
export type PartitionState = (typeof STATES)[number];

export interface Square {
  readonly topic: string;
  readonly partition: number;
  readonly state: PartitionState;
}

/** CSS has the colours. */
const FILLS: Readonly<Record<PartitionState, string>> = {
  offline: "--bad-fill",
  "under-replicated": "--warn-fill",
  "not preferred": "--mark",
  reassigning: "--move-fill",
  well: "--well-fill",
};

/** A square more is not drawn: it would be smaller than it can be hit. */
const SIDE_MIN = 3;
const SIDE_MAX = 18;
/** How high the map may be, in pixels and of the window. */
const ROOM_MIN = 150;
const ROOM_MAX = 420;
const ROOM_SHARE = 0.26;

/** Of each state, sorted; a partition counts as the worst that it is. */
export function squaresOf(topics: readonly TopicHealth[]): readonly Square[] {
  const byState = new Map<PartitionState, Square[]>(STATES.map((state) => [state, []]));
  for (const health of topics) {
    const worst = new Map<number, PartitionState>();
    const lists = [
      health.reassigning,
      health.not_preferred,
      health.under_replicated,
      health.offline,
    ];
    const names = ["reassigning", "not preferred", "under-replicated", "offline"] as const;
    for (const [at, ids] of lists.entries())
      for (const id of ids) worst.set(id, names[at] ?? "offline");
    for (let partition = 0; partition < health.partitions_count; partition += 1) {
      const state = worst.get(partition) ?? "well";
      byState.get(state)?.push({ topic: health.topic_name, partition, state });
    }
  }
  return STATES.flatMap((state) => byState.get(state) ?? []);
}

export interface PartitionMap {
  readonly element: HTMLElement;
  readonly show: (squares: readonly Square[]) => void;
}

interface Grid {
  readonly side: number;
  readonly columns: number;
  readonly shown: number;
}

/** `open` is called with the topic of a square. `signal` ends what it listens to. */
export function partitionMap(open: (topic: string) => void, signal: AbortSignal): PartitionMap {
  const canvas = h("canvas", {
    class: "map",
    tabindex: "0",
    role: "application",
    "aria-roledescription": "map of partitions",
    "aria-label":
      "Partitions, those that need a hand first. Arrow keys move, Enter opens the topic.",
    "aria-describedby": "map-readout",
  });
  const readout = h("p", { class: "readout", id: "map-readout", "aria-live": "polite" });
  const legend = h("ul", { class: "legend" });
  let squares: readonly Square[] = [];
  let grid: Grid = { side: 1, columns: 1, shown: 0 };
  let cursor: number | null = null;

  const draw = (): void => {
    grid = drawn(canvas, squares, cursor);
    const square = cursor === null ? undefined : squares[cursor];
    const left = squares.length - grid.shown;
    const more = left > 0 ? `; ${whole(left)} more that are well are not drawn` : "";
    say(
      readout,
      square === undefined
        ? `${whole(squares.length)} partitions${more}`
        : `${square.topic}-${square.partition} · ${square.state}`,
    );
  };
  const point = (at: number | null): void => {
    cursor = at === null || at >= grid.shown ? null : Math.max(0, at);
    draw();
  };
  const under = (event: MouseEvent): number | null => {
    const { left, top } = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - left) / grid.side);
    const row = Math.floor((event.clientY - top) / grid.side);
    return column >= grid.columns || column < 0 ? null : row * grid.columns + column;
  };
  const openAt = (at: number | null): void => {
    const square = at === null ? undefined : squares[at];
    if (square !== undefined) open(square.topic);
  };
  canvas.addEventListener("mousemove", (event) => point(under(event)));
  canvas.addEventListener("mouseleave", () => point(null));
  canvas.addEventListener("blur", () => point(null));
  canvas.addEventListener("click", (event) => openAt(under(event)));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: grid.columns, ArrowUp: -grid.columns };
    if (event.key === "Enter") openAt(cursor);
    else if (event.key in step) {
      const by = Object.entries(step).find(([key]) => key === event.key)?.[1] ?? 0;
      point(cursor === null ? 0 : Math.min(grid.shown - 1, Math.max(0, cursor + by)));
    } else return;
    event.preventDefault();
  });
  const watching = new ResizeObserver(draw);
  watching.observe(canvas);
  const night = matchMedia("(prefers-color-scheme: dark)");
  night.addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => watching.disconnect(), { once: true });
  return {
    element: h("div", {}, canvas, readout, legend),
    show: (next) => {
      squares = next;
      legend.replaceChildren(...legendOf(next));
      draw();
    },
  };
}

function legendOf(squares: readonly Square[]): readonly HTMLElement[] {
  return STATES.flatMap((state) => {
    const count = squares.filter((square) => square.state === state).length;
    if (count === 0 && state !== "well") return [];
    return [h("li", { css: { "--fill": `var(${FILLS[state]})` } }, `${whole(count)} ${state}`)];
  });
}

/** Draws what there is room for. */
function drawn(canvas: HTMLCanvasElement, squares: readonly Square[], cursor: number | null): Grid {
  const { clientWidth: width } = canvas;
  const pen = canvas.getContext("2d");
  if (pen === null || width === 0) return { side: 1, columns: 1, shown: 0 };
  const room = Math.min(ROOM_MAX, Math.max(ROOM_MIN, innerHeight * ROOM_SHARE));
  const side = sideFor(squares.length, width, room);
  const columns = Math.max(1, Math.floor(width / side));
  const shown = Math.min(squares.length, columns * Math.floor(room / side));
  const height = Math.max(1, Math.ceil(shown / columns)) * side;
  canvas.style.height = `${height}px`;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const gap = side > 5 ? 1 : 0.5;
  for (const state of STATES) {
    pen.fillStyle = style.getPropertyValue(FILLS[state]);
    for (let at = 0; at < shown; at += 1) {
      if (squares[at]?.state !== state) continue;
      pen.fillRect((at % columns) * side, Math.floor(at / columns) * side, side - gap, side - gap);
    }
  }
  if (cursor !== null) {
    pen.strokeStyle = style.color;
    pen.lineWidth = 2;
    pen.strokeRect(
      (cursor % columns) * side - 1,
      Math.floor(cursor / columns) * side - 1,
      side + 1,
      side + 1,
    );
  }
  return { side, columns, shown };
}

/** The largest square at which all of them fit. */
function sideFor(count: number, width: number, height: number): number {
  for (let side = SIDE_MAX; side > SIDE_MIN; side -= 1)
    if (Math.floor(width / side) * Math.floor(height / side) >= count) return side;
  return SIDE_MIN;
}
