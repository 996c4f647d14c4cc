/** One cluster: its figures, its quorum, its brokers, its partitions, its log, what it costs, what one can do to it. */
import type { Kedge } from "../client/kedge.ts";
import { isAsleep, type QuorumDescription } from "../client/controllers.ts";
import type { RefusedError } from "../client/refused-error.ts";
import {
  createTopic,
  electPreferred,
  failOver,
  fence,
  fork,
  unregister,
  type Hands,
} from "./actions.ts";
import type { Freshness } from "./bar.ts";
import { billOf, usageOf } from "../client/bill.ts";
import { button, h, say } from "./element.ts";
import { figuresOf } from "./figures.ts";
import { freshnessOf } from "./freshness.ts";
import { lanes } from "./lanes.ts";
import { connectedUntil } from "./connected.ts";
import { LiveCluster, STALE_MS, type LiveState, type Part } from "./live-cluster.ts";
import { logView } from "./log-view.ts";
import { counted, dollars } from "./numbers.ts";
import { partitionsSection } from "./partitions-section.ts";
import { section } from "./section.ts";
import { sentencesOf, type Names } from "./record-words.ts";
import { may, type Session } from "./session.ts";
import { stateOf, tiles, type BrokerActions } from "./tiles.ts";

export interface ClusterSurroundings {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly heard: (freshness: Freshness) => void;
  readonly refused: (error: RefusedError) => void;
}

const AGE_MS = 500;

export function clusterView(
  kedge: Kedge,
  clusterId: string,
  surroundings: ClusterSurroundings,
): HTMLElement {
  const { session, signal } = surroundings;
  const cluster = connectedUntil(signal, kedge.cluster(clusterId));
  const told = (part: Part): void => shows[part]();
  const live = new LiveCluster(cluster, { signal, told, refused: surroundings.refused });
  const hands = { cluster, live };

  const head = headOf(clusterId, hands, session);
  const figures = figuresOf();
  const quorum = lanes();
  const failOverNow = failOverButton(hands, session);
  const brokers = tiles(may(session, "operator") ? brokerActions(hands) : null);
  const partitions = partitionsSection(clusterId, signal);
  const log = logView();
  const cost = h("p", { class: "note" });

  const names = (): Names =>
    new Map((live.state.topics ?? []).map(({ topic_id: id, topic_name: name }) => [id, name]));
  const showBrokers = (): void => {
    const { brokers: all, lines } = live.state;
    if (all !== null)
      brokers.show(all.map((broker) => ({ broker, state: stateOf(broker, lines) })));
  };
  const shows: Readonly<Record<Part, () => void>> = {
    quorum: () => {
      const { quorum: state, lines } = live.state;
      if (state === null) return;
      quorum.show(state, lines);
      failOverNow.disabled = state.leader_id < 0;
      head.show(live.state);
      figures.show(live.state);
      say(cost, costWords(live.state));
    },
    state: () => {
      const { topics, lines } = live.state;
      showBrokers();
      partitions.show(topics ?? []);
      figures.show(live.state);
      log.show(sentencesOf(lines, names()), live.state.liveFrom);
      say(cost, costWords(live.state));
    },
    log: () => {
      // Whether a broker is starting or was fenced, the log tells.
      showBrokers();
      log.show(sentencesOf(live.state.lines, names()), live.state.liveFrom);
      if (live.state.quorum !== null) quorum.show(live.state.quorum, live.state.lines);
    },
    problem: () => undefined,
  };

  const main = h(
    "main",
    { id: "main", tabindex: "-1" },
    head.element,
    figures.element,
    h(
      "div",
      { class: "chart" },
      section("quorum", "Quorum", [failOverNow], quorum.element),
      section("brokers", "Brokers", [], brokers.element),
      partitions.element,
      log.element,
      section("cost", "What it costs", [], cost),
    ),
  );
  watchAge(live, main, surroundings);
  return main;
}

const brokerActions = (hands: Hands): BrokerActions => ({
  fence: (id) => void fence(hands, id),
  unregister: (id) => void unregister(hands, id),
});

function failOverButton(hands: Hands, session: Session): HTMLButtonElement {
  const act = (): void => {
    const leader = hands.live.state.quorum?.leader_id ?? -1;
    if (leader >= 0) void failOver(hands, leader);
  };
  const made = button("Fail over now…", act, "danger");
  made.hidden = !may(session, "operator");
  // Until it is known who leads.
  made.disabled = true;
  return made;
}

/** The age grows although nothing comes. */
export function watchAge(
  live: LiveCluster,
  main: HTMLElement,
  { signal, heard }: Pick<ClusterSurroundings, "signal" | "heard">,
): void {
  const look = (): void => {
    const now = performance.now();
    const { heardMs } = live.state;
    heard(freshnessOf(live.state, now));
    main.toggleAttribute("data-stale", heardMs !== null && now - heardMs > STALE_MS);
  };
  const timer = setInterval(look, AGE_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  look();
}

function headOf(clusterId: string, hands: Hands, session: Session) {
  const words = h("p", {}, "Asking its controllers…");
  const buttons = h("div", { class: "buttons" });
  if (may(session, "editor"))
    buttons.append(
      button("Create topic…", () => void createTopic(hands)),
      button("Elect preferred leaders…", () => void electPreferred(hands, null)),
    );
  if (may(session, "operator")) buttons.append(button("Fork…", () => void fork(hands)));
  return {
    element: h(
      "div",
      { class: "head" },
      h("div", {}, h("h1", { class: "mono" }, clusterId), words),
      buttons,
    ),
    show: ({ quorum }: LiveState) => {
      if (quorum === null) return;
      words.dataset["tone"] = quorum.leader_id >= 0 || isAsleep(quorum) ? "plain" : "bad";
      say(words, headWords(quorum));
    },
  };
}

function headWords(quorum: QuorumDescription): string {
  const { controllers, leader_id: leader, leader_epoch: epoch } = quorum;
  const taking = controllers.filter((each) => "epoch" in each).length;
  const part = `${taking} of ${counted(controllers.length, "controller")} taking part`;
  const isLed = leader >= 0;
  if (isAsleep(quorum))
    return isLed
      ? `Asleep until somebody wants something; controller ${leader} leads in epoch ${epoch}, ${part}.`
      : `Asleep until somebody wants something, and led again then; ${part}.`;
  return isLed
    ? `Controller ${leader} leads in epoch ${epoch}; ${part}.`
    : `No controller leads, so nothing can be committed; ${part}.`;
}

function costWords({ quorum, brokers }: LiveState): string {
  if (quorum === null) return "";
  const controllers = quorum.controllers.length;
  const all = brokers?.length ?? 0;
  const load = { voters: controllers, brokers: all, gateways: 1, createsPerHour: 0 };
  const { usd, lines } = billOf(usageOf(load));
  const parts = lines.filter((line) => line.usd >= 0.005);
  return (
    `About ${dollars(usd)} a month, an estimate at list prices: ${counted(controllers, "controller")} ` +
    `that sleep while nobody writes, and ${counted(all, "broker")} behind one gateway` +
    `${parts.map((line) => `, ${line.what} ${dollars(line.usd)}`).join("")}. ` +
    "A plan's base and what it includes are not in it."
  );
}
