/** The brokers as tiles, each in the state of its life: starting, running, shutting down, fenced. */
import type { Broker } from "../client/brokers.ts";
import type { LogLine } from "../client/metadata-log.ts";
import { h, rows, say } from "./element.ts";
import { whole } from "./numbers.ts";

export type BrokerState = "running" | "starting" | "shutting down" | "fenced";

/** One that is fenced and was never anything else since it registered is starting, as far as the lines tell. */
export function stateOf(broker: Broker, lines: readonly LogLine[]): BrokerState {
  if (broker.in_controlled_shutdown) return "shutting down";
  if (!broker.fenced) return "running";
  const own = lines.filter(
    ({ offset, data }) => offset >= broker.broker_epoch && data["brokerId"] === broker.broker_id,
  );
  const sawBirth = own.some(({ offset }) => offset === broker.broker_epoch);
  const sawLife = own.some(({ data }) => data["fenced"] === -1);
  return sawBirth && !sawLife ? "starting" : "fenced";
}

const WORDS: Readonly<Record<BrokerState, string>> = {
  running: "running",
  starting: "starting",
  "shutting down": "shutting down",
  fenced: "fenced",
};

export interface TileOfBroker {
  readonly broker: Broker;
  readonly state: BrokerState;
}

export interface Tiles {
  readonly element: HTMLElement;
  readonly show: (brokers: readonly TileOfBroker[]) => void;
}

/** More are counted, and not drawn. */
const TILES_MAX = 200;

/** What one can do to a broker: fence one that is not, and unregister one that is. */
export interface BrokerActions {
  readonly fence: (brokerId: number) => void;
  readonly unregister: (brokerId: number) => void;
}

/** `actions` is null where the role allows none. */
export function tiles(actions: BrokerActions | null): Tiles {
  const list = h("ul", { class: "tiles" });
  const note = h("p", { class: "note" });
  const show = rows<TileOfBroker>(
    list,
    ({ broker }) => String(broker.broker_id),
    ({ broker: { broker_id: id } }) => {
      const state = h("span", { class: "state" });
      const where = h("span", { class: "where" });
      const act = (verb: string, action: ((brokerId: number) => void) | undefined) =>
        h(
          "button",
          {
            type: "button",
            class: "small",
            "aria-label": `${verb}… broker ${id}`,
            on: { click: () => action?.(id) },
          },
          `${verb}…`,
        );
      const fence = act("Fence", actions?.fence);
      const unregister = act("Unregister", actions?.unregister);
      const element = h(
        "li",
        { class: "tile" },
        state,
        h("span", { class: "id" }, id),
        h("div", { class: "foot" }, where, fence, unregister),
      );
      return {
        element,
        show: ({ broker, state: now }) => {
          element.dataset["state"] = now;
          say(state, WORDS[now]);
          const place =
            broker.host === null ? "no listener" : `${broker.host}:${broker.port ?? ""}`;
          const rack = broker.rack === null ? "" : ` · ${broker.rack}`;
          say(where, `${place}${rack}`);
          where.title = `${place}${rack}, registered at offset ${whole(broker.broker_epoch)}`;
          fence.hidden = actions === null || broker.fenced;
          unregister.hidden = actions === null || !broker.fenced;
        },
      };
    },
  );
  return {
    element: h("div", {}, list, note),
    show: (brokers) => {
      const order: readonly BrokerState[] = ["fenced", "shutting down", "starting", "running"];
      const sorted = brokers.toSorted(
        (one, other) =>
          order.indexOf(one.state) - order.indexOf(other.state) ||
          one.broker.broker_id - other.broker.broker_id,
      );
      show(sorted.slice(0, TILES_MAX));
      const more = brokers.length - TILES_MAX;
      say(
        note,
        brokers.length === 0
          ? "No broker is registered. One joins by naming the gateway in controller.quorum.bootstrap.servers."
          : more > 0
            ? `and ${whole(more)} more`
            : "",
      );
    },
  };
}
