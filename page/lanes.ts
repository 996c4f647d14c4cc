/**
 * The quorum as lanes: one controller each, with its role, its epoch, how far its log reaches beside the others', where
 * the committed part of it ends, what it lacks and whether it is awake. Below them, who was elected last.
 */
import type {
  ControllerStatus,
  QuorumDescription,
  UnreachableController,
} from "../client/controllers.ts";
import type { LogLine } from "../client/metadata-log.ts";
import { h, rows, say } from "./element.ts";
import { time, whole } from "./numbers.ts";

export interface Lanes {
  readonly element: HTMLElement;
  readonly show: (quorum: QuorumDescription, lines: readonly LogLine[]) => void;
}

type Described = ControllerStatus | UnreachableController;

interface Lane {
  readonly controller: Described;
  readonly quorum: QuorumDescription;
  readonly scale: Scale;
}

/** Which offsets the rails show. */
interface Scale {
  readonly from: number;
  readonly to: number;
}

/** A rail shows at least so many offsets: a lag of one is seen, and does not look like a gap. */
const OFFSETS_MIN = 40;
const ELECTIONS = 6;

export function lanes(): Lanes {
  const list = h("ol", {});
  const elections = h("p", { class: "elections" });
  const show = rows<Lane>(list, ({ controller }) => String(controller.node_id), laneRow);
  return {
    element: h("div", {}, list, elections),
    show: (quorum, lines) => {
      const scale = scaleOf(quorum);
      show(quorum.controllers.map((controller) => ({ controller, quorum, scale })));
      elections.replaceChildren(...electionsIn(lines, quorum));
    },
  };
}

function scaleOf({ controllers, high_watermark: high }: QuorumDescription): Scale {
  const ends = controllers.flatMap((each) =>
    "log_end_offset" in each && each.log_end_offset !== undefined ? [each.log_end_offset] : [],
  );
  const to = Math.max(high, ...ends, 1);
  const least = Math.min(high < 0 ? to : high, ...ends);
  return { from: Math.max(0, Math.min(least - 5, to - OFFSETS_MIN)), to };
}

function laneRow({ controller }: Lane) {
  const name = h("span", {});
  const awake = h("small", {});
  const role = h("span", { class: "role" }, name, awake);
  const fill = h("span", { class: "fill" });
  const high = h("span", { class: "high" });
  const rail = h("span", { class: "rail", role: "img" }, fill, high);
  const [epoch, committed, end, lag] = ["epoch", "committed", "log end", "lag"].map((noun) => {
    const value = h("span", {});
    return {
      value,
      element: h(
        "span",
        { class: `number ${noun.replace(" ", "-")}` },
        value,
        h("small", {}, noun),
      ),
    };
  });
  const why = h("span", { class: "why" });
  const cells = [epoch, committed, end, lag].map((cell) => cell?.element);
  const element = h(
    "li",
    { class: "lane" },
    h("span", { class: "id" }, controller.node_id),
    role,
    rail,
    ...cells,
    why,
  );
  return {
    element,
    show: ({ controller: shown, quorum, scale }: Lane) => {
      const { tone, name: word, words } = stateOf(shown);
      element.dataset["tone"] = tone;
      element.dataset["role"] = word;
      say(name, word);
      const wakes = wakefulness(shown);
      element.toggleAttribute("data-asleep", wakes === "asleep");
      say(awake, wakes);
      say(why, words);
      why.hidden = words === "";
      const reached = "log_end_offset" in shown ? (shown.log_end_offset ?? null) : null;
      const known = "high_watermark" in shown ? (shown.high_watermark ?? null) : null;
      const own = quorum.voters.find(({ replica_id: id }) => id === shown.node_id);
      const lagging = reached === null ? null : Math.max(0, scale.to - reached);
      if (epoch !== undefined)
        say(epoch.value, numberOf("epoch" in shown ? shown.epoch : undefined));
      if (committed !== undefined) say(committed.value, numberOf(known));
      if (end !== undefined) say(end.value, numberOf(reached));
      if (lag !== undefined)
        say(lag.value, numberOf(own === undefined || own.lag < 0 ? lagging : own.lag));
      fill.style.setProperty("--end", placeOn(scale, reached ?? scale.from));
      high.style.setProperty("--high", placeOn(scale, known ?? scale.from));
      high.hidden = known === null;
      rail.setAttribute(
        "aria-label",
        reached === null
          ? "nothing is known of its log"
          : `log to ${reached}, committed to ${known ?? "an offset it does not know yet"}`,
      );
    },
  };
}

function wakefulness(controller: Described): string {
  if ("unreachable" in controller) return "no answer";
  if (!("epoch" in controller)) return "takes no part";
  return (controller.sleep?.asleep_since_ms ?? null) === null ? "awake" : "asleep";
}

const placeOn = ({ from, to }: Scale, offset: number): string =>
  `${(98 * Math.max(0, offset - from)) / Math.max(1, to - from)}%`;

const numberOf = (value: number | null | undefined): string =>
  value === null || value === undefined || value < 0 ? "—" : whole(value);

interface LaneState {
  readonly tone: "good" | "bad" | "plain";
  /** The role, or why it has none, in a word or two. */
  readonly name: string;
  /** What is wrong, in a sentence; empty where nothing is. */
  readonly words: string;
}

function stateOf(controller: Described): LaneState {
  if ("unreachable" in controller)
    return { tone: "bad", name: "unreachable", words: controller.unreachable.slice(0, 300) };
  const { role, tripped, active } = controller;
  if (tripped !== null)
    return {
      tone: "bad",
      name: role,
      words: `An invariant does not hold, and it takes no part: ${tripped}`,
    };
  if (["stopped", "unformed", "deleted", "refused"].includes(role))
    return {
      tone: "bad",
      name: role,
      words:
        role === "stopped"
          ? `An operator stopped it; kedge quorum start ${controller.node_id} lets it take part again.`
          : "",
    };
  const failure = controller.snapshot_failure;
  const words =
    failure === null || failure === undefined ? "" : `It writes no snapshot: ${failure}`;
  return { tone: active ? "good" : "plain", name: role, words };
}

function electionsIn(lines: readonly LogLine[], quorum: QuorumDescription): readonly Node[] {
  const elections = lines.filter(({ type }) => type === "LEADER_CHANGE").toReversed();
  if (elections.length === 0)
    return [
      h(
        "span",
        {},
        quorum.leader_epoch < 0
          ? "No controller leads."
          : "No election in the part of the log that is shown.",
      ),
    ];
  return elections
    .slice(0, ELECTIONS)
    .map(({ data, leader_epoch: epoch, timestamp_ms: ms }, at) =>
      h(
        "span",
        {},
        at === 0 ? h("strong", {}, `epoch ${epoch}`) : `epoch ${epoch}`,
        ` ${Number(data["leaderId"])} elected ${time(ms)}`,
      ),
    );
}
