/** The figures of a cluster: what one looks at first, and from across the room. */
import { h, rows, say } from "./element.ts";
import type { LiveState } from "./live-cluster.ts";
import { whole } from "./numbers.ts";

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly tone: "bad" | "warn" | "plain";
}

export function figuresOf() {
  const list = h("dl", { class: "figures" });
  const show = rows<Figure>(
    list,
    ({ name }) => name,
    ({ name }) => {
      const value = h("span", {});
      const more = h("small", {});
      const element = h("div", {}, h("dt", {}, name), h("dd", {}, value, " ", more));
      return {
        element,
        show: (figure) => {
          element.dataset["tone"] = figure.tone;
          say(value, figure.value);
          say(more, figure.more);
        },
      };
    },
  );
  return { element: list, show: (state: LiveState) => show(figuresIn(state)) };
}

function figuresIn({ quorum, brokers, topics }: LiveState): readonly Figure[] {
  const running = (brokers ?? []).filter(({ fenced }) => !fenced).length;
  const count = (list: "offline" | "under_replicated"): number =>
    (topics ?? []).reduce((sum, topic) => sum + topic[list].length, 0);
  const all = (topics ?? []).reduce((sum, topic) => sum + topic.partitions_count, 0);
  const figure = (
    name: string,
    value: number | null,
    more = "",
    tone: Figure["tone"] = "plain",
  ) => ({
    name,
    value: value === null || value < 0 ? "—" : whole(value),
    more,
    tone,
  });
  const isKnown = topics !== null;
  const offline = count("offline");
  const under = count("under_replicated");
  const total = brokers?.length ?? null;
  return [
    figure("Leader", null, "none", "bad"),
    figure("Epoch", quorum?.leader_epoch ?? null),
    figure("Committed to", quorum === null ? null : quorum.high_watermark - 1),
    figure("Follower lag", quorum?.max_follower_lag ?? null),
    figure(
      "Brokers",
      total === null ? null : running,
      total === null ? "" : `of ${whole(total)}`,
      total !== null && running < total ? "warn" : "plain",
    ),
    figure("Topics", isKnown ? topics.length : null),
    figure("Partitions", isKnown ? all : null),
    figure("Offline", isKnown ? offline : null, "", offline > 0 ? "bad" : "plain"),
    figure("Under-replicated", isKnown ? under : null, "", under > 0 ? "warn" : "plain"),
  ].map((each) =>
    each.name === "Leader" && quorum !== null && quorum.leader_id >= 0
      ? { ...each, value: String(quorum.leader_id), more: "", tone: "plain" as const }
      : each.name === "Leader" && quorum === null
        ? { ...each, more: "", tone: "plain" as const }
        : each,
  );
}
