/** The partitions of a cluster: the map of all of them, and their topics by name, the worst first. */
import type { TopicHealth } from "../client/topics.ts";
import { h, rows, say } from "./element.ts";
import { counted, whole } from "./numbers.ts";
import { partitionMap, squaresOf } from "./partition-map.ts";
import { topicHref } from "./place.ts";
import { section } from "./section.ts";

/** Topics beyond are found by their name. */
const TOPICS_MAX = 60;

export function partitionsSection(clusterId: string, signal: AbortSignal) {
  const map = partitionMap((topic) => {
    location.hash = topicHref(clusterId, topic);
  }, signal);
  const filter = h("input", {
    type: "search",
    class: "filter",
    id: "topic-filter",
    placeholder: "Find a topic",
    "aria-label": "Find a topic",
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = h("ul", { class: "trouble" });
  const note = h("p", { class: "note" });
  const showTopics = rows<TopicLine>(list, ({ topic }) => topic, lineRow(clusterId));
  let topics: readonly TopicHealth[] = [];
  const draw = (): void => {
    const lines = topics
      .map(lineOf)
      .toSorted((one, other) => other.weight - one.weight || (one.topic < other.topic ? -1 : 1));
    const wanted = filter.value.trim().toLowerCase();
    const found = lines.filter(({ topic }) => topic.toLowerCase().includes(wanted));
    showTopics(found.slice(0, TOPICS_MAX));
    const more = found.length - TOPICS_MAX;
    say(
      note,
      topics.length === 0
        ? "No topic yet."
        : found.length === 0
          ? "No topic has that in its name."
          : more > 0
            ? `and ${whole(more)} more; type a part of a name`
            : "",
    );
    map.element.hidden = topics.length === 0;
    filter.hidden = topics.length < 2;
  };
  filter.addEventListener("input", draw);
  return {
    element: section(
      "partitions",
      "Partitions",
      [filter],
      map.element,
      h("div", { class: "topics" }, h("h3", { class: "visually-hidden" }, "Topics"), list, note),
    ),
    show: (next: readonly TopicHealth[]) => {
      topics = next;
      draw();
      map.show(squaresOf(next));
    },
  };
}

interface TopicLine {
  readonly topic: string;
  readonly words: string;
  readonly tone: "bad" | "warn" | "plain";
  readonly weight: number;
}

function lineOf(health: TopicHealth): TopicLine {
  const parts: readonly (readonly [readonly number[], string])[] = [
    [health.offline, "offline"],
    [health.under_replicated, "under-replicated"],
    [health.reassigning, "on their way"],
    [health.not_preferred, "not preferred"],
  ];
  const words = parts
    .filter(([ids]) => ids.length > 0)
    .map(([ids, word]) => `${whole(ids.length)} ${word}`)
    .join(", ");
  const all = counted(health.partitions_count, "partition");
  return {
    topic: health.topic_name,
    words: words === "" ? all : `${words} of ${whole(health.partitions_count)}`,
    tone: health.offline.length > 0 ? "bad" : health.under_replicated.length > 0 ? "warn" : "plain",
    weight: 1e6 * health.offline.length + health.under_replicated.length,
  };
}

const lineRow = (clusterId: string) => (first: TopicLine) => {
  const what = h("span", { class: "what" });
  const element = h(
    "li",
    {},
    h("a", { href: topicHref(clusterId, first.topic), title: first.topic }, first.topic),
    what,
  );
  return {
    element,
    show: ({ words, tone }: TopicLine) => {
      element.dataset["tone"] = tone;
      say(what, words);
    },
  };
};
